import type { Place } from '../errors.js';
import type { Dataset, Table } from '../table.js';
import type { DatasetCache } from './dataset-cache.js';
import type { Entry } from './entry-file.js';
import type { DatasetId } from './entry-format.js';
import { DamagedEntryError } from './errors.js';

/** A dataset that is wanted, and how it is had without the cache. */
export interface DatasetWanted {
  readonly dataset: DatasetId;
  readonly excluded: readonly string[];
  /** Fetches and opens its file. */
  open(): Promise<Dataset>;
  /** Is the object still the one that was submitted? @throws DatasetChangedError */
  check(): Promise<void>;
  /** Whether this process works, or waits for another one or the store from now on. */
  working(isWorking: boolean): void;
}

/**
 * Opens a dataset from the cache, where it is; else fetches it, and what is read of it is kept for those that come after. While another
 * process reads it, it is waited for. Both ways give the same columns.
 * @throws WaitCancelledError, and what `open` and `check` throw
 */
export async function openThroughCache(cache: DatasetCache, wanted: DatasetWanted): Promise<Dataset> {
  wanted.working(false);
  const entry = cache.find(wanted.dataset, wanted.excluded);
  const claim = entry === null ? await cache.claim(wanted.dataset, wanted.excluded) : ({ kind: 'entry', entry } as const);
  try {
    if (claim.kind === 'entry') await wanted.check();
    const dataset = claim.kind === 'entry' ? keptDataset(cache, wanted, claim.entry) : await wanted.open();
    wanted.working(true);
    return claim.kind === 'reader' ? sharedDataset(cache, wanted.dataset, dataset, claim.release) : dataset;
  } catch (error) {
    if (claim.kind === 'entry') claim.entry.close();
    if (claim.kind === 'reader') await claim.release();
    throw error;
  }
}

/** A dataset that others wait for: what is read first is kept. */
function sharedDataset(cache: DatasetCache, id: DatasetId, dataset: Dataset, release: () => Promise<void>): Dataset {
  let isClaimed = true;
  const releaseOnce = async (): Promise<void> => {
    if (isClaimed) await release();
    isClaimed = false;
  };
  return {
    ...dataset,
    async read(names) {
      try {
        const table = await dataset.read(names);
        if (isClaimed) await cache.keep(id, dataset, table);
        return table;
      } finally {
        await releaseOnce();
      }
    },
    close() {
      dataset.close();
      // A lock that can't be removed is stale once this process is gone.
      releaseOnce().catch(() => undefined);
    },
  };
}

/** A dataset whose columns lie in the cache. */
function keptDataset(cache: DatasetCache, wanted: DatasetWanted, entry: Entry): Dataset {
  const { format, columnNames, rows, fingerprint, warnings, tableWarnings } = entry.description;
  const closers = [() => entry.close()];
  const anew = (error: unknown): Promise<Dataset> => {
    if (!(error instanceof DamagedEntryError)) cache.note(error);
    else if (cache.discard(entry.path, error)) return openThroughCache(cache, wanted);
    return wanted.open();
  };
  const locate = locatorOf(wanted, format, (close) => closers.push(close));
  return {
    format,
    columnNames,
    rows,
    fingerprint,
    warnings,
    async read(names) {
      try {
        const { letGo, ...columns } = await entry.map(names);
        closers.push(letGo);
        return { rows, warnings: tableWarnings, ...columns, locate };
      } catch (error) {
        const dataset = await anew(error);
        closers.push(() => dataset.close());
        return dataset.read(names);
      }
    },
    close() {
      for (const close of closers.splice(0)) close();
    },
  };
}

/** Finds rows of what is kept in the file, which is fetched again for an error's message; where that fails, the row says it too. */
function locatorOf(wanted: DatasetWanted, format: Dataset['format'], onOpen: (close: () => void) => void): Table['locate'] {
  const fetch = async (): Promise<Table> => {
    wanted.working(false);
    const dataset = await wanted.open();
    wanted.working(true);
    onOpen(() => dataset.close());
    return dataset.read([]);
  };
  let fetched: Promise<Table> | null = null;
  return async (row) => {
    const place: Place = { unit: 'row', number: row + 1 };
    if (format === 'parquet') return place;
    try {
      const table = await (fetched ??= fetch());
      return await table.locate(row);
    } catch {
      return place;
    }
  };
}
