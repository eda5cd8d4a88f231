import { TrainerError } from '@trainer/model';
import type { ErrorFacts } from '@trainer/model';

/** The dataset, or what the request says of it, is wrong: the job fails at once, and another attempt would fail alike. */
export class DatasetError<
  Code extends `dataset.${string}` = `dataset.${string}`,
  Facts extends ErrorFacts = ErrorFacts,
> extends TrainerError<Code, Facts> {}

/** Where a value stands: a line of a text file (the header is line 1), or a row of a Parquet file (from 1). */
export interface Place {
  readonly unit: 'line' | 'row';
  readonly number: number;
}

export class EmptyDatasetError extends DatasetError<'dataset.empty', Record<string, never>> {
  constructor() {
    super('dataset.empty', 'The dataset is empty. Upload a table with a header line and rows.', {});
  }
}

export class NoRowsError extends DatasetError<'dataset.no-rows', { columns: number }> {
  constructor(columns: number) {
    super('dataset.no-rows', `The dataset has a header of ${columns} columns and no rows. Upload a table with rows.`, { columns });
  }
}

export class RaggedRowError extends DatasetError<'dataset.ragged', { line: number; expected: number; found: number }> {
  constructor(line: number, expected: number, found: number) {
    const mend = 'Give every line the same number of values, and put a value that holds the separator in double quotes.';
    super('dataset.ragged', `Line ${line} of the dataset has ${found} values; the header has ${expected}. ${mend}`, {
      line,
      expected,
      found,
    });
  }
}

export class OpenQuoteError extends DatasetError<'dataset.open-quote', { line: number }> {
  constructor(line: number) {
    const mend = 'Close the quote, and double a quote inside a quoted value.';
    super('dataset.open-quote', `Line ${line} of the dataset has a double quote that does not end with its value. ${mend}`, { line });
  }
}

export class LineTooLongError extends DatasetError<'dataset.line-too-long', { line: number | null; limitBytes: number }> {
  constructor(line: number | null, limitBytes: number) {
    const where = line === null ? 'A line of the dataset' : `Line ${line} of the dataset`;
    super('dataset.line-too-long', `${where} is longer than ${limitBytes} bytes. Shorten it, or look for a quote that is never closed.`, {
      line,
      limitBytes,
    });
  }
}

/** The first line holds values, not names. */
export class NoHeaderError extends DatasetError<'dataset.no-header', { examples: readonly string[] }> {
  constructor(examples: readonly string[]) {
    const shown = examples.slice(0, 5).map(quoted).join(', ');
    super(
      'dataset.no-header',
      `The first line of the dataset holds numbers where names of columns should be (${shown}). Add a header line with a name for each column.`,
      { examples: examples.slice(0, 5) },
    );
  }
}

/** The first line is a title; the header stands below it. */
export class TitleLineError extends DatasetError<'dataset.title-line', { title: string; line: number; columns: number }> {
  constructor(title: string, line: number, columns: number) {
    super(
      'dataset.title-line',
      `Line 1 of the dataset is ${quoted(title)} alone, and from line ${line} on there are ${columns} values a line. The header must be the first line: delete what stands above it.`,
      { title: title.slice(0, 60), line, columns },
    );
  }
}

export class NulByteError extends DatasetError<'dataset.nul', { line: number }> {
  constructor(line: number) {
    super(
      'dataset.nul',
      `Line ${line} of the dataset holds a NUL byte, which no text has: the file is damaged, or no text. Save it as CSV in UTF-8 anew.`,
      { line },
    );
  }
}

export class EncodingError extends DatasetError<'dataset.encoding', { line: number }> {
  constructor(line: number) {
    super('dataset.encoding', `Line ${line} of the dataset is not UTF-8. Save the table as UTF-8.`, { line });
  }
}

export class BrokenGzipError extends DatasetError<'dataset.gzip', { reason: string }> {
  constructor(reason: string, options: { cause: unknown }) {
    super(
      'dataset.gzip',
      `The dataset is a broken gzip file (${reason}). Pack it again and upload it whole.`,
      { reason },
      'never',
      options,
    );
  }
}

export class UnpackedTooLargeError extends DatasetError<'dataset.unpacked-too-large', { limitBytes: number }> {
  constructor(limitBytes: number) {
    const limit = `${Math.floor(limitBytes / 2 ** 20)} MiB`;
    super('dataset.unpacked-too-large', `The gzip file unpacks to more than ${limit}. Upload less, or as Parquet.`, { limitBytes });
  }
}

/** No table that can be read; `reason` says why, in the reader's words. */
export class UnreadableDatasetError extends DatasetError<'dataset.unreadable', { reason: string }> {
  constructor(reason: string, options?: { cause: unknown }) {
    super('dataset.unreadable', `The dataset can't be read as a table: ${reason}`, { reason }, 'never', options);
  }
}

/** It is a file of another kind, which is named. */
export class NotATableError extends DatasetError<'dataset.not-a-table', { what: string }> {
  constructor(what: string, mend: string) {
    super('dataset.not-a-table', `The dataset can't be read as a table: it ${what}. ${mend}`, { what });
  }
}

export class TooManyColumnsError extends DatasetError<'dataset.too-many-columns', { columns: number; limit: number }> {
  constructor(columns: number, limit: number) {
    super('dataset.too-many-columns', `The dataset has ${columns} columns; the limit is ${limit}. Leave some out.`, { columns, limit });
  }
}

export class TooManyRowsError extends DatasetError<'dataset.too-many-rows', { rows: number; limit: number }> {
  constructor(rows: number, limit: number) {
    super('dataset.too-many-rows', `The dataset has ${rows} rows; the limit of this model is ${limit}. Take a sample.`, { rows, limit });
  }
}

export class DuplicateColumnError extends DatasetError<'dataset.duplicate-column', { column: string; positions: readonly number[] }> {
  constructor(column: string, positions: readonly number[]) {
    const where = positions.slice(0, 10).join(', ');
    super(
      'dataset.duplicate-column',
      `The column name ${quoted(column)} stands more than once in the header (columns ${where}). Rename them apart.`,
      {
        column,
        positions,
      },
    );
  }
}

export class ColumnNameTooLongError extends DatasetError<'dataset.column-name', { position: number; limit: number }> {
  constructor(position: number, limit: number) {
    super('dataset.column-name', `The name of column ${position} is longer than ${limit} characters. Shorten it.`, { position, limit });
  }
}

/** Libraries in C would read it as another name, which ends there. */
export class ColumnNameNulError extends DatasetError<'dataset.column-name', { position: number }> {
  constructor(position: number) {
    super('dataset.column-name', `The name of column ${position} holds a NUL character. Rename it.`, { position });
  }
}

/** A column that the request names is not in the table. */
export class UnknownColumnError extends DatasetError<
  'dataset.unknown-column',
  { field: 'target_column' | 'exclude_columns'; column: string; nearest: readonly string[] }
> {
  constructor(field: 'target_column' | 'exclude_columns', column: string, nearest: readonly string[]) {
    const names = nearest.map(quoted).join(', ');
    super('dataset.unknown-column', `${field} names ${quoted(column)}, which is not a column of the dataset. Nearest names: ${names}.`, {
      field,
      column,
      nearest,
    });
  }
}

export class ExcludedTargetError extends DatasetError<'dataset.target-excluded', { column: string }> {
  constructor(column: string) {
    super('dataset.target-excluded', `${quoted(column)} is the target_column and stands in exclude_columns too. Take it out of one.`, {
      column,
    });
  }
}

export class NoFeaturesError extends DatasetError<'dataset.no-features', { target: string | null }> {
  /** @param why the other columns were left out, in whole sentences; empty: there was none. */
  constructor(target: string | null, why = '') {
    const mend = why === '' ? 'Give a table of several columns, separated by commas, semicolons, tabs or bars.' : why;
    super('dataset.no-features', `No column is left${target === null ? '' : ` beside the target ${quoted(target)}`}. ${mend}`, { target });
  }
}

/** A column that is no numbers, where only numbers are taken. */
export interface UnusableColumn {
  readonly column: string;
  readonly type: 'text' | 'date';
  readonly example: string;
  readonly place: Place;
}

export class NotNumericError extends DatasetError<'dataset.not-numeric', { columns: readonly UnusableColumn[] }> {
  constructor(columns: readonly UnusableColumn[]) {
    const shown = columns.slice(0, 10);
    const list = shown.map((c) => `${quoted(c.column)} (${c.type}; ${c.place.unit} ${c.place.number}: ${quoted(c.example)})`).join(', ');
    const more = columns.length > shown.length ? ` and ${columns.length - shown.length} more` : '';
    const names = JSON.stringify(shown.map((c) => c.column.slice(0, 100)));
    const mend = `Leave preprocessing out, turn them into numbers, or leave them out with exclude_columns: ${names}.`;
    super('dataset.not-numeric', `preprocessing: "none" needs numbers, and these columns are not: ${list}${more}. ${mend}`, {
      columns: shown,
    });
  }
}

/** A missing value where `preprocessing: "none"` leaves it to a model that takes none. */
export class GapError extends DatasetError<'dataset.gap', { column: string; place: Place }> {
  constructor(column: string, place: Place) {
    const mend = 'Leave preprocessing out to have gaps filled, or fill them yourself.';
    super('dataset.gap', `Column ${quoted(column)} has no value in ${place.unit} ${place.number}, and this model takes no gaps. ${mend}`, {
      column,
      place,
    });
  }
}

export class InfinityError extends DatasetError<'dataset.infinity', { column: string; place: Place }> {
  constructor(column: string, place: Place) {
    const mend = 'Leave the value empty if it is missing, or scale the column.';
    const what = 'is infinite or too large for a float32 number';
    super('dataset.infinity', `Column ${quoted(column)} holds a value that ${what} in ${place.unit} ${place.number}. ${mend}`, {
      column,
      place,
    });
  }
}

export class TooManyTextsError extends DatasetError<'dataset.too-many-texts', { column: string; limit: number }> {
  constructor(column: string, limit: number) {
    super(
      'dataset.too-many-texts',
      `Column ${quoted(column)} has more than ${limit} distinct texts. Leave it out with exclude_columns: ${JSON.stringify([column])}.`,
      { column, limit },
    );
  }
}

export type TargetProblem =
  'missing' | 'one-class' | 'continuous' | 'too-many-classes' | 'not-numeric' | 'beyond-integers' | 'single-rows' | 'dates';

/** The target column does not fit the task. */
export class TargetError extends DatasetError<'dataset.target', { column: string; problem: TargetProblem; count: number }> {
  constructor(column: string, problem: TargetProblem, count: number, message: string) {
    super('dataset.target', `The target column ${quoted(column)} ${message}`, { column, problem, count });
  }
}

export class TooFewRowsError extends DatasetError<'dataset.too-few-rows', { rows: number; least: number }> {
  constructor(rows: number, least: number) {
    super('dataset.too-few-rows', `The dataset has ${rows} rows with a target; at least ${least} are needed.`, { rows, least });
  }
}

/** The object under the dataset's key is not the one that was submitted. */
export class DatasetChangedError extends DatasetError<'dataset.changed', { key: string; problem: 'overwritten' | 'deleted' }> {
  constructor(key: string, problem: 'overwritten' | 'deleted', options?: { cause: unknown }) {
    super(
      'dataset.changed',
      `The dataset ${key} was ${problem} after the job was submitted. Submit the job again.`,
      { key, problem },
      'never',
      options,
    );
  }
}

/** A name or value for a message: in double quotes, control characters escaped, at most 60 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
