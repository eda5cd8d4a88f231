import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import type { Column, Dataset, Table } from '../table.js';
import { DatasetCache } from './dataset-cache.js';
import { openThroughCache, type DatasetWanted } from './through-cache.js';

/** A dataset that exists in memory alone, and how often it was fetched and read. */
export interface Source {
  readonly key: string;
  readonly columns: readonly Column[];
  readonly tableWarnings?: readonly string[];
  opened: number;
  readonly asked: (readonly string[])[];
  closed: number;
}

export function aSource(key: string, names: readonly string[], rows = 3, tableWarnings: readonly string[] = []): Source {
  const columns = names.map((name, index): Column => {
    const values = new Float64Array(rows).map((_, row) => (row === 1 ? NaN : index + row / 7));
    return { kind: 'number', name, values, isInteger: false, exact: null };
  });
  return { key, columns, tableWarnings, opened: 0, asked: [], closed: 0 };
}

function opened(source: Source, failure: Error | null): Dataset {
  const rows = source.columns[0]?.kind === 'number' ? source.columns[0].values.length : 0;
  const all = source.columns.map(({ name }) => name);
  return {
    format: 'csv',
    columnNames: all,
    rows,
    fingerprint: `sha256:of ${source.key}`,
    warnings: ['of the file'],
    async read(names): Promise<Table> {
      source.asked.push(names);
      if (failure) throw failure;
      const columns = names.flatMap((name) => source.columns.find((column) => column.name === name) ?? []);
      const missingTexts = columns.map(() => ({ NA: 1 }));
      return {
        rows,
        columns,
        warnings: source.tableWarnings ?? [],
        missingTexts,
        locate: async (row) => ({ unit: 'line', number: row + 2 }),
      };
    },
    close: () => (source.closed += 1),
  };
}

/** A folder of a cache, and ranks that read through it. */
export class CacheGround {
  readonly folder: string;
  readonly #parent = mkdtempSync(join(tmpdir(), 'trainer-cache-'));
  readonly log: string[] = [];
  readonly working: boolean[] = [];
  isCancelled = false;

  constructor(
    private readonly quotaBytes = 2 ** 30,
    private readonly clock: Clock = systemClock(),
    folder?: string,
  ) {
    this.folder = folder ?? join(this.#parent, 'datasets');
  }

  cache(readBy = 'this build'): DatasetCache {
    return new DatasetCache(
      { folder: this.folder, quotaBytes: this.quotaBytes, readBy },
      { clock: this.clock, log: (line) => this.log.push(line), isCancelled: () => this.isCancelled, tick: () => undefined },
    );
  }

  open(source: Source, changes: { readonly readBy?: string; readonly failure?: Error } & Partial<DatasetWanted> = {}): Promise<Dataset> {
    const { readBy, failure = null, ...wanted } = changes;
    return openThroughCache(this.cache(readBy), {
      dataset: { bucket: 'data', key: source.key, etag: '"1"' },
      excluded: [],
      open: async () => {
        source.opened += 1;
        return opened(source, failure);
      },
      check: async () => undefined,
      working: (isWorking) => this.working.push(isWorking),
      ...wanted,
    });
  }

  /** Opens the dataset and reads all that is not excluded. */
  async read(source: Source, changes: Parameters<CacheGround['open']>[1] = {}): Promise<Table> {
    const dataset = await this.open(source, changes);
    try {
      const left = new Set(changes.excluded);
      return await dataset.read(dataset.columnNames.filter((name) => !left.has(name)));
    } finally {
      dataset.close();
    }
  }

  /** Names of files whose name ends so. */
  files(ending = ''): string[] {
    return readdirSync(this.folder).filter((name) => name.endsWith(ending));
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true });
  }
}
