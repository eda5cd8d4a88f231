/** Distinct texts of one column that are kept at most; above it a column is no category but prose or ids (some 100 MB of them). */
export const MAX_DISTINCT_TEXTS = 1_000_000;

/** A gzip file may unpack to this: more than any table that fits in memory as numbers. */
export const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
