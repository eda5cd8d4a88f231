import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toErrorData, type Clock } from '@trainer/model';
import { isLock, sleep, takeProcessLock } from '@trainer/runtime';
import type { Dataset, Table } from '../table.js';
import { markUsed, openEntry, reserve, writeEntry, type Entry } from './entry-file.js';
import { describeColumn, planEntry, type DatasetId, type EntryDescription } from './entry-format.js';
import { DamagedEntryError, WaitCancelledError } from './errors.js';
import { ENDING, giveWay, makeRoom, sweep } from './room.js';

/** Where a cache lies, and what it may take. */
export interface CacheSettings {
  /** Shared by all processes of one agent; made when it is first written to. */
  readonly folder: string;
  /** Of all entries together; 0: there is no cache. */
  readonly quotaBytes: number;
  /** What reads datasets: entries that another build has read are not used. */
  readonly readBy: string;
}

export interface CachePorts {
  readonly clock: Clock;
  /** To the job's log. */
  readonly log: (line: string) => void;
  readonly isCancelled: () => boolean;
  /** The work goes on. */
  readonly tick: () => void;
}

/** Who reads a dataset: an entry that another has written, this process, which others wait for, or this process without the cache. */
export type Claim =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'reader'; readonly release: () => Promise<void> }
  | { readonly kind: 'alone' };

/** How soon a reader's end is seen by those that wait: short beside reading, long beside looking. */
const LOOK_EVERY_MS = 50;
/** A lock whose owner died is not taken away by anybody else. Asking after the owner costs a few files, so not at every look. */
const ASK_EVERY_MS = 500;
/** Its agent ends a reader that stands still for ten minutes; one that takes longer has more to read than is worth waiting for. */
const PATIENCE_MS = 600_000;

/**
 * Columns of datasets as they were read, kept for all ranks of a node that need them after: a folder with a file for each dataset
 * and choice of columns, mapped read-only by those that use it.
 *
 * C1. A file is visible under its name only when it is whole, and is never changed afterwards: only removed, which hurts nobody that has it open.
 * C2. One process at a time reads a dataset; its lock dies with it.
 * C3. What goes wrong with the cache costs time, never the job: the dataset is then read without it.
 * C4. All files together take no more than the quota, and leave room on the disk (`makeRoom`).
 */
export class DatasetCache {
  constructor(
    private readonly settings: CacheSettings,
    private readonly ports: CachePorts,
  ) {}

  /** @returns an entry of this dataset with all columns but these; damaged ones are removed. */
  find(dataset: DatasetId, excluded: readonly string[]): Entry | null {
    for (const path of this.#entriesOf(dataset)) {
      const entry = this.#open(path, dataset);
      if (entry !== null && serves(entry.description, excluded)) return entry;
      entry?.close();
    }
    return null;
  }

  /**
   * Waits while another process reads the dataset.
   * @throws WaitCancelledError
   */
  async claim(dataset: DatasetId, excluded: readonly string[]): Promise<Claim> {
    if (this.settings.quotaBytes === 0) return { kind: 'alone' };
    try {
      mkdirSync(this.settings.folder, { recursive: true, mode: 0o700 });
      return await this.#claim(dataset, excluded);
    } catch (error) {
      if (error instanceof WaitCancelledError) throw error;
      this.note(error);
      return { kind: 'alone' };
    }
  }

  /** Keeps what a reader has read; by the one that has the claim. */
  async keep(dataset: DatasetId, source: Dataset, { rows, columns, warnings, missingTexts }: Table): Promise<void> {
    const { folder, quotaBytes } = this.settings;
    const plan = planEntry({
      dataset,
      format: source.format,
      fingerprint: source.fingerprint,
      rows,
      columnNames: source.columnNames,
      warnings: source.warnings,
      tableWarnings: warnings,
      columns: columns.map((column, index) => describeColumn(column, missingTexts[index] ?? {})),
    });
    const { fileBytes } = plan.layout;
    if (fileBytes > quotaBytes) return;
    const partial = this.#path(dataset, ENDING.partial);
    try {
      await sweep(folder, this.ports.clock);
      rmSync(partial, { force: true });
      const file = openSync(partial, 'wx', 0o400);
      try {
        reserve(file, fileBytes);
        if (!makeRoom({ folder, quotaBytes, bytes: fileBytes })) return;
        writeEntry(file, plan, columns, this.ports.tick);
        markUsed(file, this.ports.clock.wallMs());
      } finally {
        closeSync(file);
      }
      const names = columns.map(({ name }) => name).sort();
      renameSync(partial, this.#path(dataset, `-${hashOf(names).slice(0, 16)}${ENDING.entry}`));
    } catch (error) {
      this.note(error);
    } finally {
      this.#remove(partial);
    }
  }

  /** Removes an entry that is damaged. @returns whether it is gone */
  discard(path: string, error: DamagedEntryError): boolean {
    this.ports.log(`${error.message} It is removed, and the dataset is read anew.`);
    return this.#remove(path);
  }

  /** Says in the log why the cache is of no use now. */
  note(error: unknown): void {
    this.ports.log(`The dataset cache can't be used now: ${toErrorData(error).message}`);
  }

  /** The cache makes way for a file of this size that is about to be written to its disk. */
  giveWay(bytes: number): void {
    const { folder, quotaBytes } = this.settings;
    try {
      if (quotaBytes > 0 && existsSync(folder)) giveWay(folder, bytes);
    } catch (error) {
      this.note(error);
    }
  }

  async #claim(dataset: DatasetId, excluded: readonly string[]): Promise<Claim> {
    const { clock, isCancelled } = this.ports;
    const lock = this.#path(dataset, ENDING.lock);
    const startedMs = clock.monotonicMs();
    for (let askedMs = -Infinity; clock.monotonicMs() - startedMs < PATIENCE_MS;) {
      if (isCancelled()) throw new WaitCancelledError();
      const isDue = clock.monotonicMs() - askedMs >= ASK_EVERY_MS || !existsSync(lock);
      const taken = isDue ? await takeProcessLock(lock, { clock, patienceMs: 0 }) : null;
      if (isDue) askedMs = clock.monotonicMs();
      const reader = taken !== null && isLock(taken) ? taken : null;
      const entry = this.find(dataset, excluded);
      if (entry === null && reader !== null) return { kind: 'reader', release: () => reader.release() };
      await reader?.release();
      if (entry !== null) return { kind: 'entry', entry };
      await sleep(clock, LOOK_EVERY_MS);
    }
    return { kind: 'alone' };
  }

  #entriesOf(dataset: DatasetId): string[] {
    const { folder, quotaBytes } = this.settings;
    if (quotaBytes === 0 || !existsSync(folder)) return [];
    const beginning = this.#path(dataset, '-');
    try {
      const paths = readdirSync(folder).map((name) => join(folder, name));
      return paths.filter((path) => path.startsWith(beginning) && path.endsWith(ENDING.entry));
    } catch (error) {
      this.note(error);
      return [];
    }
  }

  #remove(path: string): boolean {
    try {
      rmSync(path, { force: true });
      return true;
    } catch (error) {
      this.note(error);
      return false;
    }
  }

  #open(path: string, dataset: DatasetId): Entry | null {
    try {
      return openEntry(path, dataset, this.ports.clock.wallMs());
    } catch (error) {
      if (error instanceof DamagedEntryError) this.discard(path, error);
      // One that was just removed by another process is no news.
      else if (existsSync(path)) this.note(error);
      return null;
    }
  }

  #path(dataset: DatasetId, ending: string): string {
    const { folder, readBy } = this.settings;
    const { bucket, key, etag } = dataset;
    return join(folder, `${hashOf([bucket, key, etag, readBy]).slice(0, 32)}${ending}`);
  }
}

/** Can the table without the excluded columns be read from the entry? */
function serves({ columnNames, columns, tableWarnings }: EntryDescription, excluded: readonly string[]): boolean {
  const left = new Set(excluded);
  const kept = new Set(columns.map(({ name }) => name));
  const wanted = columnNames.filter((name) => !left.has(name));
  return wanted.every((name) => kept.has(name)) && (tableWarnings.length === 0 || wanted.length === columns.length);
}

function hashOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
