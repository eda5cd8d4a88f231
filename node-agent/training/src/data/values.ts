/** What pandas 2 reads as missing in every column (`pandas.io.parsers.readers.STR_NA_VALUES`). */
export const MISSING_TOKENS: readonly string[] = [
  '',
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'None',
  'n/a',
  'nan',
  'null',
];
const missing = new Set(MISSING_TOKENS);

export function isMissing(text: string): boolean {
  return missing.has(text) || missing.has(text.trim());
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INFINITY = /^[+-]?inf(inity)?$/i;

/** @returns the number that the text is, spaces around it aside (infinite ones too), or null. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (INFINITY.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  return null;
}

/** @returns the truth value, as pandas reads it (any case), or null. */
export function booleanOf(text: string): boolean | null {
  const lower = text.trim().toLowerCase();
  if (lower === 'true') return true;
  return lower === 'false' ? false : null;
}

const ISO_DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const OTHER_DATE = /^(\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}\/\d{1,2}\/\d{1,2})( \d{1,2}:\d{2}(:\d{2})?)?$/;

/** Does it look like a date, with or without a time (ISO 8601, or day and month first with slashes or dots)? */
export function isDate(text: string): boolean {
  const trimmed = text.trim();
  return ISO_DATE.test(trimmed) || OTHER_DATE.test(trimmed);
}
