import { seededRandom } from '@trainer/runtime/testing';
import type { Column } from '../data/table.js';
import type { TargetEncoding } from '../preprocessing/preprocessing.js';

/** A table as people have it, with the target by row. */
export interface MadeUpTable {
  readonly columns: readonly Column[];
  readonly trainRows: Int32Array;
  /** They hold gaps, levels and values that no training row has. */
  readonly validationRows: Int32Array;
  readonly target: TargetEncoding;
  /** The index of the class, or the value; by row. */
  readonly targetOf: Float64Array;
}

/** Text levels from here on are met by validation rows alone. */
const UNSEEN_FROM = 90;

/**
 * Numbers, large integers, booleans, dates, text of few and of many levels; each may lack, but the first. Which of them have gaps, and how
 * many, follows the seed. The target follows the first column and the few levels.
 * @param classes 0: the target is a number, so far from zero that float32 holds it to 64
 */
export function madeUpTable(seed: number, classes: number): MadeUpTable {
  const next = seededRandom(seed);
  const drawn = (count: number): number => Math.floor(next() * count);
  const rows = 120 + drawn(200);
  const trained = Math.ceil(rows * 0.7);
  const by = (value: (row: number) => number): Float64Array => Float64Array.from({ length: rows }, (_, row) => value(row));
  const withGaps = (value: (row: number) => number): Float64Array => {
    // Some columns have gaps in the rows of validation alone.
    const [share, from] = [next() * 0.3, next() < 0.3 ? trained : 0];
    return by((row) => (row >= from && next() < share ? NaN : value(row)));
  };
  const levels = (count: number): Column => {
    const codes = withGaps((row) => (row >= trained && next() < 0.1 ? UNSEEN_FROM : drawn(count)));
    const labels = Array.from({ length: UNSEEN_FROM + 1 }, (_, at) => `level ${at}, "é"`);
    return { kind: 'text', name: `${count} levels`, codes: Int32Array.from(codes, (code) => (Number.isNaN(code) ? -1 : code)), labels };
  };
  const first = withGaps(() => next() * 8 - 2);
  const few = levels(4);
  const others: Column[] = [
    number(
      'second',
      withGaps(() => next() ** 4 * 1e4),
    ),
    number(
      'stamp',
      withGaps(() => 1_700_000_000_000 + drawn(5_000)),
      true,
    ),
    {
      kind: 'boolean',
      name: 'is it',
      values: Uint8Array.from(
        withGaps(() => drawn(2)),
        (value) => (Number.isNaN(value) ? 2 : value),
      ),
    },
    { kind: 'date', name: 'when', values: withGaps(() => drawn(9_000) * 86_400), spelling: 'YYYY-MM-DD' },
    few,
    levels(40),
  ];
  const signal = (row: number): number => (first[row] || 0) + (few.kind === 'text' ? (few.codes[row] ?? 0) : 0) + next();
  return {
    columns: [number('first', first), ...others.filter(() => next() < 0.7)],
    trainRows: Int32Array.from({ length: trained }, (_, row) => row),
    validationRows: Int32Array.from({ length: rows - trained }, (_, at) => trained + at),
    target: classes === 0 ? { kind: 'number', name: 'y' } : { kind: 'classes', name: 'y', type: 'string', classes: named(classes) },
    targetOf: by((row) => {
      const value = signal(row);
      if (classes === 0) return 1e9 + value;
      // Every class has a row of the training.
      return row < classes ? row : Math.min(classes - 1, Math.max(0, Math.floor(((value + 2) / 12) * classes)));
    }),
  };
}

function number(name: string, values: Float64Array, isInteger = false): Column {
  return { kind: 'number', name, values, isInteger, exact: null };
}

function named(classes: number): string[] {
  return Array.from({ length: classes }, (_, at) => `class ${at}`);
}
