/** Milliseconds since 1970 in the seed's form: UTC, no suffix, `2025-12-02T10:00:00.123`. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1);
}

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : timeOf(ms);
}

/** A duration as `H:MM:SS`, whole seconds. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Bytes as megabytes of 2^20, four decimals. */
export function megabytes(bytes: number): number {
  return Math.round((bytes / 2 ** 20) * 10_000) / 10_000;
}
