import { appendFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { systemClock } from '@trainer/runtime';
import { openDataset } from '../open-dataset.js';
import type { Column } from '../table.js';
import { DatasetCache } from './dataset-cache.js';
import { openThroughCache } from './through-cache.js';

/*
 * A process that reads a CSV file through a cache: FOLDER FILE COUNT ACT. Each time that the file itself is opened, its process id is added
 * to the file COUNT. It prints a checksum of all values, and its id.
 */

/** `die-opened`, `die-writing`: kills itself there. `write`: writes to a column of the cache. */
export type Act = 'read' | 'die-opened' | 'die-writing' | 'write';

const [folder = '', file = '', count = '', act = 'read'] = process.argv.slice(2);
const die = (when: Act): void => {
  if (act === when) process.kill(process.pid, 'SIGKILL');
};
const cache = new DatasetCache(
  { folder, quotaBytes: 2 ** 30, readBy: 'this build' },
  { clock: systemClock(), log: (line) => process.stderr.write(`${line}\n`), isCancelled: () => false, tick: () => die('die-writing') },
);
const dataset = await openThroughCache(cache, {
  dataset: { bucket: 'data', key: 'table.csv', etag: '1' },
  excluded: [],
  open: async () => {
    appendFileSync(count, `${process.pid}\n`);
    die('die-opened');
    return openDataset(file, 'table.csv', { threads: 1, maxRows: 1e9, maxUnpackedBytes: 1 });
  },
  check: async () => undefined,
  working: () => undefined,
});
const { columns } = await dataset.read(dataset.columnNames);
const [column] = columns;
if (act === 'write' && column?.kind === 'number') column.values[0] = -1;
process.stdout.write(`${columns.reduce((sum, one) => crc32(bytesOf(one), sum), 0)} ${process.pid}\n`);
dataset.close();

function bytesOf(column: Column): Uint8Array {
  const values = column.kind === 'text' ? column.codes : column.values;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}
