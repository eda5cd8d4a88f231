import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { writtenByDuckDb as parquet } from './duck-db.fixture.js';
import { datasetFolder, type DatasetFolder } from './dataset.fixture.js';
import { MAX_DISTINCT_TEXTS } from './limits.js';
import { MAX_COLUMNS } from './open-dataset.js';
import { numbersOf, type Column } from './table.js';

let folder: DatasetFolder;
beforeAll(async () => {
  folder = await datasetFolder();
});
afterAll(() => folder.remove());

const plain = (column: Column | undefined): unknown[] => {
  if (column === undefined) return [];
  if (column.kind === 'text') return [...column.codes].map((code) => column.labels[code] ?? null);
  return column.kind === 'boolean' ? [...column.values].map((value) => [false, true, null][value]) : [...column.values];
};

describe('what is read', () => {
  test('numbers, booleans, dates and text are told apart by all values', async () => {
    const { columns } = await folder.read('n,b,d,t\n1.5,True,2024-01-31,x\n-2e3,false,2024-02-01 10:30,y\n');
    expect(columns.map((column) => column.kind)).toEqual(['number', 'boolean', 'date', 'text']);
    expect(plain(columns[0])).toEqual([1.5, -2000]);
    expect(plain(columns[3])).toEqual(['x', 'y']);
  });
  test('a boolean column is 1 and 0 as numbers', async () => {
    const { columns } = await folder.read('b,n\nTRUE,1\nFalse,2\n,3\n');
    expect([...(columns[0] ? (numbersOf(columns[0]) ?? []) : [])]).toEqual([1, 0, NaN]);
  });
  test("pandas' missing tokens are missing in every kind of column", async () => {
    const { columns } = await folder.read('n,t\nNA,NULL\n,\n#N/A,n/a\nnan,None\n<NA>,null\n1,x\n');
    expect(plain(columns[0])).toEqual([NaN, NaN, NaN, NaN, NaN, 1]);
    expect(plain(columns[1])).toEqual([null, null, null, null, null, 'x']);
  });
  test('spaces around numbers and missing tokens do not make a column text', async () => {
    const { columns } = await folder.read('a,b\n 1, 2\n 3, NA\n');
    expect(plain(columns[1])).toEqual([2, NaN]);
  });
  test('a text far below the first rows makes the whole column text', async () => {
    const { columns } = await folder.read(`a,b\n${'1,2\n'.repeat(50_000)}1,late\n`);
    expect(columns[1]).toMatchObject({ kind: 'text', labels: ['2', 'late'] });
  });
  test('more late texts than the reader widens one by one still give their columns', async () => {
    const head = Array.from({ length: 12 }, (_, i) => `c${i}`).join(',');
    const late = Array.from({ length: 12 }, (_, i) => Array.from({ length: 12 }, (_x, k) => (k === i ? 'z' : '1')).join(',')).join('\n');
    const { columns } = await folder.read(`${head}\n${`${Array(12).fill('1').join(',')}\n`.repeat(5_000)}${late}\n`);
    expect(columns.map((column) => column.kind)).toEqual(Array(12).fill('text'));
  });
  test.each([
    ['semicolons', 'a;b\n1;2\n', 'x.csv'],
    ['tabs', 'a\tb\n1\t2\n', 'x.tsv'],
    ['bars', 'a|b\n1|2\n', 'x'],
    ['Windows line endings', 'a,b\r\n1,2\r\n', 'x.csv'],
    ['a byte order mark', '\ufeffa,b\n1,2\n', 'x.csv'],
    ['no line ending at the end', 'a,b\n1,2', 'x.csv'],
    ['blank lines', '\n\na,b\n\n1,2\n\n', 'x.csv'],
    ['quotes', '"a","b"\n"1","2"\n', 'x.csv'],
  ])('a table with %s reads as any other', async (_what, content, name) => {
    const { columns } = await folder.read(content, name);
    expect(columns.map((column) => [column.name, ...plain(column)])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });
  test('commas inside a .tsv are part of the value', async () => {
    const { columns } = await folder.read('a,x\tb\n1\t2\n', 'x.tsv');
    expect(columns.map((column) => column.name)).toEqual(['a,x', 'b']);
  });
  test('a gzip file reads as what is in it, whatever its name', async () => {
    expect((await folder.read(gzipSync('a,b\n1,2\n'), 'x')).rows).toBe(1);
  });
  test('odd column names are kept as they are', async () => {
    const names = ["it's", '; DROP TABLE x', 'ünï "q"', '*', '123', ' spaced '];
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',');
    const { columns } = await folder.read(`${header}\n1,2,3,4,5,6\n`);
    expect(columns.map((column) => column.name)).toEqual(names);
  });
  test('a column without a name is called by its position, as pandas does', async () => {
    expect((await folder.open(',a\n0,1\n')).columnNames).toEqual(['Unnamed: 0', 'a']);
  });
  test('only the columns asked for are read, in that order', async () => {
    const dataset = await folder.open('a,b,c\n1,x,3\n');
    expect((await dataset.read(['c', 'a'])).columns.map((column) => column.name)).toEqual(['c', 'a']);
  });
  test('10,000 columns are read', async () => {
    const wide = Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(',');
    expect((await folder.read(`${wide}\n${Array(10_000).fill('1.5').join(',')}\n`)).columns).toHaveLength(10_000);
  });
  test('the fingerprint is the hash of the file as stored', async () => {
    expect((await folder.open('a,b\n1,2\n')).fingerprint).toBe('sha256:492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470');
  });
  test('a first line of numbers is taken as the header, with a warning', async () => {
    expect((await folder.open('2019,2020\n3,4\n')).warnings).toHaveLength(1);
    expect((await folder.open('0,1\n3,4\n')).warnings).toEqual([]);
  });
  test('what pandas reads though it is odd is read', async () => {
    const { columns } = await folder.read('"a\nb","c""d"\r\n1,"2"x\n"3",5"\r"",\r\n   \n4,"x\r\ny"');
    expect(columns.map((column) => [column.name, ...plain(column)])).toEqual([
      ['a\nb', 1, 3, NaN, 4],
      ['c"d', '2x', '5"', null, 'x\r\ny'],
    ]);
  });
  test.each([
    ['', 'a;b\n1,5;2\n,25;x\n'],
    ["Excel's first line", 'sep=;\r\na;b\r\n1,5;2\r\n,25;x\r\n'],
  ])('decimal commas where the separator is none %s', async (_what, content) => {
    const { columns, warnings } = await folder.read(content);
    expect(columns.map((column) => [column.name, ...plain(column)])).toEqual([
      ['a', 1.5, 0.25],
      ['b', '2', 'x'],
    ]);
    expect(warnings).toEqual([]);
  });
  test('a comma that may separate thousands is told, and commas beside points are no numbers', async () => {
    const table = await folder.read('a;b\n1,234;1,5\n5;2.5\n');
    expect(table.columns.map((column) => plain(column))).toEqual([
      [1.234, 5],
      ['1,5', '2.5'],
    ]);
    expect(table.warnings).toEqual([expect.stringContaining('"a"'), expect.stringContaining('"b"')]);
  });
  test('the separator is the one by which the lines have as many values as the header', async () => {
    const { columns } = await folder.read('Length (cm, mean);Weight, kg;label\n1,5;2;x\n2;3;y\n');
    expect(columns.map(({ name }) => name)).toEqual(['Length (cm, mean)', 'Weight, kg', 'label']);
  });
  test('dates whose day and month can not be told apart stay text, with a warning', async () => {
    const table = await folder.read('d,e\n1/2/2024,13/2/2024\n3/4/2024,1/3/2024\n');
    expect(table.columns).toMatchObject([{ kind: 'text' }, { kind: 'date', spelling: 'DD/MM/YYYY' }]);
    expect(table.warnings).toEqual([expect.stringContaining('"d"')]);
  });
  test('more than a million distinct times are dates like any others', async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => new Date(i * 1e6).toISOString()).join(',1\n');
    expect((await folder.read(`t,y\n${rows},1\n`)).columns[0]).toMatchObject({ kind: 'date' });
  });
  test('integers beyond 2^53 keep their last digit, gaps or not', async () => {
    const { columns } = await folder.read('a,b\n9007199254740993,1\nNA,2\n-9223372036854775808,3\n');
    expect(columns[0]).toMatchObject({ isInteger: true, exact: BigInt64Array.from([9007199254740993n, 0n, -9223372036854775808n]) });
  });
  test('an integer is one that is written as one', async () => {
    const { columns } = await folder.read('a,b,c,d\n1,1.0,1e3,\n,2,2,\n');
    expect(columns.map((column) => column.kind === 'number' && column.isInteger)).toEqual([true, false, false, false]);
  });
  test('which texts stood for missing values is told', async () => {
    const table = await folder.read('a,b\n1,None\nNA,x\n NA ,None\n,y\n');
    expect(table.missingTexts).toEqual([{ NA: 2 }, { None: 2 }]);
  });
  test('a value of 3 MB', async () => {
    const { columns } = await folder.read(`a,b\n1,"${'x'.repeat(3e6)}"\n`);
    expect(plain(columns[1])).toEqual(['x'.repeat(3e6)]);
  });
});

describe('what is refused, and where', () => {
  test('a column of more texts than are kept', async () => {
    const content = `id,y\n${Array.from({ length: MAX_DISTINCT_TEXTS + 1 }, (_, row) => `u${row.toString(36)},1`).join('\n')}\n`;
    expect(String(await folder.failure(content))).toMatch(/Column "id" has more than 1000000 distinct texts/);
    const last = content.lastIndexOf('u');
    const { columns } = await folder.read(`${content.slice(0, last)}u0,1\n`);
    expect(columns[0]).toMatchObject({ kind: 'text', labels: { length: MAX_DISTINCT_TEXTS } });
  });
  const long = `a,b,y\n${'1,2,x\n'.repeat(60_000)}`;
  test.each<[string, string | Uint8Array, Record<string, unknown>]>([
    ['an empty file', '', { code: 'dataset.empty' }],
    ['a file of blank lines', '\n\n\n', { code: 'dataset.empty' }],
    ['a header alone', 'a,b\n', { code: 'dataset.no-rows', facts: { columns: 2 } }],
    ['a header without a line ending', 'a,b', { code: 'dataset.no-rows', facts: { columns: 2 } }],
    ['a short row', 'a,b,y\n1,2,x\n3,4\n', { code: 'dataset.ragged', facts: { line: 3, expected: 3, found: 2 } }],
    ['a long row', 'a,b,y\n1,2,x\n3,4,y,9\n', { code: 'dataset.ragged', facts: { line: 3, expected: 3, found: 4 } }],
    [
      'a short row far below',
      `${long}1\n${'1,2,x\n'.repeat(9)}`,
      { code: 'dataset.ragged', facts: { line: 60_002, expected: 3, found: 1 } },
    ],
    [
      'a short row below a value of two lines',
      'a,b,c\n1,"x\ny",2\n\n3,z\n',
      { code: 'dataset.ragged', facts: { line: 5, expected: 3, found: 2 } },
    ],
    ['a short row beside a quoted comma', 'a,b\n"1,5",2\n3\n', { code: 'dataset.ragged', facts: { line: 3, found: 1 } }],
    ['infinity below old Mac line endings', 'a,b\r1,2\r3,inf\r', { code: 'dataset.infinity', facts: { place: { number: 3 } } }],
    ['a quote that never ends', 'a,b\n1,"2\n3,4\n', { code: 'dataset.open-quote', facts: { line: 2 } }],
    [
      'a quote in a long file that never ends',
      `a,b\n${'1,2\n'.repeat(9)}1,"2\n${'x'.repeat(99)}`,
      { code: 'dataset.open-quote', facts: { line: 11 } },
    ],
    ['a header whose quote never ends', 'a,"b\n1,2\n', { code: 'dataset.open-quote', facts: { line: 1 } }],
    ['a record of 37 MiB', `a,b\n1,2\n3,"${'x'.repeat(37 << 20)}\n`, { code: 'dataset.line-too-long', facts: { line: 3 } }],
    ['a NUL far below', `${long}1,2,\0\n`, { code: 'dataset.nul', facts: { line: 60_002 } }],
    ['a table without a header', '5.1,3.5,1.4,0.2,setosa\n4.9,3.0,1.4,0.2,setosa\n', { code: 'dataset.no-header' }],
    ['a table of numbers without a header', '3,3,1\n2,1,0\n', { code: 'dataset.no-header' }],
    ['a title above the header', 'Sales 2024\nname,kg,y\na,1,0\nb,2,1\n', { code: 'dataset.title-line', facts: { line: 2, columns: 3 } }],
    ['a title and a blank line above the header', 'Sales;2024\n', { code: 'dataset.no-rows' }],
    ['Latin-1 text', Buffer.from('a,b\n1,2\n3,caf\xe9\n', 'latin1'), { code: 'dataset.encoding', facts: { line: 3 } }],
    [
      'Latin-1 far below',
      Buffer.concat([Buffer.from(long), Buffer.from('1,2,\xe9\n', 'latin1')]),
      { code: 'dataset.encoding', facts: { line: 60_002 } },
    ],
    [
      'a character that is cut off',
      Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0xc3]),
      { code: 'dataset.encoding', facts: { line: 2 } },
    ],
    ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), { code: 'dataset.not-a-table', facts: { what: 'is text in UTF-16' } }],
    ['a gzip file of JSON', gzipSync('[{"a":1}]'), { code: 'dataset.not-a-table', facts: { what: 'is JSON' } }],
    ['gzip that is cut', gzipSync(long).subarray(0, 200), { code: 'dataset.gzip' }],
    ['gzip with a wrong byte', Buffer.concat([gzipSync(long).subarray(0, 300), Buffer.alloc(200)]), { code: 'dataset.gzip' }],
    ['gzip in gzip', gzipSync(gzipSync('a,b\n1,2\n')), { code: 'dataset.unreadable' }],
    ['an Excel file', Buffer.from('PK\x03\x04xxxx'), { code: 'dataset.not-a-table' }],
    ['a broken Parquet file', Buffer.from('PAR1xxxxxxxxxxxxPAR1'), { code: 'dataset.unreadable' }],
    ['a name twice', 'a,b,a\n1,2,3\n', { code: 'dataset.duplicate-column', facts: { column: 'a', positions: [1, 3] } }],
    ['a name of 2,000 characters', `a,${'x'.repeat(2000)}\n1,2\n`, { code: 'dataset.column-name', facts: { position: 2, limit: 1024 } }],
    ['infinity', 'a,b\n1,2\n\n3,-inf\n', { code: 'dataset.infinity', facts: { column: 'b', place: { unit: 'line', number: 4 } } }],
    [
      'a number beyond double',
      'a,b\n1,2\n3,1e999\n',
      { code: 'dataset.infinity', facts: { column: 'b', place: { unit: 'line', number: 3 } } },
    ],
    ['infinity in a column of odd missing tokens', 'a,b\n1, NA\n3,Infinity\n', { code: 'dataset.infinity' }],
    [
      'more columns than the limit',
      `${Array.from({ length: MAX_COLUMNS + 1 }, (_, i) => `c${i}`).join(',')}\n1\n`,
      { code: 'dataset.too-many-columns', facts: { columns: MAX_COLUMNS + 1, limit: MAX_COLUMNS } },
    ],
  ])('%s', async (_what, content, expected) => {
    expect(await folder.failure(content)).toMatchObject({ retry: 'never', ...expected });
  });
  test('a row limit that is passed', async () => {
    expect(await folder.failure('a,b\n1,2\n3,4\n5,6\n', 'x.csv', { maxRows: 2 })).toMatchObject({
      code: 'dataset.too-many-rows',
      facts: { limit: 2 },
    });
  });
  test('a gzip file that unpacks to more than the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(3 << 20, 'a'));
    expect(await folder.failure(bomb, 'x.gz', { maxUnpackedBytes: 1 << 20 })).toMatchObject({ code: 'dataset.unpacked-too-large' });
  });
  test.each([-1, 0, 1, 2 ** 31 - 1])(
    "the message of a Parquet file whose footer says that it has %i bytes tells nothing of the node's folders",
    async (length) => {
      const size = Buffer.alloc(4);
      size.writeInt32LE(length);
      const error = await folder.failure(
        Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(100, 'x'), size, Buffer.from('PAR1')]),
        'x.parquet',
      );
      expect(error).toMatchObject({ code: 'dataset.unreadable' });
      expect(String(error)).not.toContain('/');
    },
  );
  test('the message of a ragged row says the line and what to do', async () => {
    expect(String(await folder.failure('a,b\n1\n'))).toContain('Line 2 of the dataset has 1 values; the header has 2. Give every line');
  });
});

describe('Parquet', () => {
  test('numbers of every width, booleans, text and dates are read', async () => {
    const bytes = await parquet(
      "SELECT 1::TINYINT i, 2.5::FLOAT f, 3.25::DECIMAL(8,2) d, true b, 'x' t, DATE '2024-01-31' w, NULL::BIGINT m",
    );
    const { columns } = await folder.read(bytes, 'x.parquet');
    expect(columns.map((column) => [column.kind, ...plain(column)])).toEqual([
      ['number', 1],
      ['number', 2.5],
      ['number', 3.25],
      ['boolean', true],
      ['text', 'x'],
      ['date', Date.UTC(2024, 0, 31) / 1000],
      ['number', NaN],
    ]);
  });
  test('nested columns are left out by name', async () => {
    const bytes = await parquet("SELECT [1,2] AS nested, 1 AS a, {'p': 1} AS s, 2 AS y");
    const dataset = await folder.open(bytes);
    expect(dataset.columnNames).toEqual(['a', 'y']);
    expect(dataset.warnings).toEqual([
      'Column "nested" has the type INTEGER[] and is left out.',
      'Column "s" has the type STRUCT(p INTEGER) and is left out.',
    ]);
  });
  test('texts stay texts, whatever they look like; null alone is missing', async () => {
    const bytes = await parquet("SELECT unnest(['01', '1', 'NA', '', NULL, 'true', '2024-01-31', repeat('long', 9)]) AS t");
    const { columns } = await folder.read(bytes);
    expect(plain(columns[0])).toEqual(['01', '1', 'NA', '', null, 'true', '2024-01-31', 'long'.repeat(9)]);
  });
  test('names that differ by case alone stay as they are', async () => {
    const dataset = await folder.open(await parquet('SELECT 1 AS "a", 2 AS "ab", 3 AS y'));
    expect(dataset.columnNames).toEqual(['a', 'ab', 'y']);
  });
  test('integers beyond 2^53 keep their last digit', async () => {
    const { columns } = await folder.read(await parquet('SELECT unnest([9007199254740993, NULL, -5])::BIGINT AS n, 1::UBIGINT AS u'));
    expect(columns[0]).toMatchObject({ isInteger: true, exact: BigInt64Array.from([9007199254740993n, 0n, -5n]) });
    expect(columns[1]).toMatchObject({ isInteger: true, exact: null });
  });
  test('integers beyond 64 bits with sign are rounded, with a warning', async () => {
    const table = await folder.read(await parquet('SELECT 18446744073709551615::UBIGINT AS u, 1 AS y'));
    expect(table.columns[0]).toMatchObject({ isInteger: true, exact: null });
    expect(table.warnings).toEqual([expect.stringContaining('"u"')]);
  });
  test('more columns than are read at a time, and more rows than a vector has', async () => {
    const select = Array.from({ length: 30 }, (_, i) => `x + ${i} AS c${i}`).join(', ');
    const { columns, rows } = await folder.read(await parquet(`SELECT ${select} FROM range(150000) t(x)`));
    expect([rows, columns.length]).toEqual([150_000, 30]);
    const ends = columns.map((column) => (column.kind === 'number' ? [column.values[0], column.values[75_000], column.values.at(-1)] : []));
    expect(ends).toEqual(columns.map((_, i) => [i, 75_000 + i, 149_999 + i]));
  });
  test('infinity is an error that names the row', async () => {
    const bytes = await parquet("SELECT x, CASE WHEN x = 2 THEN 'inf'::DOUBLE ELSE 1 END AS y FROM range(5) t(x)");
    expect(await folder.failure(bytes)).toMatchObject({
      code: 'dataset.infinity',
      facts: { column: 'y', place: { unit: 'row', number: 3 } },
    });
  });
});
