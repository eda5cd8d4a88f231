/** The middle of repeated measurements and how far they lie apart. */
export type Summary = {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
};

/** Times of one operation, in milliseconds. */
export type Latency = {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly min_ms: number;
  readonly max_ms: number;
  readonly n: number;
};

/** @param digits after the point. @throws RangeError without values. */
export function summary(values: readonly number[], digits = 1): Summary {
  const sorted = ascending(values);
  const middle = (sorted[(sorted.length - 1) >> 1] ?? 0) / 2 + (sorted[sorted.length >> 1] ?? 0) / 2;
  return { median: round(middle, digits), min: round(at(sorted, 0), digits), max: round(at(sorted, 1), digits), n: sorted.length };
}

/** @param valuesMs unordered. @throws RangeError without values. */
export function latency(valuesMs: readonly number[]): Latency {
  const sorted = ascending(valuesMs);
  const share = (p: number): number => round(at(sorted, p), 3);
  return { p50_ms: share(0.5), p95_ms: share(0.95), p99_ms: share(0.99), min_ms: share(0), max_ms: share(1), n: sorted.length };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The nearest rank, as the baseline of the other side counts it. */
function at(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}

function ascending(values: readonly number[]): readonly number[] {
  if (values.length === 0) throw new RangeError('Nothing was measured.');
  return values.toSorted((a, b) => a - b);
}
