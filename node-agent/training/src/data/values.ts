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

const INTEGER = /^[+-]?\d+$/;

/** Is the number that this text is written as an integer (`1`, not `1.0`)? */
export function isInteger(text: string): boolean {
  return INTEGER.test(text.trim());
}

/** @returns the truth value, as pandas reads it (any case), or null. */
export function booleanOf(text: string): boolean | null {
  const lower = text.trim().toLowerCase();
  if (lower === 'true') return true;
  return lower === 'false' ? false : null;
}
