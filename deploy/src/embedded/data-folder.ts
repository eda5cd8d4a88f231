import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLock, takeProcessLock, type ProcessLock, type ProcessLockOptions } from '@trainer/runtime';
import { makeFolders } from '@trainer/storage';
import { codeOf } from '../system-error.js';
import {
  DataFolderAccessError,
  DataFolderInUseError,
  DataFolderVersionError,
  DiskFullError,
  megabytes,
  ServerFailedError,
} from './errors.js';

/** The folder of an embedded cluster. */
export interface DataFolder {
  readonly path: string;
  /** The secret of the control plane: gRPC, NATS and PostgreSQL ask for it. */
  readonly secret: string;
  /** Whether this call made the folder. */
  readonly isNew: boolean;
}

/** How what lies in the folder is laid out; raised whenever an older Trainer could not read it, or a newer needs a migration. */
export const DATA_FOLDER_VERSION = '1';

/** A fresh PostgreSQL takes 31 MB and its log grows to 48; a cluster that starts with less fails within minutes. */
export const LEAST_FREE_BYTES = 128 * 1024 * 1024;

/**
 * Less than this is said to be short: PostgreSQL makes the files of its log ahead, of 16 MiB each, and a checkpoint may need two of them. What is
 * uploaded, and models, take from the same disk.
 */
export const SHORT_OF_ROOM_BYTES = 32 * 1024 * 1024;

/**
 * @returns why changes will fail soon and what to do, as people read it; null while the disk of the folder has room, and where nobody can tell
 */
export async function shortOfRoom(path: string, leastFreeBytes: number = SHORT_OF_ROOM_BYTES): Promise<string | null> {
  const freeBytes = await freeBytesOf(path).catch(() => Infinity);
  if (freeBytes >= leastFreeBytes) return null;
  return `The disk of ${path} is nearly full (${megabytes(freeBytes)} free): make room on it before changes fail.`;
}

/**
 * Makes the folder where it is missing (0700, as it holds the secret) and locks it. What is still ending of an earlier cluster on it
 * is waited for; a cluster that runs is not.
 * @throws DataFolderInUseError, DiskFullError, DataFolderAccessError
 */
export async function lockDataFolder(path: string, options: ProcessLockOptions): Promise<ProcessLock> {
  try {
    await makeFolders(path);
    await chmod(path, 0o700);
    const taken = await takeProcessLock(join(path, 'lock'), options);
    if (isLock(taken)) return taken;
    throw new DataFolderInUseError(path, taken);
  } catch (error) {
    throw await asOurs(path, LEAST_FREE_BYTES, error);
  }
}

/**
 * Reads or makes what lies in a folder that this process has locked.
 * @param leastFreeBytes how much room the disk must have
 * @throws DataFolderVersionError, DiskFullError, DataFolderAccessError
 */
export async function openDataFolder(path: string, leastFreeBytes: number = LEAST_FREE_BYTES): Promise<DataFolder> {
  try {
    const isNew = await checkVersion(path);
    await checkRoom(path, leastFreeBytes);
    const secret = await readOrMakeSecret(join(path, 'secret'));
    if (isNew) await writeWhole(join(path, 'VERSION'), `${DATA_FOLDER_VERSION}\n`);
    return { path, secret, isNew };
  } catch (error) {
    throw await asOurs(path, leastFreeBytes, error);
  }
}

/** @returns whether the folder is new, which is when no version was written yet. */
async function checkVersion(path: string): Promise<boolean> {
  const found = await readIfThere(join(path, 'VERSION'));
  if (found === null) return true;
  if (found.trim() !== DATA_FOLDER_VERSION) throw new DataFolderVersionError(path, found.trim().slice(0, 40), DATA_FOLDER_VERSION);
  return false;
}

async function checkRoom(path: string, leastFreeBytes: number): Promise<void> {
  const freeBytes = await freeBytesOf(path);
  if (freeBytes < leastFreeBytes) throw new DiskFullError(path, freeBytes, leastFreeBytes);
}

async function freeBytesOf(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

async function readOrMakeSecret(file: string): Promise<string> {
  const found = (await readIfThere(file))?.trim();
  if (found !== undefined && found !== '') return found;
  // 256 bits in letters that need no quoting in a URL.
  const secret = randomBytes(32).toString('base64url');
  await writeWhole(file, `${secret}\n`);
  return secret;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Writes a file for the owner alone, whole or not at all, also when the machine loses power. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, text, { mode: 0o600 });
  const handle = await open(temporary, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Turns the system's errors into ours; others stay. */
async function asOurs(path: string, neededBytes: number, error: unknown): Promise<unknown> {
  const named = await namingTheDisk(path, error, neededBytes);
  if (named !== error || codeOf(error) === null) return named;
  return new DataFolderAccessError(path, messageOf(error), { cause: error });
}

/** What a full disk made fail is told by the disk; other errors stay. */
export async function namingTheDisk<E>(path: string, error: E, neededBytes = LEAST_FREE_BYTES): Promise<E | DiskFullError> {
  const code = codeOf(error);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || (error instanceof ServerFailedError && error.facts.lastLines.some(saysFull));
  return isFull ? new DiskFullError(path, await freeBytesOf(path).catch(() => 0), neededBytes, { cause: error }) : error;
}

/** The words of strerror(3) in servers' logs. */
function saysFull(line: string): boolean {
  return /No space left on device|Disk quota exceeded/i.test(line);
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
