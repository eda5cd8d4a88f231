import type { DateSpelling } from '../dates.js';
import type { DictionaryContent } from './text-dictionary.js';

/*
 * What coordinator and threads tell each other of one pass over the file. A column is taken for numbers, then for dates, then for
 * text; where a value is none of what its column is taken for, the column is read again as the next. So all rows decide, and no row's
 * place: a first guess saves passes, and changes nothing.
 */

/** What a pass takes a column for, and the shared memory that its values go to, an entry a row. */
export type ColumnPlan =
  | { readonly as: 'skip' }
  | { readonly as: 'number'; readonly values: Float64Array }
  /** Integers beyond 2^53, of which it is known that they fit. */
  | { readonly as: 'exact'; readonly values: BigInt64Array }
  /** The values are those of the first spelling; the others are only tried. */
  | { readonly as: 'date'; readonly values: Float64Array; readonly spellings: readonly DateSpelling[] }
  /** The values are numbers of the thread's dictionary. */
  | { readonly as: 'text'; readonly values: Int32Array };

/** A share of the file of whole records; places are offsets in the file. */
export interface Chunk {
  readonly first: number;
  readonly next: number;
  /** The row (from 0) of its first record. */
  readonly row: number;
  readonly records: number;
}

export interface ReadPlan {
  readonly separator: number;
  /** A byte that stands for the decimal point beside it. */
  readonly decimalMark: number;
  /** All columns of the file. */
  readonly columns: readonly ColumnPlan[];
}

/** What one thread found of one column. */
export interface ColumnFinds {
  /** Bits of WRITTEN. */
  readonly written: number;
  /** How often each of MISSING_TOKENS was met, in columns of numbers and dates. The empty one is not counted. */
  readonly missing: Float64Array;
  /** The spellings that fit all dates, as bits. */
  readonly spellings: number;
  /** Of a column of text. One with more of them than MAX_DISTINCT_TEXTS was left there. */
  readonly texts: DictionaryContent | null;
  /** The first value that is not what the column was taken for. */
  readonly misfit: Misfit | null;
}

export interface Misfit {
  readonly row: number;
  readonly text: string;
}

/** A record with another number of values than the header. */
export interface Ragged {
  readonly offset: number;
  readonly row: number;
  readonly found: number;
}

export interface ReadFinds {
  readonly columns: readonly (ColumnFinds | null)[];
  readonly ragged: Ragged | null;
}
