import { GapError, NotNumericError, type UnusableColumn } from '../data/errors.js';
import { isMissingAt, lengthOf, type Column, type Table } from '../data/table.js';

/**
 * For `preprocessing: "none"`.
 * @throws NotNumericError naming every column that is text or dates, each with an example and its place
 * @throws GapError where a value is missing and the model takes no gaps
 */
export async function requireNumbers(table: Table, columns: readonly Column[], takesGaps: boolean): Promise<void> {
  const unusable = columns.filter(({ kind }) => kind === 'text' || kind === 'date');
  if (unusable.length > 0) throw new NotNumericError(await Promise.all(unusable.map((column) => exampleOf(table, column))));
  if (takesGaps) return;
  for (const column of columns) {
    const row = firstGap(column);
    if (row !== null) throw new GapError(column.name, await table.locate(row));
  }
}

function firstGap(column: Column): number | null {
  for (let row = 0; row < lengthOf(column); row += 1) if (isMissingAt(column, row)) return row;
  return null;
}

async function exampleOf(table: Table, column: Column): Promise<UnusableColumn> {
  const row = tellingRow(column);
  return {
    column: column.name,
    type: column.kind === 'date' ? 'date' : 'text',
    example: exampleAt(column, row),
    place: await table.locate(row),
  };
}

/** The first row whose value makes it no column of numbers: it says more than a number that stands above it. */
function tellingRow(column: Column): number {
  if (column.kind !== 'text')
    return Math.max(
      column.values.findIndex((_: number, row: number) => !isMissingAt(column, row)),
      0,
    );
  const telling = column.labels.findIndex((label) => Number.isNaN(Number(label)));
  return Math.max(column.codes.indexOf(Math.max(telling, 0)), 0);
}

function exampleAt(column: Column, row: number): string {
  if (column.kind === 'text') return column.labels[column.codes[row] ?? -1] ?? '';
  const text = new Date((column.values[row] ?? NaN) * 1000).toJSON() as string | null;
  return text?.replace('T00:00:00.000Z', '') ?? '';
}
