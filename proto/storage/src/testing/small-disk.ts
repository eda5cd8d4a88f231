import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder on a disk of its own, which is soon full. */
export interface SmallDisk {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Makes a disk in memory that only this and a helper process see: it lies in the helper's mount namespace, and is reached through
 * its /proc/PID/root.
 * @param bytes its size
 * @param files how many files and folders it takes
 * @returns null where that can't be: it takes root and Linux
 */
export async function smallDisk(bytes: number, files = 10_000): Promise<SmallDisk | null> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const place = await mkdtemp(join(tmpdir(), 'trainer-disk-'));
  const mount = `mount -t tmpfs -o size=${bytes},nr_inodes=${files + 1} none '${place}' && echo mounted && exec cat`;
  // It ends with its input, which is this process's: nothing is left mounted.
  const helper = spawn('unshare', ['--mount', 'sh', '-c', mount], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => {
    helper.once('error', () => resolve());
    helper.once('close', () => resolve());
  });
  helper.stdin.on('error', () => undefined);
  const close = async (): Promise<void> => {
    helper.stdin.end();
    await ended;
    await rm(place, { recursive: true, force: true });
  };
  const isMounted = await Promise.race([once(helper.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (isMounted) return { path: `/proc/${helper.pid ?? 0}/root${place}`, close };
  await close();
  return null;
}
