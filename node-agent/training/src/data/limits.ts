/** Distinct texts of one column that are kept at most; above it a column is no category but prose or ids (some 100 MB of them). */
export const MAX_DISTINCT_TEXTS = 1_000_000;
