import { TrainerError } from '@trainer/model';

/** How a rank was lost: its connection closed, nothing was heard of it, it could not be reached, or it left in good order. */
export type LossKind = 'closed' | 'silent' | 'unreachable' | 'left';

const HOW: Readonly<Record<LossKind, string>> = {
  closed: 'its connection closed',
  silent: 'nothing was heard of it for too long',
  unreachable: 'it could not be reached in time',
  left: 'it had left before',
};

/** Another rank of the gang is gone. Why it is, its own agent knows: this is an echo of that. */
export class PeerLostError extends TrainerError<'rank.peer-lost', { rank: number; peer: number; how: LossKind }> {
  constructor(rank: number, peer: number, how: LossKind, options?: { cause: unknown }) {
    super('rank.peer-lost', `Rank ${rank} lost rank ${peer}: ${HOW[how]}`, { rank, peer, how }, 'same', options);
  }
}

/** Two ranks are not at the same operation: they run different code, or have gone different ways. */
export class CollectiveMismatchError extends TrainerError<'rank.mismatch', { rank: number; peer: number; own: string; theirs: string }> {
  constructor(rank: number, peer: number, own: string, theirs: string) {
    const message = `Rank ${rank} is at ${own}, but rank ${peer} at ${theirs}: the ranks have gone different ways.`;
    super('rank.mismatch', message, { rank, peer, own, theirs }, 'same');
  }
}
