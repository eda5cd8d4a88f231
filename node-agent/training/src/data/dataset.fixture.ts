import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset, type DatasetReading } from './open-dataset.js';
import type { Dataset, Table } from './table.js';

type Reading = Partial<DatasetReading>;

/** A folder for a test's files, and datasets opened from bytes in it. */
export interface DatasetFolder {
  open(content: string | Uint8Array, name?: string, reading?: Reading): Promise<Dataset>;
  /** Opens and reads all columns. */
  read(content: string | Uint8Array, name?: string, reading?: Reading): Promise<Table>;
  /** What opening and reading throws. */
  failure(content: string | Uint8Array, name?: string, reading?: Reading): Promise<unknown>;
  remove(): Promise<void>;
}

export async function datasetFolder(): Promise<DatasetFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-dataset-'));
  const closers: (() => void)[] = [];
  let files = 0;
  const open: DatasetFolder['open'] = async (content, name = 'table.csv', reading = {}) => {
    files += 1;
    const path = join(folder, `dataset-${files}`);
    await writeFile(path, content);
    const dataset = await openDataset(path, name, { threads: 1, maxRows: 1e9, maxUnpackedBytes: 2 ** 30, ...reading });
    closers.push(() => dataset.close());
    return dataset;
  };
  const read: DatasetFolder['read'] = async (content, name, reading) => {
    const dataset = await open(content, name, reading);
    return dataset.read(dataset.columnNames);
  };
  return {
    open,
    read,
    failure: async (content, name, reading) => {
      try {
        await read(content, name, reading);
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
