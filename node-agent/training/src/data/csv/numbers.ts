import { COMMA, LF, MINUS, PLUS, POINT, ZERO } from '@trainer/model';
import { trimmed } from '../values.js';

/*
 * The one definition of a number in a text file: an optional sign, digits with at most one decimal mark among, before or behind
 * them, an optional exponent; or `inf`, `infinity` in any case. No thousands, no underscores, no hexadecimal: as pandas reads them.
 * The value is the double nearest to what is written.
 */

/** How the numbers of a column are written; the flags of all its values together decide what column it is. */
export const WRITTEN = {
  /** With a decimal mark or an exponent. */
  fraction: 1,
  /** An integer beyond 2^53. */
  big: 2,
  /** An integer beyond 64 bits with sign. */
  beyondInt64: 4,
  /** With a comma for the decimal mark; with a point. */
  comma: 8,
  point: 16,
  infinite: 32,
  /** A decimal comma before other than three digits, so that it can't be a mark of thousands. */
  surelyDecimal: 64,
} as const;

/** Powers of ten that doubles hold exactly. */
const MAX_POWER = 22;
const POWERS = Float64Array.from({ length: MAX_POWER + 1 }, (_, power) => Number(`1e${power}`));
/** Dekker's splitting (1971): a product of halves is exact. */
const SPLITTER = 2 ** 27 + 1;
const POWERS_HIGH = POWERS.map((power) => SPLITTER * power - (SPLITTER * power - power));
/** Digits that an int32 holds, twice. */
const PART_DIGITS = 9;
const MAX_EXACT = 2 ** 53;
/** Digits of an exponent before it is beyond any double. */
const MAX_EXPONENT = 9_999;

/**
 * Reads the number that begins at `start` into `values[row]`, and notes in `flags[column]` how it is written. The bytes must end
 * with one that belongs to no number.
 * @returns where it ends, or -1 where none begins; what follows may still show that it is none (`1_000`, `5 kg`)
 */
export function readNumber(
  bytes: Uint8Array,
  start: number,
  mark: number,
  values: Float64Array,
  row: number,
  flags: Int32Array,
  column: number,
): number {
  const plain = readShort(bytes, start, mark, values, row, flags, column);
  if (plain >= 0) return plain;
  let at = start;
  const sign = bytes[at] ?? 0;
  if (sign === MINUS || sign === PLUS) at += 1;
  const first = at;
  let fraction = -1;
  let high = 0;
  let low = 0;
  let digits = 0;
  for (; ; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit >>> 0 > 9) {
      if (fraction >= 0 || (digit !== POINT - ZERO && digit !== mark - ZERO)) break;
      fraction = at + 1;
    } else if (digits < PART_DIGITS) {
      high = (high * 10 + digit) | 0;
      if (high !== 0) digits += 1;
    } else {
      low = (Math.imul(low, 10) + digit) | 0;
      digits += 1;
    }
  }
  if (at - first - (fraction < 0 ? 0 : 1) === 0) return -1;
  let exponent = fraction < 0 ? 0 : fraction - at;
  const end = (bytes[at] ?? 0) | 0x20;
  let isInteger = fraction < 0;
  const mantissaEnd = at;
  if (end === 0x65) {
    at = exponentEnd(bytes, at);
    if (at < 0) return -1;
    exponent += exponentOf(bytes, mantissaEnd, at);
    isInteger = false;
  }
  let value = nearest(high, low, digits, exponent);
  if (value < 0) value = Number(textOf(bytes, first, at));
  if (isInteger) noteInteger(value, digits, bytes, start, at, flags, column);
  else noteFraction(bytes, fraction, mantissaEnd, value, flags, column);
  values[row] = sign === MINUS && !(isInteger && value === 0) ? -value : value;
  return at;
}

/**
 * What most numbers are: up to nine digits, perhaps with a point among them. @returns where it ends, or -1 where it is longer or has more to it
 */
function readShort(
  bytes: Uint8Array,
  start: number,
  mark: number,
  values: Float64Array,
  row: number,
  flags: Int32Array,
  column: number,
): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let at = first;
  let whole = 0;
  let byte = bytes[at] ?? 0;
  for (; (byte - ZERO) >>> 0 <= 9; byte = bytes[at] ?? 0) {
    whole = (Math.imul(whole, 10) + byte - ZERO) | 0;
    at += 1;
  }
  let digits = at - first;
  let value = whole;
  if (byte === POINT) {
    const fraction = at + 1;
    // A longer one is read by the other way, from its beginning.
    const longest = first + PART_DIGITS + 2;
    for (at = fraction, byte = bytes[at] ?? 0; (byte - ZERO) >>> 0 <= 9 && at < longest; byte = bytes[at] ?? 0) {
      whole = (Math.imul(whole, 10) + byte - ZERO) | 0;
      at += 1;
    }
    digits = at - first - 1;
    if (digits > PART_DIGITS) return -1;
    value = whole / (POWERS[at - fraction] ?? 1);
  }
  // Of more digits the sum is none, which is why nothing is noted before.
  if (digits === 0 || digits > PART_DIGITS || byte === mark || byte === POINT || (byte | 0x20) === 0x65) return -1;
  values[row] = isNegative && value !== 0 ? -value : value;
  if (at - first !== digits) {
    flags[column] = (flags[column] ?? 0) | WRITTEN.fraction | WRITTEN.point;
    if (isNegative && value === 0) values[row] = -0;
  }
  return at;
}

/**
 * The double nearest to (high * 10^(digits - 9) + low) * 10^exponent, or -1 where this way can't tell.
 * Clinger (1990) where the digits are below 2^53; else a quotient of twice the precision, unless it lies too near to the middle of two doubles.
 */
function nearest(high: number, low: number, digits: number, exponent: number): number {
  if (digits <= PART_DIGITS) return scaled(high, exponent);
  if (digits > 2 * PART_DIGITS) return -1;
  const power = POWERS[digits - PART_DIGITS] ?? 1;
  const whole = high * power + low;
  if (whole <= MAX_EXACT) return scaled(whole, exponent);
  if (exponent > 0 || exponent < -MAX_POWER) return -1;
  // high * power + low without an error, as one double and a small one beside it.
  const tail = high & 0x7fff;
  const much = (high - tail) * power;
  const some = tail * power;
  const sum = much + some;
  const sumRest = some - (sum - much);
  const top = sum + low;
  const topRest = low - (top - sum) + sumRest;
  return quotient(top, topRest, -exponent);
}

function scaled(whole: number, exponent: number): number {
  if (exponent === 0) return whole;
  if (exponent < 0) return exponent < -MAX_POWER ? (whole === 0 ? 0 : -1) : whole / (POWERS[-exponent] ?? 1);
  return exponent > MAX_POWER ? (whole === 0 ? 0 : -1) : whole * (POWERS[exponent] ?? 1);
}

function quotient(top: number, rest: number, power: number): number {
  const divisor = POWERS[power] ?? 1;
  const divisorHigh = POWERS_HIGH[power] ?? 1;
  const divisorLow = divisor - divisorHigh;
  const first = top / divisor;
  const firstHigh = SPLITTER * first - (SPLITTER * first - first);
  const firstLow = first - firstHigh;
  const product = first * divisor;
  const productRest = firstHigh * divisorHigh - product + firstHigh * divisorLow + firstLow * divisorHigh + firstLow * divisorLow;
  const second = (top - product - productRest + rest) / divisor;
  const value = first + second;
  const off = second - (value - first);
  // Where a little more or less of what is left over would round to a neighbour, only exact arithmetic can tell.
  return value + off * (1 + 2 ** -30) === value ? value : -1;
}

/** @returns the end of the exponent whose `e` stands at `at`, or -1 where it has no digits. */
function exponentEnd(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  const sign = bytes[end] ?? 0;
  if (sign === MINUS || sign === PLUS) end += 1;
  const first = end;
  while (((bytes[end] ?? 0) - ZERO) >>> 0 <= 9) end += 1;
  return end === first ? -1 : end;
}

function exponentOf(bytes: Uint8Array, at: number, end: number): number {
  let exponent = 0;
  for (let digit = at + 1; digit < end; digit += 1) {
    const value = (bytes[digit] ?? 0) - ZERO;
    if (value >>> 0 <= 9 && exponent < MAX_EXPONENT) exponent = exponent * 10 + value;
  }
  return bytes[at + 1] === MINUS ? -exponent : exponent;
}

function noteInteger(
  value: number,
  digits: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: Int32Array,
  column: number,
): void {
  if (digits <= 15 || value < MAX_EXACT) return;
  // 2^53 + 1 is rounded to it.
  if (value === MAX_EXACT && digitsOf(textOf(bytes, start, end)) === String(MAX_EXACT)) return;
  const isBeyond = digits > 18 && !fitsInt64(textOf(bytes, start, end));
  flags[column] = (flags[column] ?? 0) | WRITTEN.big | (isBeyond ? WRITTEN.beyondInt64 : 0) | (value === Infinity ? WRITTEN.infinite : 0);
}

/** Without its sign and leading zeros. */
function digitsOf(text: string): string {
  return text.replace(/^[+-]?0*/, '');
}

/** Does a signed integer of 64 bits hold it? */
function fitsInt64(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 19) return digits.length < 19;
  return text.startsWith('-') ? digits <= '9223372036854775808' : digits <= '9223372036854775807';
}

function noteFraction(bytes: Uint8Array, fraction: number, end: number, value: number, flags: Int32Array, column: number): void {
  let noted: number = WRITTEN.fraction;
  if (fraction >= 0) {
    if (bytes[fraction - 1] === COMMA) noted |= WRITTEN.comma | (end - fraction === 3 ? 0 : WRITTEN.surelyDecimal);
    else noted |= WRITTEN.point;
  }
  if (value === Infinity) noted |= WRITTEN.infinite;
  flags[column] = (flags[column] ?? 0) | noted;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text.replace(',', '.');
}

const INFINITE = /^[+-]?inf(inity)?$/i;

/** Reads an infinity, which no loop over digits finds, as `readNumber` reads a number. @returns is it one? */
export function readInfinity(text: string, values: Float64Array, row: number, flags: Int32Array, column: number): boolean {
  if (!INFINITE.test(text)) return false;
  values[row] = text.startsWith('-') ? -Infinity : Infinity;
  flags[column] = (flags[column] ?? 0) | WRITTEN.fraction | WRITTEN.infinite;
  return true;
}

const scratch = { values: new Float64Array(1), flags: new Int32Array(1) };

/** @returns the number that the text is, spaces around it aside (infinite ones too), or null. */
export function numberOf(text: string): number | null {
  const written = trimmed(text);
  const bytes = new Uint8Array(written.length + 1).fill(LF);
  for (let at = 0; at < written.length; at += 1) bytes[at] = Math.min(written.charCodeAt(at), 0xff);
  const { values, flags } = scratch;
  const isNumber = readNumber(bytes, 0, POINT, values, 0, flags, 0) === written.length || readInfinity(written, values, 0, flags, 0);
  return isNumber ? (values[0] ?? null) : null;
}
