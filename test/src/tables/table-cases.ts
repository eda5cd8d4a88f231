import { seededRandom } from '@trainer/runtime/testing';

/** A small text file as people's programs write them, or nearly so. */
export interface TableCase {
  readonly separator: string;
  readonly bytes: Buffer;
}

const LINE_ENDS = ['\n', '\r\n', '\r'];
const NAMES = ['a', 'b', 'label', 'x y', 'Größe', 'is "it"', 'line\nbreak', 'a.b', "it's", '名前', 'c[1]', 'né', ' pad ', 'x_1', 'A', 'Z9'];
const MISSING = ['', 'NA', 'NaN', 'null', 'N/A', 'None', '#N/A', '<NA>', '-nan', '1.#QNAN', 'n/a', 'nan', 'NULL', '#N/A N/A'];
const WORDS = [
  'x',
  'red',
  'Paris',
  'n/k',
  'NAN',
  'na',
  'Null',
  'none',
  'hello world',
  'ünï',
  '日本',
  '😀',
  'it"s',
  '-',
  '.',
  '+',
  'e5',
  'O',
  'T',
  'yes',
];
const ODD_NUMBERS = [
  '1_000',
  '0x10',
  '1e5',
  '1E-3',
  '1e',
  '1e+',
  '+5',
  '-0',
  '.5',
  '5.',
  '1.2.3',
  '--1',
  '+-1',
  '1e400',
  '-1e-400',
  '007',
  '1,234',
  '1,5',
  '0,25',
  '1 000',
  '12abc',
  '1e5.5',
  '.',
  '-.',
  '-.5e1',
  '9007199254740993',

  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '123456789012345678901234567890',
  '0.1234567890123456789',
  '1e22',
  '1e23',
  '4.9e-324',
  '2.2250738585072014e-308',
  '1.7976931348623157e308',
  '0.30000000000000004',
  '123456789.123456789',
  '5d',
  '1f',
  '１２',
  '1\u00a0',
  'True',
  'false',
];
const DATES = [
  '2024-01-31',
  '2023-12-01',
  '31/01/2024',
  '01/31/2024',
  '1.2.2024',
  '2024/3/4',
  '2024-01-31 10:30',
  '2024-01-31T10:30:05Z',
  '2024-99-99',
];

type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const upTo = (random: Random, most: number): number => Math.floor(random() * (most + 1));

/** Each makes one value of a kind. */
const KINDS: readonly ((random: Random) => string)[] = [
  (random) => String(upTo(random, 200) - 100),
  (random) => String((random() - 0.5) * 10 ** (upTo(random, 12) - 4)),
  (random) => (random() * 100).toFixed(upTo(random, 6)),
  (random) => pick(random, ODD_NUMBERS),
  (random) => pick(random, MISSING),
  (random) => pick(random, ['True', 'False', 'TRUE', 'false', 'true']),
  (random) => pick(random, WORDS),
  (random) => pick(random, DATES),
  (random) => String(BigInt(upTo(random, 2 ** 31)) * BigInt(upTo(random, 2 ** 32)) - 2n ** 62n),
];

/** One file; equal seeds give equal files. */
export function tableCase(seed: number): TableCase {
  const random = seededRandom(seed);
  const separator = pick(random, [',', ',', ';', '\t', '|']);
  // A file of one column has no separator to tell, and can't be trained.
  const width = 2 + upTo(random, 4);
  const lineEnd = pick(random, LINE_ENDS);
  const isMixed = random() < 0.1;
  // pandas 2.3 misreads some lines behind a CR alone: blank ones, and those that begin with a space or a separator.
  const isPlain = isMixed || lineEnd === '\r';
  const end = (): string => (isMixed ? pick(random, LINE_ENDS) : lineEnd);
  const names = [...NAMES]
    .filter((name) => !isPlain || !name.startsWith(' '))
    .sort(() => random() - 0.5)
    .slice(0, width);
  const makers = names.map((_, index) => maker(random, isPlain && index === 0));
  const lines = [names.map((name) => written(random, name, separator, 0.1)).join(separator) + end()];
  const rows = upTo(random, 14);
  for (let row = 0; row < rows; row += 1) {
    if (!isPlain && random() < 0.04) lines.push(pick(random, ['', ' ', '  ', separator === '\t' ? ' ' : '\t']) + end());
    const values = makers.map((make) => written(random, make(), separator, 0.1));
    if (random() < 0.003) values.pop();
    if (random() < 0.003) values.push('9');
    lines.push(values.join(separator) + end());
  }
  let text = lines.join('');
  if (random() < 0.3) text = text.replace(/(\r\n|\n|\r)$/, '');
  if (!isPlain && random() < 0.1) text = end() + text;
  if (random() < 0.1) text = `\ufeff${text}`;
  return { separator, bytes: Buffer.from(text) };
}

/** Readers look at a file in parts of 64 KiB and more. */
const PART_BYTES = 64 << 10;

/** A file in which a line of the table, or a quote in it, crosses the end of a part: a long text stands before it. */
export function wideCase(seed: number): TableCase {
  const random = seededRandom(seed + 1_000_000);
  const { separator, bytes } = tableCase(seed);
  const table = bytes.toString('utf8').replace(/^[\r\n \t\ufeff]+/, '');
  const end = /\r\n|\n|\r/.exec(table.replaceAll(/"[^"]*"/g, (quoted) => '.'.repeat(quoted.length)));
  if (!end) return { separator, bytes };
  const header = table.slice(0, end.index + end[0].length);
  const columns = header.replaceAll(/"[^"]*"/g, '').split(separator).length;
  const size = PART_BYTES * (1 + upTo(random, 1)) - Buffer.byteLength(header) - upTo(random, 80);
  const row = [...Array<string>(columns - 1).fill('1'), random() < 0.5 ? 'x'.repeat(size) : `"${'y\n'.repeat(size / 2)}"`].join(separator);
  return { separator, bytes: Buffer.from(header + row + end[0] + table.slice(header.length)) };
}

/** A column: mostly of one kind, with gaps, and here and there something else. */
function maker(random: Random, isPlain: boolean): () => string {
  if (isPlain) return () => String(upTo(random, 1000));
  const kind = pick(random, KINDS);
  const gaps = random() < 0.4 ? random() * 0.5 : 0;
  const other = random() < 0.3 ? pick(random, KINDS) : kind;
  const padding = random() < 0.1;
  return () => {
    const value = random() < gaps ? pick(random, MISSING) : random() < 0.1 ? other(random) : kind(random);
    // pandas takes what is missing or a truth value only without spaces.
    const isBare = MISSING.includes(value) || /^(true|false)$/i.test(value);
    return padding && !isBare && random() < 0.5 ? ` ${value} ` : value;
  };
}

/** A value as it stands in the file: quoted where it must be, sometimes where it need not be, seldom in a way that is wrong. */
function written(random: Random, value: string, separator: string, more: number): string {
  const mustBe = value.includes(separator) || /[\r\n]/.test(value) || value.startsWith('"');
  const style = random();
  if (mustBe || style < more) return `"${value.replaceAll('"', '""')}"`;
  if (style < more + 0.01) return `${value}"`;
  return style < more + 0.02 ? `"${value.replaceAll('"', '""')}"x` : value;
}
