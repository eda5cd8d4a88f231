import { nearestNames } from '@trainer/model';
import { ExcludedTargetError, NoFeaturesError, UnknownColumnError } from './errors.js';

export interface ChosenColumns {
  readonly target: string;
  /** In the order of the table. */
  readonly features: readonly string[];
}

/**
 * Which columns take part: the target (the last one that is not excluded, unless named), and all others as features.
 * @throws UnknownColumnError, ExcludedTargetError, NoFeaturesError
 */
export function chooseColumns(names: readonly string[], targetColumn: string | null, excludeColumns: readonly string[]): ChosenColumns {
  const known = new Set(names);
  const mustExist = (field: 'target_column' | 'exclude_columns', column: string): void => {
    if (!known.has(column)) throw new UnknownColumnError(field, column, nearestNames(column, names));
  };
  if (targetColumn !== null) mustExist('target_column', targetColumn);
  for (const column of excludeColumns) mustExist('exclude_columns', column);
  const excluded = new Set(excludeColumns);
  if (targetColumn !== null && excluded.has(targetColumn)) throw new ExcludedTargetError(targetColumn);
  const left = names.filter((name) => !excluded.has(name));
  const target = targetColumn ?? left.at(-1);
  const features = left.filter((name) => name !== target);
  if (target === undefined || features.length === 0) throw new NoFeaturesError(target ?? '');
  return { target, features };
}
