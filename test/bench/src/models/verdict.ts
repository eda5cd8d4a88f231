/** Medians of several runs of one side. */
export interface Figures {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMib: number;
}

/** Where the other side takes less, what ours takes more is counted in milliseconds and not as a ratio. */
const SHORT_MS = 50;
const MOST_MEMORY = 1.5;

/** @param most how many times theirs ours may take; of a short time 50 ms more, if that is more */
export function isWithin(oursMs: number, theirsMs: number, most: number): boolean {
  return oursMs <= (theirsMs < SHORT_MS ? Math.max(most * theirsMs, theirsMs + SHORT_MS) : most * theirsMs);
}

/** Is ours as fast, in wall and in CPU time? */
export function isAsFast(ours: Figures, theirs: Figures, most: number): boolean {
  return isWithin(ours.wallMs, theirs.wallMs, most) && isWithin(ours.cpuMs, theirs.cpuMs, most);
}

export function isAsSmall(ours: Figures, theirs: Figures): boolean {
  return ours.peakMib <= MOST_MEMORY * theirs.peakMib;
}

/** How far from the score of the other side ours may be, as a share of it or of 1. */
const SCORE_APART = 0.05;

/** Was the same work done? Scores are greater where they are better, and of the rows that were learnt. */
export function hasLearnt(ours: number, theirs: number): boolean {
  return ours >= theirs - SCORE_APART * Math.max(1, Math.abs(theirs));
}
