import { closeSync, fstatSync, ftruncateSync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Column, Table } from '../table.js';
import {
  checkPart,
  columnIn,
  decodeHead,
  partsOf,
  type DatasetId,
  type EntryDescription,
  type EntryHead,
  type EntryPlan,
} from './entry-format.js';
import { DamagedEntryError } from './errors.js';
import { mapFile, type MappedFile } from './mapped-file.js';

/** An entry whose beginning was read and checked. It stays readable when its file is removed. */
export interface Entry {
  readonly path: string;
  readonly description: EntryDescription;
  /**
   * Maps the file and checks the columns of these names. Columns of numbers lie where all processes of this machine share them.
   * @throws DamagedEntryError, or the system's error where the file can't be mapped
   */
  map(names: readonly string[]): Promise<MappedColumns>;
  /** Afterwards `map` can't be called. What is mapped stays. Idempotent. */
  close(): void;
}

export interface MappedColumns {
  readonly columns: readonly Column[];
  readonly missingTexts: Table['missingTexts'];
  /** Takes what was looked at out of this process's memory. */
  readonly letGo: () => void;
}

/**
 * Opens an entry. @param usedMs when it is used: the one that was used longest ago goes first
 * @throws DamagedEntryError, or the system's error where there is no such file
 */
export function openEntry(path: string, dataset: DatasetId, usedMs: number): Entry {
  const file = openSync(path, 'r');
  try {
    const head = decodeHead((bytes) => readStart(file, bytes), fstatSync(file).size);
    const { bucket, key, etag } = head.description.dataset;
    if (bucket !== dataset.bucket || key !== dataset.key || etag !== dataset.etag) throw new DamagedEntryError('it is of another dataset');
    markUsed(file, usedMs);
    return openedEntry(path, file, head);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function openedEntry(path: string, file: number, head: EntryHead): Entry {
  let isOpen = true;
  return {
    path,
    description: head.description,
    async map(names) {
      const mapped = await mapFile(file, head.fileBytes);
      const indices = new Map(head.description.columns.map(({ name }, index) => [name, index]));
      return columnsIn(
        mapped,
        head,
        names.map((name) => indices.get(name) ?? -1),
      );
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

function columnsIn({ buffer, letGo }: MappedFile, { description, parts }: EntryHead, indices: readonly number[]): MappedColumns {
  const kept = indices.map((index) => {
    const column = description.columns[index];
    const places = parts[index];
    if (!column || !places) throw new RangeError('Only columns that are kept can be mapped.');
    places.forEach((part) => checkPart(buffer, part, column.name));
    return { column: columnIn(buffer, column, places, description.rows), missingTexts: column.missingTexts };
  });
  return { columns: kept.map(({ column }) => column), missingTexts: kept.map(({ missingTexts }) => missingTexts), letGo };
}

/**
 * Writes an entry to an open file, which has its length beforehand, so that whoever looks at the folder meanwhile counts it.
 * @param tick called every MiB or so
 */
export function writeEntry(file: number, plan: EntryPlan, columns: readonly Column[], tick: () => void): void {
  const { parts } = plan.layout;
  const checksums: number[] = [];
  columns.forEach((column, index) => {
    partsOf(column).forEach((content, part) => {
      let at = parts[index]?.[part]?.at ?? 0;
      let checksum = 0;
      for (const piece of content.pieces()) {
        checksum = crc32(piece, checksum);
        writeAll(file, piece, at);
        at += piece.length;
        tick();
      }
      checksums.push(checksum);
    });
  });
  writeAll(file, plan.head(checksums), 0);
}

/** Gives a new file the length that it will have. Its blocks are taken as it is written. */
export function reserve(file: number, bytes: number): void {
  ftruncateSync(file, bytes);
}

/** Notes on the file when it was used. */
export function markUsed(file: number, usedMs: number): void {
  futimesSync(file, usedMs / 1_000, usedMs / 1_000);
}

function writeAll(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

function readStart(file: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let length = 0;
  while (length < bytes) {
    const read = readSync(file, buffer, length, bytes - length, length);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}
