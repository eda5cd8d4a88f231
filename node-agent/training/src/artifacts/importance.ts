import type { TrainingResult } from '@trainer/model';
import { encodedColumns, type Preprocessing } from '../preprocessing/preprocessing.js';

/** A result goes through messages of 16 MiB, and nobody reads more: the strongest are shown. */
export const MOST_FEATURES_SHOWN = 10_000;

/**
 * @param importance of each encoded column, in their order; null: the model has none.
 * @returns the strongest first; none where the gains of a library left the range of its numbers (a target of 1e30), so that no share is known
 */
export function importanceOf(
  preprocessing: Pick<Preprocessing, 'steps' | 'tableSteps'>,
  importance: ArrayLike<number> | null,
): NonNullable<TrainingResult['featureImportance']> {
  if (importance === null || !Array.from(importance).every(Number.isFinite)) return [];
  return encodedColumns(preprocessing)
    .map((feature, at) => ({ feature, importance: importance[at] ?? 0 }))
    .sort((a, b) => b.importance - a.importance)
    .slice(0, MOST_FEATURES_SHOWN);
}
