import { openDataset, type Column } from '@trainer/training/internal';

/** A column that `fuzz_parquet.py` wrote, as pyarrow reads it. */
export interface WrittenColumn {
  readonly name: string;
  readonly kind: 'integer' | 'number' | 'boolean' | 'text' | 'date';
  readonly type: string;
  /** Numbers as text with all their digits, dates as microseconds since 1970. */
  readonly values: readonly (string | number | boolean | null)[];
}

/** @returns the first difference between the file as we read it and its columns, or null */
export async function parquetDifference(path: string, written: readonly WrittenColumn[]): Promise<string | null> {
  const dataset = await openDataset(path, 'table', { threads: 1, maxRows: 1e9, maxUnpackedBytes: 1e9 });
  try {
    const { columns } = await dataset.read(dataset.columnNames);
    if (columns.length !== written.length) return `${columns.length} columns of ${written.length}`;
    for (const [index, column] of columns.entries()) {
      const problem = columnDifference(column, written[index]);
      if (problem !== null) return problem;
    }
    return null;
  } catch (error) {
    return `${String(error)} (${written.map(({ type }) => type).join(', ')})`;
  } finally {
    dataset.close();
  }
}

function columnDifference(column: Column, written: WrittenColumn | undefined): string | null {
  if (!written) return 'a column too much';
  const kind = column.kind === 'number' && column.isInteger ? 'integer' : column.kind;
  if (kind !== written.kind) return `${written.type} is ${kind}`;
  const ours = values(column);
  const theirs = written.values.map((value) => expected(column, value));
  const row = theirs.findIndex((value, at) => !Object.is(value, ours[at]));
  if (row >= 0 || ours.length !== theirs.length) return `${written.type}: row ${row}: ${String(ours[row])} for ${String(theirs[row])}`;
  if (column.kind === 'text' && column.labels.some((label, code) => column.codes.indexOf(code) < 0 || !label.isWellFormed()))
    return 'labels';
  const firsts = column.kind === 'text' ? column.labels.map((_, code) => column.codes.indexOf(code)) : [];
  return firsts.every((at, code) => code === 0 || at > (firsts[code - 1] ?? -1)) ? null : 'labels are not in the order of their rows';
}

function values(column: Column): unknown[] {
  switch (column.kind) {
    case 'text':
      return Array.from(column.codes, (code) => (code < 0 ? null : column.labels[code]));
    case 'boolean':
      return Array.from(column.values, (value) => [false, true, null][value]);
    case 'number': {
      const { exact } = column;
      return Array.from(column.values, (value, row) => (Number.isNaN(value) ? null : exact ? exact[row] : value));
    }
    case 'date':
      return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
  }
}

function expected(column: Column, value: string | number | boolean | null): unknown {
  if (value === null || column.kind === 'text' || column.kind === 'boolean') return value;
  if (column.kind === 'date') return Number(value) / 1e6;
  return column.kind === 'number' && column.exact ? BigInt(value) : Number(value);
}
