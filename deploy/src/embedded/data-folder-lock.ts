import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFolderInUseError } from './errors.js';
import { codeOf } from './system-error.js';

/** A folder that no second process of ours uses meanwhile. */
export interface FolderLock {
  /** Idempotent. */
  readonly release: () => Promise<void>;
}

/** How often a lock that changes hands under us is looked at again before it counts as taken. */
const TRIES = 5;

/**
 * Locks a folder for this process. The lock is a file that names its owner by process id and start; one whose owner is gone,
 * or whose process id belongs to another process by now, is taken over.
 * @throws DataFolderInUseError naming the owner
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = join(folder, 'lock');
  const mine = `${String(process.pid)} ${await startOf(process.pid)}\n`;
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (await linkIfFree(draft, file)) return { release: () => releaseLock(file, mine) };
      const found = await readFile(file, 'utf8').catch(() => null);
      if (found === null) continue;
      const owner = await livingOwner(found);
      if (owner !== null) throw new DataFolderInUseError(folder, owner);
      await removeStale(file, found);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new DataFolderInUseError(folder, 0);
}

/** A hard link is made only where no such name is: two processes can't both have it. */
async function linkIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** @returns the process that holds the lock, or null when it is gone. */
async function livingOwner(text: string): Promise<number | null> {
  const [pidText = '', start = ''] = text.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || start === '') return null;
  return (await startOf(pid)) === start ? pid : null;
}

/** Takes the stale lock away, and puts it back when it turns out to be a new one: somebody else was quicker. */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await linkIfFree(aside, file);
  await rm(aside, { force: true });
}

async function releaseLock(file: string, mine: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found === mine) await rm(file, { force: true });
}

/** @returns when a process started, in whatever words the system has for it; empty when there is no such process. */
function startOf(pid: number): Promise<string> {
  return process.platform === 'linux' ? startByProc(pid) : startByPs(pid);
}

/** Field 22 of `/proc/PID/stat`, ticks since boot; the name before it is in parentheses and may contain anything. */
const START_AFTER_NAME = 19;

async function startByProc(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[START_AFTER_NAME] ?? '');
}

function startByPs(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], (_error, stdout) => resolve(stdout.trim().replaceAll(' ', '-')));
  });
}
