import type { Collective } from '@trainer/actor';

/** What comes after an epoch: decided on rank 0 alone, so that ranks never go different ways. */
export interface Verdict {
  readonly next: 'go-on' | 'finish' | 'cancel';
  /** A checkpoint is made first. */
  readonly isCheckpoint: boolean;
  /** With `finish`: the epoch that the model is cut back to. */
  readonly keptEpoch: number;
}

const NEXT = ['go-on', 'finish', 'cancel'] as const;

/** All ranks call it; rank 0 gives its verdict, and everybody gets it. */
export async function agree(team: Collective, own: Verdict | null): Promise<Verdict> {
  const told = own ? [NEXT.indexOf(own.next), Number(own.isCheckpoint), own.keptEpoch] : [];
  const [next, isCheckpoint, keptEpoch] = await team.broadcast(Int32Array.from(told), 0);
  return { next: NEXT[next ?? -1] ?? 'cancel', isCheckpoint: isCheckpoint === 1, keptEpoch: keptEpoch ?? 0 };
}
