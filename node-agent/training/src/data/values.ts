/**
 * What pandas reads as missing in every column (`pandas.io.parsers.readers.STR_NA_VALUES`, 2.3 and 3.0), spaces around it ignored;
 * the empty text is the first.
 */
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
const missing = new Map(MISSING_TOKENS.map((token, index) => [token, index]));

/** @returns which of MISSING_TOKENS the text is, or -1 where it is a value. */
export function missingToken(text: string): number {
  return missing.get(trimmed(text)) ?? -1;
}

export function isMissing(text: string): boolean {
  return missingToken(text) >= 0;
}

/** The text without white space around it, as C's `isspace` has it: other spaces of Unicode are part of a value. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (start < end && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** @returns the truth value, as pandas reads it (any case), or null. */
export function booleanOf(text: string): boolean | null {
  const lower = trimmed(text).toLowerCase();
  if (lower === 'true') return true;
  return lower === 'false' ? false : null;
}
