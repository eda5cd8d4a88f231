import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { openDataset, type Column } from '@trainer/training/internal';

/* Files that test/python/write_parquet.py wrote with the programs that people use. */

interface Read {
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  readonly warnings: readonly string[];
}

async function read(name: string): Promise<Read> {
  const path = fileURLToPath(new URL(`../../fixtures/parquet/${name}.parquet`, import.meta.url));
  const dataset = await openDataset(path, 'table', {
    threads: 1,
    maxRows: 1e9,
    maxUnpackedBytes: 1e9,
  });
  const { columns, warnings } = await dataset.read(dataset.columnNames);
  dataset.close();
  return {
    columns: Object.fromEntries(columns.map((column) => [column.name, [typeOf(column), ...values(column)]])),
    warnings: [...dataset.warnings, ...warnings],
  };
}

function typeOf(column: Column): string {
  return column.kind === 'number' && column.isInteger ? 'integer' : column.kind;
}

function values(column: Column): unknown[] {
  switch (column.kind) {
    case 'text':
      return Array.from(column.codes, (code) => (code < 0 ? null : column.labels[code]));
    case 'boolean':
      return Array.from(column.values, (value) => [false, true, null][value]);
    case 'number':
      return column.exact ? [...column.exact] : [...column.values];
    case 'date':
      return [...column.values];
  }
}

test('every type of an Arrow table is what Arrow says it is', async () => {
  const { columns, warnings } = await read('arrow');
  expect(columns).toEqual({
    a: ['integer', 1, NaN, 3],
    A: ['text', '01', null, ''],
    i8: ['integer', 1, NaN, -128],
    u64: ['integer', 1, NaN, 2 ** 64],
    big: ['integer', 2n ** 60n + 1n, -5n, 0n],
    half: ['number', 1.5, NaN, NaN],
    flag: ['boolean', true, null, false],
    day: ['date', Date.UTC(2024, 0, 31) / 1000, NaN, Date.UTC(1960, 0, 1) / 1000],
    ns: ['date', 1_700_000_000.5, NaN, 0],
    zoned: ['date', 1_700_000_000.123, NaN, 0],
    price: ['number', 1.25, NaN, -3],
    level: ['text', 'low', null, 'high'],
    wide: ['text', 'NA', null, 'a text of more than twelve bytes'],
    nothing: ['integer', NaN, NaN, NaN],
  });
  const leftOut = warnings.filter((warning) => warning.endsWith('and is left out.')).map((warning) => warning.split('"')[1]);
  expect(leftOut).toEqual(['list', 'struct', 'bytes', 'clock']);
});
test.each(['pandas', 'pandas-index', 'pandas-named-index'])('%s is read as pd.read_parquet shows it', async (name) => {
  expect((await read(name)).columns).toEqual({ a: ['integer', 1, 2, 3], label: ['text', 'x', 'y', 'x'] });
});
test('an index with a name of its own is left out with a warning', async () => {
  expect((await read('pandas-named-index')).warnings).toEqual(['Column "id" is the index that pandas stored; it is left out.']);
});
test('polars', async () => {
  expect((await read('polars')).columns).toEqual({
    n: ['integer', 1, NaN, 3],
    t: ['text', 'x', null, '01'],
    c: ['text', 'u', 'v', null],
    d: ['date', Date.UTC(2024, 0, 31) / 1000, NaN, Date.UTC(1960, 0, 1) / 1000],
    f: ['number', 0.5, NaN, NaN],
  });
});
test.each(['encrypted-column', 'encrypted-columns'])(
  'a file whose footer can be read and whose columns can not is refused as such: %s',
  async (name) => {
    await expect(read(name)).rejects.toThrow(/its columns are encrypted/);
  },
);
