import { existsSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@trainer/model';
import { isLock, takeProcessLock } from '@trainer/runtime';

/** What the names of the cache's files end with. */
export const ENDING = { entry: '.columns', partial: '.partial', lock: '.lock' } as const;

/** Kept at most: a look at the folder stays a matter of milliseconds. */
const MAX_ENTRIES = 1_000;
/** What stays free of the disk: a tenth of it, and no more than datasets, logs and artifacts of some jobs need. */
const LEAST_FREE = { share: 0.1, bytes: 4 * 2 ** 30 };
/** Files beside a lock that its owner makes and removes within milliseconds; older ones were left by one that was killed. */
const LEFT_AFTER_MS = 3_600_000;

export interface RoomWanted {
  readonly folder: string;
  readonly quotaBytes: number;
  /** Of the entry that is about to be written. */
  readonly bytes: number;
}

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/**
 * Removes the entries that were used longest ago until all files together are within the quota and there is room on the disk; none where
 * that would not do. Files that are being written count with the length that they will have.
 * @returns whether there is room
 */
export function makeRoom({ folder, quotaBytes, bytes }: RoomWanted): boolean {
  const entries = oldestFirst(folder);
  const others = sizeOf(filesIn(folder, ENDING.partial));
  const wantedFree = bytes + leastFree(folder);
  if (others > quotaBytes || wantedFree > freeOn(folder) + sizeOf(entries)) return false;
  let taken = others + sizeOf(entries);
  let count = entries.length;
  const isEnough = (): boolean => taken <= quotaBytes && count < MAX_ENTRIES && freeOn(folder) >= wantedFree;
  for (const entry of entries) {
    if (isEnough()) return true;
    rmSync(entry.path, { force: true });
    taken -= entry.bytes;
    count -= 1;
  }
  return isEnough();
}

/** Removes the entries that were used longest ago until a file of this size has room on the disk, or none is left: work goes first. */
export function giveWay(folder: string, bytes: number): void {
  const wantedFree = bytes + leastFree(folder);
  for (const { path } of oldestFirst(folder)) {
    if (freeOn(folder) >= wantedFree) return;
    rmSync(path, { force: true });
  }
}

/** Removes what processes left that were killed while they read a dataset. */
export async function sweep(folder: string, clock: Clock): Promise<void> {
  const names = readdirSync(folder);
  for (const name of names.filter((one) => one.endsWith(ENDING.lock))) {
    const taken = await takeProcessLock(join(folder, name), { clock, patienceMs: 0 });
    if (isLock(taken)) await taken.release();
  }
  for (const name of names) {
    const path = join(folder, name);
    // Whoever writes one holds its lock.
    if (name.endsWith(ENDING.partial)) {
      if (!existsSync(`${path.slice(0, -ENDING.partial.length)}${ENDING.lock}`)) rmSync(path, { force: true });
    } else if (name.includes(`${ENDING.lock}.`)) {
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
      if (clock.wallMs() - mtimeMs > LEFT_AFTER_MS) rmSync(path, { force: true });
    }
  }
}

function oldestFirst(folder: string): CacheFile[] {
  return filesIn(folder, ENDING.entry).sort((a, b) => a.usedMs - b.usedMs || (a.path < b.path ? -1 : 1));
}

function filesIn(folder: string, ending: string): CacheFile[] {
  return readdirSync(folder).flatMap((name) => {
    if (!name.endsWith(ending)) return [];
    const path = join(folder, name);
    // Another process may remove it meanwhile.
    const found = statSync(path, { throwIfNoEntry: false });
    return found ? [{ path, bytes: found.size, usedMs: found.mtimeMs }] : [];
  });
}

function sizeOf(files: readonly CacheFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function freeOn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function leastFree(folder: string): number {
  const { blocks, bsize } = statfsSync(folder);
  return Math.min(LEAST_FREE.share * blocks * bsize, LEAST_FREE.bytes);
}
