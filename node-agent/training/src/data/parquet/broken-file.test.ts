import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { datasetFolder, type DatasetFolder } from '../dataset.fixture.js';
import { writtenByDuckDb } from '../duck-db.fixture.js';
import { DatasetError } from '../errors.js';

let folder: DatasetFolder;
let files: Uint8Array[];
beforeAll(async () => {
  folder = await datasetFolder();
  const select = `SELECT x AS n, CASE WHEN x % 3 = 0 THEN NULL ELSE 'text ' || x % 7 END AS t, x % 2 = 0 AS b, x / 7 AS f,
    DATE '2024-01-31' AS d, (x * 1.25)::DECIMAL(20, 2) AS p FROM range(40) t(x)`;
  files = [
    await writtenByDuckDb(select, ', COMPRESSION uncompressed'),
    await writtenByDuckDb(select, ', COMPRESSION snappy, PARQUET_VERSION v2'),
    await writtenByDuckDb(select, ', COMPRESSION zstd, ROW_GROUP_SIZE 7'),
  ];
});
afterAll(() => folder.remove());

test('a file with wrong bytes is a table or is refused as broken, and ends in either case', async () => {
  const wrong = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.boolean()), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 2 }), wrong, async (file, changes) => {
      const bytes = Buffer.from(files[file] ?? []);
      const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
      for (const [at, byte, isFooter] of changes)
        bytes[isFooter ? footer + (at % (bytes.length - 4 - footer)) : 4 + (at % (footer - 4))] = byte;
      const error = await folder.failure(bytes, 'x.parquet', { maxRows: 1_000_000 });
      if (error === null) return;
      expect(error).toBeInstanceOf(DatasetError);
      expect(String(error)).not.toMatch(/is not a function|field_|\/tmp/);
    }),
    { numRuns: 600 },
  );
});
test('a page whose head says nothing of its length is broken', async () => {
  const bytes = Buffer.from(files[0] ?? []);
  // The first page's head: fields of another number, which nobody asks for.
  bytes.fill(0, 4, 40);
  expect(await folder.failure(bytes, 'x.parquet')).toMatchObject({ code: 'dataset.unreadable' });
});
