import type { Collective } from '@trainer/actor';

/** What comes after an epoch: decided on rank 0 alone, so that ranks never go different ways. */
export interface Verdict {
  readonly next: 'go-on' | 'finish' | 'cancel';
  /** The model is the best so far: it is remembered first. */
  readonly isBest: boolean;
  /** A checkpoint is made then. */
  readonly isCheckpoint: boolean;
  /** With `finish`: the model goes back to the best one. */
  readonly isRecalled: boolean;
}

const NEXT = ['go-on', 'finish', 'cancel'] as const;

/** All ranks call it; rank 0 gives its verdict, and everybody gets it. */
export async function agree(team: Collective, own: Verdict | null): Promise<Verdict> {
  const told = own ? [NEXT.indexOf(own.next), Number(own.isBest), Number(own.isCheckpoint), Number(own.isRecalled)] : [];
  const [next, isBest, isCheckpoint, isRecalled] = await team.broadcast(Int32Array.from(told), 0);
  return { next: NEXT[next ?? -1] ?? 'cancel', isBest: isBest === 1, isCheckpoint: isCheckpoint === 1, isRecalled: isRecalled === 1 };
}
