/** The month's part of a date in letters, English, three or all of them. */
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const DAY = '(\\d{1,2})';
const YEAR = '(\\d{4})';
/** After the date: hours and minutes, seconds and their fraction, AM or PM, a zone; all but the date may be absent. */
const TIME = '(?:(?:[T ]| +)(\\d{1,2}):(\\d{2})(?::(\\d{2})(\\.\\d{1,9})?)?(?: ?([AaPp])[Mm])?(Z| ?[+-]\\d{2}(?::?\\d{2})?)?)?';

/** Which part of a date stands where, and the pattern of the whole in the syntax that JavaScript and Python share (case ignored). */
interface Spelling {
  readonly order: 'ymd' | 'dmy' | 'mdy';
  readonly pattern: string;
}

/**
 * The ways in which dates are written that are read as dates; a column has one of them from its first row to its last. Each may be
 * followed by a time. `2024-01-31`, `2024/1/31`, `31/1/2024`, `1/31/2024`, `31.1.2024`, `31-1-2024`, `1-31-2024`, `31 Jan 2024` (or
 * with hyphens), `Jan 31, 2024`.
 */
export const DATE_SPELLINGS = {
  'YYYY-MM-DD': { order: 'ymd', pattern: `${YEAR}-(\\d{2})-(\\d{2})${TIME}` },
  'YYYY/MM/DD': { order: 'ymd', pattern: `${YEAR}/(\\d{1,2})/${DAY}${TIME}` },
  'DD/MM/YYYY': { order: 'dmy', pattern: `${DAY}/(\\d{1,2})/${YEAR}${TIME}` },
  'MM/DD/YYYY': { order: 'mdy', pattern: `(\\d{1,2})/${DAY}/${YEAR}${TIME}` },
  'DD.MM.YYYY': { order: 'dmy', pattern: `${DAY}\\.(\\d{1,2})\\.${YEAR}${TIME}` },
  'DD-MM-YYYY': { order: 'dmy', pattern: `${DAY}-(\\d{1,2})-${YEAR}${TIME}` },
  'MM-DD-YYYY': { order: 'mdy', pattern: `(\\d{1,2})-${DAY}-${YEAR}${TIME}` },
  'DD Month YYYY': { order: 'dmy', pattern: `${DAY}[ -]${MONTH}[ -]${YEAR}${TIME}` },
  'Month DD, YYYY': { order: 'mdy', pattern: `${MONTH} ${DAY},? ${YEAR}${TIME}` },
} as const satisfies Record<string, Spelling>;
export type DateSpelling = keyof typeof DATE_SPELLINGS;

/** What a typed file's dates are written as where they have to be. */
export const TYPED_SPELLING: DateSpelling = 'YYYY-MM-DD';

const patterns = new Map(
  (Object.keys(DATE_SPELLINGS) as DateSpelling[]).map((spelling) => [
    spelling,
    { order: DATE_SPELLINGS[spelling].order, pattern: new RegExp(`^${DATE_SPELLINGS[spelling].pattern}$`, 'i') },
  ]),
);

/** What a column's texts are as dates: all in one spelling, in one of two that can't be told apart, or no dates. */
export type DatesOf =
  | { readonly kind: 'dates'; readonly spelling: DateSpelling; readonly seconds: Float64Array }
  | { readonly kind: 'ambiguous'; readonly spellings: readonly DateSpelling[] }
  | { readonly kind: 'none' };

/** Looks at all distinct texts of a column (at least one), spaces around them ignored. */
export function datesOf(texts: readonly string[]): DatesOf {
  const first = texts[0] ?? '';
  const fitting = [...patterns.keys()].filter((spelling) => secondsOf(first, spelling) !== null);
  const found = fitting.flatMap((spelling) => {
    const seconds = secondsOfAll(texts, spelling);
    return seconds ? [{ spelling, seconds }] : [];
  });
  const [only, other] = found;
  if (!only) return { kind: 'none' };
  if (!other) return { kind: 'dates', ...only };
  return { kind: 'ambiguous', spellings: found.map(({ spelling }) => spelling) };
}

function secondsOfAll(texts: readonly string[], spelling: DateSpelling): Float64Array | null {
  const seconds = new Float64Array(texts.length);
  for (const [at, text] of texts.entries()) {
    const value = secondsOf(text, spelling);
    if (value === null) return null;
    seconds[at] = value;
  }
  return seconds;
}

/** @returns the date's seconds since 1970-01-01 00:00 UTC, or null where the text is no date of this spelling (2024-02-30 is none). */
export function secondsOf(text: string, spelling: DateSpelling): number | null {
  const known = patterns.get(spelling);
  const match = known?.pattern.exec(text.trim());
  if (!known || !match) return null;
  const [one = '', two = '', three = ''] = match.slice(1, 4);
  const [year, month, day] = known.order === 'ymd' ? [one, two, three] : known.order === 'dmy' ? [three, two, one] : [three, one, two];
  const days = daysOf(Number(year), monthOf(month), Number(day));
  const time = timeOf(match.slice(4));
  return days === null || time === null ? null : days * DAY_SECONDS + time;
}

const DAY_SECONDS = 86_400;

function monthOf(text: string): number {
  return /^\d/.test(text) ? Number(text) : MONTHS.indexOf(text.toLowerCase()) + 1;
}

/** Days since 1970-01-01 in the Gregorian calendar (as ISO 8601, also before 1582), or null where there is no such day. */
function daysOf(year: number, month: number, day: number): number | null {
  // The year's month as JavaScript's Date counts it; setUTCFullYear takes years below 100 as they are.
  const date = new Date(0).setUTCFullYear(year, month - 1, day);
  const read = new Date(date);
  if (year < 1 || read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day) return null;
  return date / (DAY_SECONDS * 1000);
}

/** Seconds of the day, less the zone's; null where there is no such time. */
function timeOf([hours, minutes, seconds, fraction, half, zone]: readonly (string | undefined)[]): number | null {
  if (hours === undefined) return 0;
  const hour = hourOf(Number(hours), half);
  const [minute, second] = [Number(minutes), Number(seconds ?? 0)];
  const offset = offsetOf(zone);
  if (hour === null || minute > 59 || second > 59 || offset === null) return null;
  return hour * 3600 + minute * 60 + second + Number(fraction ?? 0) - offset;
}

function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour < 24 ? hour : null;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
}

/** Seconds east of UTC; a time without a zone is UTC. */
function offsetOf(zone: string | undefined): number | null {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const digits = zone.replaceAll(/[ :]/g, '');
  const [hours, minutes] = [Number(digits.slice(1, 3)), Number(digits.slice(3, 5))];
  if (hours > 14 || minutes > 59) return null;
  return (digits.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}
