import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from './duck-db.js';
import { openDataset } from './open-dataset.js';
import type { Dataset, Table } from './table.js';

/** A folder for a test's files, and datasets opened from bytes in it. */
export interface DatasetFolder {
  open(content: string | Uint8Array, name?: string, limits?: { maxRows?: number; maxUnpackedBytes?: number }): Promise<Dataset>;
  /** Opens and reads all columns. */
  read(content: string | Uint8Array, name?: string): Promise<Table>;
  /** What opening and reading throws. */
  failure(content: string | Uint8Array, name?: string, limits?: { maxRows?: number; maxUnpackedBytes?: number }): Promise<unknown>;
  remove(): Promise<void>;
}

export async function datasetFolder(): Promise<DatasetFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-dataset-'));
  const closers: (() => void)[] = [];
  let files = 0;
  const open: DatasetFolder['open'] = async (content, name = 'table.csv', limits = {}) => {
    files += 1;
    const path = join(folder, `dataset-${files}`);
    await writeFile(path, content);
    const duckDb = await openDuckDb({ threads: 2, memoryBytes: 2 ** 30 });
    closers.push(() => duckDb.close());
    return openDataset(Promise.resolve(duckDb), path, name, { maxRows: 1e9, maxUnpackedBytes: 2 ** 30, ...limits });
  };
  const read: DatasetFolder['read'] = async (content, name) => {
    const dataset = await open(content, name);
    return dataset.read(dataset.columnNames);
  };
  return {
    open,
    read,
    failure: async (content, name, limits) => {
      try {
        const dataset = await open(content, name, limits);
        await dataset.read(dataset.columnNames);
      } catch (error) {
        return error;
      }
      return null;
    },
    async remove() {
      closers.forEach((close) => close());
      await rm(folder, { recursive: true });
    },
  };
}
