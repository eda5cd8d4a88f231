import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@trainer/model';
import { until, WaitTimeoutError } from '@trainer/runtime';

/** A server whose launcher was killed is killed with it; its processes need a moment to end. */
const ENDED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 20;

/**
 * Removes the pid file that a killed server left, once none of its processes runs. PostgreSQL takes any living process of that
 * number for its predecessor: one that ended but that nobody waited for, or, after a reboot, somebody else's. The caller holds
 * the data folder's lock, so no other cluster starts a server on it. Where it can't be told, PostgreSQL itself decides.
 */
export async function predecessorEnded(data: string, clock: Clock): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (process.platform !== 'linux' || (await readFile(file, 'utf8').catch(() => null)) === null) return;
  const folder = await realpath(data);
  try {
    await until('the server of an earlier start has ended', async () => !(await isWorkedIn(folder)), {
      clock,
      deadlineMs: ENDED_WITHIN_MS,
      everyMs: LOOK_EVERY_MS,
    });
    await rm(file, { force: true });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
  }
}

/** Every process of a server works in its data folder. One that has ended works nowhere. */
async function isWorkedIn(folder: string): Promise<boolean> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => null)));
  return folders.includes(folder);
}
