import type { TaskType } from '@trainer/model';
import type { Column } from '../data/table.js';
import { MAX_FRACTION_CLASSES } from './labels.js';

/** Which task a column is the target of where nobody says: many distinct numbers are a quantity, all else is classes. */
export function guessTask(column: Column): TaskType {
  if (column.kind !== 'number') return 'classification';
  const distinct = new Set<number>();
  for (const value of column.values) {
    if (!Number.isNaN(value)) distinct.add(value);
    if (distinct.size > MAX_FRACTION_CLASSES) return 'regression';
  }
  return 'classification';
}
