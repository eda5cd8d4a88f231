import type { ColumnBatch, ColumnBuilder } from './column-builder.js';
import { numberBuilder, textBuilder } from './column-builder.js';
import { firstRaggedLine, lineOfRow, openQuoteLine, otherLineEnding } from './csv-lines.js';
import type { CsvHead } from './csv-records.js';

import type { DuckDb } from './duck-db.js';
import { DuckDbError, NO_NUMBER, sqlText } from './duck-db.js';
import {
  InfinityError,
  LineEndingsError,
  LineTooLongError,
  NoRowsError,
  OpenQuoteError,
  RaggedRowError,
  UnreadableDatasetError,
} from './errors.js';
import type { Table } from './table.js';
import { isMissing, MISSING_TOKENS, numberOf } from './values.js';

/** DuckDB's own limit of a line. */
const MAX_LINE_BYTES = 2_000_000;
/**
 * Columns that are read as numbers until a line says otherwise; each time one does, the file is read again. After so many times
 * all columns are read as text, so that a hostile file costs a bounded number of passes.
 */
const MAX_WIDENINGS = 8;

/**
 * Reads columns of a text file. Columns whose first lines are numbers are read as such; where a later line holds something
 * else, the column is read again as text and its kind is decided from all its values.
 * @throws DatasetError
 */
export async function readCsv(duckDb: DuckDb, path: string, head: CsvHead, names: readonly string[]): Promise<Table> {
  const positions = names.map((name) => head.names.indexOf(name));
  const asText = new Set(head.names.flatMap((_, index) => (looksNumeric(head, index) ? [] : [index])));
  for (let widenings = 0; ; widenings += 1) {
    const builders = positions.map((position) => {
      const name = head.names[position] ?? '';
      return asText.has(position) ? textBuilder(name) : numberBuilder(name, 'unknown');
    });
    try {
      const rows = await duckDb.query(csvQuery(path, head, positions, asText), (columns) => append(builders, columns));
      if (rows === 0) throw new NoRowsError(head.names.length);
      return await finished(path, head.separator, builders, rows);
    } catch (error) {
      const widened = error instanceof DuckDbError ? columnOfConversionError(error.message) : null;
      if (widened === null || asText.has(widened)) throw await translated(error, path, head);
      if (widenings < MAX_WIDENINGS) asText.add(widened);
      else head.names.forEach((_, index) => asText.add(index));
    }
  }
}

function looksNumeric(head: CsvHead, index: number): boolean {
  return head.sample.every((record) => {
    const value = record[index] ?? '';
    return isMissing(value) || numberOf(value) !== null;
  });
}

/** Columns are named c0, c1, ... so that no name of a user stands in the query. */
function csvQuery(path: string, head: CsvHead, positions: readonly number[], asText: ReadonlySet<number>): string {
  const columns = head.names.map((_, index) => `c${index}: '${asText.has(index) ? 'VARCHAR' : 'DOUBLE'}'`).join(', ');
  const options = [
    'auto_detect = false',
    'header = true',
    `delim = ${sqlText(head.separator)}`,
    `quote = '"'`,
    `escape = '"'`,
    `skip = ${head.blankLines}`,
    `nullstr = [${MISSING_TOKENS.map(sqlText).join(', ')}]`,
    `columns = {${columns}}`,
  ];
  const selected = positions.map((position) => (asText.has(position) ? `c${position}` : `coalesce(c${position}, ${NO_NUMBER})`));
  return `SELECT ${selected.join(', ')} FROM read_csv(${sqlText(path)}, ${options.join(', ')})`;
}

function append(builders: readonly ColumnBuilder[], columns: readonly ColumnBatch[]): void {
  columns.forEach((batch, index) => builders[index]?.append(batch));
}

async function finished(path: string, separator: string, builders: readonly ColumnBuilder[], rows: number): Promise<Table> {
  const locate = async (row: number) => ({ unit: 'line' as const, number: await lineOfRow(path, separator, row) });
  const columns = [];
  for (const builder of builders) {
    const { column, infiniteRow } = builder.finish();
    if (infiniteRow >= 0) throw new InfinityError(column.name, await locate(infiniteRow));
    columns.push(column);
  }
  return { rows, columns, locate };
}

function columnOfConversionError(message: string): number | null {
  const match = /Error when converting column "c(\d+)"/.exec(message);
  return match ? Number(match[1]) : null;
}

/** DuckDB says what is wrong in its messages alone; this is the adapter that reads them (1.5). */
async function translated(error: unknown, path: string, head: CsvHead): Promise<unknown> {
  if (!(error instanceof DuckDbError)) return error;
  const { message } = error;
  const lineMatch = /CSV Error on Line: (\d+)/.exec(message);
  const line = lineMatch ? Number(lineMatch[1]) : null;
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (line !== null && counts) {
    const ragged = await firstRaggedLine(path, head.separator, head.names.length);
    return new RaggedRowError(ragged?.line ?? line, head.names.length, ragged?.found ?? Number(counts[2]));
  }
  if (line !== null && message.includes('unterminated quote'))
    return new OpenQuoteError((await openQuoteLine(path, head.separator)) ?? line);
  if (message.includes('Maximum line size')) return new LineTooLongError(line, MAX_LINE_BYTES);
  if (message.includes('state machine reached an invalid state')) {
    const other = await otherLineEnding(path);
    if (other !== null) return new LineEndingsError(other);
    return new UnreadableDatasetError('its quotes and separators are not as RFC 4180 has them. Save it as CSV anew.', { cause: error });
  }
  if (line === null && !message.startsWith('Invalid Input Error')) return error;
  const where = line === null ? '' : `line ${line}: `;
  return new UnreadableDatasetError(`${where}${firstSentence(message)}`, { cause: error });
}

function firstSentence(message: string): string {
  const [first = ''] = message
    .split('\n')
    .filter((part) => !part.includes('CSV Error on Line') && !part.startsWith('Original Line') && !part.includes('file ='));
  return first.slice(0, 200);
}
