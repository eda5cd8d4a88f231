import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DATE_SPELLINGS, type DateSpelling } from '../dates.js';
import type { Column } from '../table.js';
import { openEntry, reserve, writeEntry } from './entry-file.js';
import { describeColumn, planEntry, type EntryDescription } from './entry-format.js';
import { DamagedEntryError } from './errors.js';

const folder = mkdtempSync(join(tmpdir(), 'trainer-entry-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);
const DATASET = { bucket: 'data', key: 'table.csv', etag: '"1"' };

interface Content {
  readonly rows: number;
  readonly columns: readonly Column[];
  readonly missingTexts: readonly Readonly<Record<string, number>>[];
}

function write(path: string, { rows, columns, missingTexts }: Content): EntryDescription {
  const description: EntryDescription = {
    dataset: DATASET,
    format: 'csv',
    fingerprint: 'sha256:00',
    rows,
    columnNames: columns.map(({ name }) => name),
    warnings: ['of the file'],
    tableWarnings: [],
    columns: columns.map((column, index) => describeColumn(column, missingTexts[index] ?? {})),
  };
  const target = openSync(path, 'w');
  const plan = planEntry(description);
  reserve(target, plan.layout.fileBytes);
  writeEntry(target, plan, columns, () => undefined);
  closeSync(target);
  return description;
}

async function read(path: string, names?: readonly string[]): Promise<Content & { readonly description: EntryDescription }> {
  const entry = openEntry(path, DATASET, 1_000);
  try {
    const { columns, missingTexts } = await entry.map(names ?? entry.description.columns.map(({ name }) => name));
    return { rows: entry.description.rows, columns, missingTexts, description: entry.description };
  } finally {
    entry.close();
  }
}

const double = fc.oneof(fc.double(), fc.constantFrom(NaN, 0, -0, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, -(2 ** 53)));
const label = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '\u0000', '\ufeffx', 'ä\r\n"', '\ufffd', '__proto__'));

/** Any column of so many rows. */
function column(name: string, rows: number): fc.Arbitrary<Column> {
  const many = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { minLength: rows, maxLength: rows });
  return fc.oneof(
    fc.record({
      kind: fc.constant('number' as const),
      name: fc.constant(name),
      values: many(double).map((values) => Float64Array.from(values)),
      isInteger: fc.boolean(),
      exact: fc.option(many(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => BigInt64Array.from(values))),
    }),
    fc.record({
      kind: fc.constant('boolean' as const),
      name: fc.constant(name),
      values: many(fc.integer({ min: 0, max: 2 })).map((values) => Uint8Array.from(values)),
    }),
    fc.record({
      kind: fc.constant('date' as const),
      name: fc.constant(name),
      values: many(double).map((values) => Float64Array.from(values)),
      spelling: fc.constantFrom(...(Object.keys(DATE_SPELLINGS) as DateSpelling[])),
    }),
    fc.record({
      kind: fc.constant('text' as const),
      name: fc.constant(name),
      codes: many(fc.integer({ min: -1, max: 1_000_000 })).map((values) => Int32Array.from(values)),
      labels: fc.array(label, { maxLength: 20 }),
    }),
  );
}

/** Names are any strings, halves of surrogates among them; no two are the same. */
const content: fc.Arbitrary<Content> = fc
  .tuple(fc.constantFrom(0, 1, 2, 7, 8, 9, 64), fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 6 }))
  .chain(([rows, names]) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.tuple(...names.map((name) => column(name, rows))),
      missingTexts: fc.array(fc.dictionary(fc.constantFrom('NA', 'NULL', '-1.#IND'), fc.nat()), {
        minLength: names.length,
        maxLength: names.length,
      }),
    }),
  );

const hasKept = (read: Content, written: Content): void => {
  expect(read.columns).toEqual(written.columns);
  expect(JSON.stringify(read.missingTexts)).toBe(JSON.stringify(written.missingTexts));
};

test('what is written is read again, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (written) => {
      const description = write(file('any'), written);
      const found = await read(file('any'));
      hasKept(found, written);
      expect(found.description).toEqual(description);
    }),
    { numRuns: 300 },
  );
});

const numbers = (name: string, values: Float64Array): Column => ({ kind: 'number', name, values, isInteger: false, exact: null });
const MIB = 'ä'.repeat(2 ** 19);
test.each<[string, Content]>([
  [
    '10,000 columns',
    { rows: 3, columns: Array.from({ length: 10_000 }, (_, at) => numbers(`${at}`, Float64Array.of(at, NaN, -at))), missingTexts: [] },
  ],
  [
    'texts of 1 MiB',
    {
      rows: 4,
      columns: [{ kind: 'text', name: 't', codes: Int32Array.of(2, 0, -1, 1), labels: [MIB, '', `${MIB}x`] }],
      missingTexts: [{}],
    },
  ],
  [
    '100,000 texts',
    {
      rows: 1,
      columns: [
        { kind: 'text', name: 't', codes: Int32Array.of(99_999), labels: Array.from({ length: 100_000 }, (_, at) => `label ${at}`) },
      ],
      missingTexts: [{ NA: 3 }],
    },
  ],
  [
    'columns that end on and around a piece of 1 MiB',
    {
      rows: 2 ** 17 + 1,
      columns: [
        numbers(
          'a',
          new Float64Array(2 ** 17 + 1).map((_, at) => at / 3),
        ),
        { kind: 'boolean', name: 'b', values: new Uint8Array(2 ** 17 + 1).fill(2) },
      ],
      missingTexts: [{}, {}],
    },
  ],
])('%s are read again', async (_what, written) => {
  write(file('large'), written);
  hasKept(await read(file('large')), { ...written, missingTexts: written.columns.map((_, at) => written.missingTexts[at] ?? {}) });
});

test('some of the columns are read, in the order asked', async () => {
  const columns = ['a', 'b', 'c'].map((name, at) => numbers(name, Float64Array.of(at)));
  write(file('some'), { rows: 1, columns, missingTexts: [{}, { NA: 1 }, { NULL: 2 }] });
  const { columns: found, missingTexts } = await read(file('some'), ['c', 'a']);
  expect(found.map(({ name }) => name)).toEqual(['c', 'a']);
  expect(missingTexts).toEqual([{ NULL: 2 }, {}]);
});

const SAMPLE: Content = {
  rows: 5,
  columns: [
    numbers('n', Float64Array.of(1, 2, NaN, 4, 5)),
    {
      kind: 'number',
      name: 'i',
      values: Float64Array.of(1, 2, 3, 4, 2 ** 60),
      isInteger: true,
      exact: BigInt64Array.of(1n, 2n, 3n, 4n, 2n ** 60n),
    },
    { kind: 'boolean', name: 'b', values: Uint8Array.of(0, 1, 2, 1, 0) },
    { kind: 'text', name: 't', codes: Int32Array.of(0, 1, -1, 0, 1), labels: ['one', 'two'] },
    { kind: 'date', name: 'd', values: Float64Array.of(0, 1e9, NaN, -5, 7), spelling: 'DD.MM.YYYY' },
  ],
  missingTexts: [{}, {}, {}, { NA: 1 }, {}],
};

async function outcome(bytes: Uint8Array): Promise<Content | 'damaged'> {
  writeFileSync(file('changed'), bytes);
  try {
    return await read(file('changed'));
  } catch (error) {
    if (error instanceof DamagedEntryError) return 'damaged';
    throw error;
  }
}

test('a file that was cut anywhere is damaged', async () => {
  write(file('whole'), SAMPLE);
  const whole = readFileSync(file('whole'));
  for (let length = 0; length < whole.length; length += 1) expect(await outcome(whole.subarray(0, length))).toBe('damaged');
  expect(await outcome(Buffer.concat([whole, Buffer.alloc(8)]))).toBe('damaged');
});
test('a bit that was flipped anywhere is found, or was never used', async () => {
  write(file('whole'), SAMPLE);
  const whole = readFileSync(file('whole'));
  let unused = 0;
  for (let at = 0; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    const found = await outcome(flipped);
    if (found === 'damaged') continue;
    hasKept(found, SAMPLE);
    unused += 1;
  }
  // What fills up the parts to multiples of eight: of 5 booleans, 5 codes and 6 bytes of text.
  expect(unused).toBe(3 + 4 + 2);
});
test('a file of anything is damaged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      expect(await outcome(bytes)).toBe('damaged');
      expect(await outcome(Buffer.concat([Buffer.from('trn-cols'), bytes]))).toBe('damaged');
    }),
  );
});
test('an entry of another dataset, or another version, is damaged', async () => {
  write(file('other'), SAMPLE);
  expect(() => openEntry(file('other'), { ...DATASET, etag: '"2"' }, 0)).toThrow('of another dataset');
  const newer = readFileSync(file('other'));
  newer.writeUInt32LE(99, 8);
  writeFileSync(file('newer'), newer);
  expect(() => openEntry(file('newer'), DATASET, 0)).toThrow('another version');
});
test('an entry that is removed while it is open is still read', async () => {
  write(file('open'), SAMPLE);
  copyFileSync(file('open'), file('open-copy'));
  const entry = openEntry(file('open-copy'), DATASET, 0);
  rmSync(file('open-copy'));
  const { columns, letGo } = await entry.map(['n', 't']);
  entry.close();
  letGo();
  expect(columns).toEqual([SAMPLE.columns[0], SAMPLE.columns[3]]);
});
