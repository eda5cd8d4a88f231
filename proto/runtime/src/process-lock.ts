import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import type { Clock, Millis } from '@trainer/model';
import { processName, processState, type ProcessName, type ProcessState } from './process-life.js';
import { sleep } from './waiting.js';

/** A file that one process of this machine holds. */
export interface ProcessLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** Why a lock was not to be had. */
export interface LockOwner {
  /** 0: the lock changed hands again and again. */
  readonly pid: number;
  /** It was seen ending, and did not end within the patience. */
  readonly isEnding: boolean;
}

export interface ProcessLockOptions {
  readonly clock: Clock;
  /** How long an owner that is ending is waited for. */
  readonly patienceMs: Millis;
  /** The process that this one ends with, such as its launcher or npm: once that is gone, a waiting successor knows that this one ends too. */
  readonly endsWith?: number | undefined;
  /** Called once when an owner that is ending is waited for. */
  readonly onWait?: ((pid: number) => void) | undefined;
}

/** How often a lock that changes hands under us is looked at again before it counts as taken: for a second. */
const TRIES = 50;
/** A killed process takes milliseconds to end, on a busy machine seconds. */
const LOOK_EVERY_MS = 20;

/**
 * Takes a lock. It is a file that names its owner; one whose owner is gone is taken over, and an owner that is ending is waited for.
 * @returns the lock, or its owner: one that runs, at once; one that is ending, after the patience
 * @throws the system's error when the file can't be written
 */
export async function takeProcessLock(file: string, options: ProcessLockOptions): Promise<ProcessLock | LockOwner> {
  const mine = await textOf(options.endsWith);
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, mine, { mode: 0o600 });
    return await takeWith(draft, file, mine, options);
  } finally {
    await rm(draft, { force: true });
  }
}

/** @returns whether what `takeProcessLock` gave is the lock */
export function isLock(taken: ProcessLock | LockOwner): taken is ProcessLock {
  return 'release' in taken;
}

async function takeWith(draft: string, file: string, mine: string, options: ProcessLockOptions): Promise<ProcessLock | LockOwner> {
  const { clock, patienceMs, onWait } = options;
  const startedMs = clock.monotonicMs();
  let isSaid = false;
  for (let changes = 0; changes < TRIES;) {
    if (await linkIfFree(draft, file)) return { release: () => releaseLock(file, mine) };
    const found = await readFile(file, 'utf8').catch(() => null);
    const owner = found === null ? null : await ownerOf(found);
    if (found === null || owner === null) {
      changes += 1;
      if (found !== null && !(await removeStale(draft, file, found))) await sleep(clock, LOOK_EVERY_MS);
    } else if (owner.state === 'runs' || clock.monotonicMs() - startedMs >= patienceMs) {
      return { pid: owner.pid, isEnding: owner.state === 'ending' };
    } else {
      if (!isSaid) onWait?.(owner.pid);
      isSaid = true;
      await sleep(clock, LOOK_EVERY_MS);
    }
  }
  return { pid: 0, isEnding: false };
}

/** `PID START`, and the same of the process that this one ends with. */
async function textOf(endsWith: number | undefined): Promise<string> {
  const named = [await processName(process.pid), endsWith === undefined ? null : await processName(endsWith)];
  return `${named.flatMap((one) => (one === null ? [] : [`${one.pid} ${one.start}`])).join(' ')}\n`;
}

/** @returns the process that holds the lock and how it is; null when it is gone, or the text is none of ours */
async function ownerOf(text: string): Promise<{ readonly pid: number; readonly state: ProcessState } | null> {
  const [pid, start, parent, parentStart] = text.trim().split(' ');
  const owner = nameOf(pid, start);
  if (owner === null) return null;
  const state = await processState(owner);
  if (state === 'gone') return null;
  const with_ = nameOf(parent, parentStart);
  const isOrphan = with_ !== null && (await processState(with_)) !== 'runs';
  return { pid: owner.pid, state: isOrphan ? 'ending' : state };
}

function nameOf(pid: string | undefined, start: string | undefined): ProcessName | null {
  return pid === undefined || start === undefined || !/^\d+$/.test(pid) ? null : { pid: Number(pid), start };
}

/** A hard link is made only where no such name is, and has its whole content at once: two processes can't both have it. */
async function linkIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes the stale lock away, unless it is a new one by now. Looking and removing are two steps, so one process at a time does them:
 * the one that holds a second file beside the lock.
 * @returns false while another does it
 */
async function removeStale(draft: string, file: string, stale: string): Promise<boolean> {
  const removing = `${file}.removing`;
  if (!(await linkIfFree(draft, removing))) {
    const remover = await readFile(removing, 'utf8').catch(() => null);
    if (remover !== null && (await ownerOf(remover)) === null) await rm(removing, { force: true });
    return false;
  }
  try {
    if ((await readFile(file, 'utf8').catch(() => null)) === stale) await rm(file, { force: true });
    return true;
  } finally {
    await rm(removing, { force: true });
  }
}

async function releaseLock(file: string, mine: string): Promise<void> {
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found === mine) await rm(file, { force: true });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
