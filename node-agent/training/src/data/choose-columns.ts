import { nearestNames } from '@trainer/model';
import { ExcludedTargetError, NoFeaturesError, UnknownColumnError } from './errors.js';

export interface ChosenColumns {
  /** null: none. */
  readonly target: string | null;
  /** In the order of the table. */
  readonly features: readonly string[];
}

/** What of a request decides about columns. */
export interface ColumnChoice {
  readonly targetColumn: string | null;
  readonly excludeColumns: readonly string[];
  /** Where no target is named the last column that is not excluded is it. */
  readonly needsTarget: boolean;
}

/**
 * Which columns take part: the target, and all others as features.
 * @throws UnknownColumnError, ExcludedTargetError, NoFeaturesError
 */
export function chooseColumns(names: readonly string[], { targetColumn, excludeColumns, needsTarget }: ColumnChoice): ChosenColumns {
  const known = new Set(names);
  const mustExist = (field: 'target_column' | 'exclude_columns', column: string): void => {
    if (!known.has(column)) throw new UnknownColumnError(field, column, nearestNames(column, names));
  };
  if (targetColumn !== null) mustExist('target_column', targetColumn);
  for (const column of excludeColumns) mustExist('exclude_columns', column);
  const excluded = new Set(excludeColumns);
  if (targetColumn !== null && excluded.has(targetColumn)) throw new ExcludedTargetError(targetColumn);
  const left = names.filter((name) => !excluded.has(name));
  const target = targetColumn ?? (needsTarget ? (left.at(-1) ?? null) : null);
  const features = left.filter((name) => name !== target);
  if (features.length === 0) throw new NoFeaturesError(target);
  return { target, features };
}
