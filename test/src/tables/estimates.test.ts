import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { tableOfFile } from '@trainer/head/internal';

/* The size of files that test/python/write_parquet.py wrote with the programs that people use, by their metadata. */

async function tableOf(name: string, target: string | null) {
  const file = await readFile(fileURLToPath(new URL(`../../fixtures/parquet/${name}.parquet`, import.meta.url)));
  const asked = { bucket: 'b', key: 'k', etag: 'e', bytes: file.length, target, hasTarget: true, excluded: [], hasClasses: true };
  return tableOfFile(asked, async ({ first, last }) => file.subarray(first, last + 1));
}

test.each([
  ['pandas', 'label', { rows: 3, columns: 1 }],
  ['pandas-index', 'label', { rows: 3, columns: 2 }],
  // A number, two texts of unknown levels, a date; the target is a number.
  ['polars', 'f', { rows: 3, columns: 1 + 8 + 8 + 6 }],
  ['polars', null, { rows: 3, columns: 1 + 8 + 8 + 6 }],
])('%s with target %s', async (name, target, table) => expect(await tableOf(name, target)).toMatchObject(table));

test('every type of an Arrow table counts', async () => {
  const { rows = 0, columns = 0 } = (await tableOf('arrow', 'flag')) ?? {};
  expect(rows).toBe(3);
  expect(columns).toBeGreaterThan(17);
});
