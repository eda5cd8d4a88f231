import type { HeadId } from '@trainer/model';

/**
 * Who leads. Renew at no more than a third of `stillMs`.
 *
 *   L1. The head epoch rises with every acquisition, by compare-and-set; no two leaderships share one.
 *   L2. A head that stopped renewing is followed at the earliest when it has been still for `stillMs` of the candidate's
 *       own monotonic clock, or at once where it has resigned or its connections are known to be gone.
 *   L3. After `lost`, or a refused write, a head never writes again.
 *   L4. A raise leaves the leader where it is, under a higher head epoch. It waits for write transactions in flight; those that
 *       come later under the older head epoch are refused. Repeated, as after a lost answer, it is the same raise.
 */
export interface Leadership {
  /** @returns the head epoch of the new leadership, or null while another head leads; that is no error: ask again. */
  acquire(candidate: HeadId): Promise<number | null>;
  /** Shows that the leader lives. Idempotent. 'lost': another head has taken over; stop writing at once. */
  renew(candidate: HeadId, held: number): Promise<'held' | 'lost'>;
  /**
   * Takes head epoch `to` in place of `held`.
   * @param to above `held`
   * @returns 'lost' when another head leads, and nothing was changed
   */
  raise(candidate: HeadId, held: number, to: number): Promise<'held' | 'lost'>;
  /** Lets another head take over at once. Idempotent; without effect once lost. */
  resign(candidate: HeadId, held: number): Promise<void>;
}

/** After this silence of a leader another head may take over (design.md section 8). */
export const LEADER_STILL_MS = 3_000;

/** What a candidate remembers of a leader: since when, on its own clock, it has not moved. */
export interface Sighting {
  readonly mark: string;
  readonly firstSeenMs: number;
}

/** @returns the sighting to remember, and whether the leader has been still for long enough. */
export function watch(before: Sighting | null, mark: string, nowMs: number, stillMs: number): { sighting: Sighting; isStill: boolean } {
  if (before === null || before.mark !== mark) return { sighting: { mark, firstSeenMs: nowMs }, isStill: false };
  return { sighting: before, isStill: nowMs - before.firstSeenMs >= stillMs };
}
