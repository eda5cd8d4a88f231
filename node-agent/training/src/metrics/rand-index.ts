import type { Metric } from '@trainer/model';

/**
 * How far two labellings agree on which pairs of rows belong together, less what is due to chance (Hubert and Arabie, 1985): 1 equal, 0 as
 * by chance. Rows where either is NaN are left out.
 * @returns null without any row
 */
export function adjustedRandIndex(truth: Float64Array, found: Float64Array): Metric {
  const cells = new Map<string, number>();
  const [rowsOf, rowsIn] = [new Map<number, number>(), new Map<number, number>()];
  let rows = 0;
  truth.forEach((label, row) => {
    const cluster = found[row] ?? NaN;
    if (Number.isNaN(label) || Number.isNaN(cluster)) return;
    rows += 1;
    count(cells, `${label} ${cluster}`);
    count(rowsOf, label);
    count(rowsIn, cluster);
  });
  if (rows === 0) return null;
  const [together, inTruth, inFound, all] = [pairs(cells), pairs(rowsOf), pairs(rowsIn), (rows * (rows - 1)) / 2];
  // Both put every row alone, or all rows together.
  if (inTruth + inFound === 2 * together) return 1;
  const chance = (inTruth * inFound) / all;
  return (together - chance) / ((inTruth + inFound) / 2 - chance);
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Pairs of rows with an equal key. */
function pairs(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, each) => sum + (each * (each - 1)) / 2, 0);
}
