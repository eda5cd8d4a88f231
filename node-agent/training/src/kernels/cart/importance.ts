import type { Tree } from './tree.js';

/**
 * The mean decrease in impurity: of each tree the shares by which its splits lower the impurity, added up by column; of the forest their mean
 * over the trees that split, scaled to a sum of 1 (scikit-learn 1.9, `feature_importances_`). All 0 where no tree splits.
 */
export function impurityImportance(trees: readonly Tree[], columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (const { feature, gain } of trees)
    for (let split = 0; split < feature.length; split += 1) {
      const column = feature[split] ?? 0;
      sums[column] = (sums[column] ?? 0) + (gain[split] ?? 0);
    }
  const total = sums.reduce((sum, value) => sum + value, 0);
  return total > 0 ? sums.map((value) => value / total) : sums;
}
