/** One set-up step at a time in a clone, however many programs are started in it. */
import { accessSync, constants, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { say, SetupError } from './say.mjs';

/** How often a held lock is looked at, ms, and how long at most: the slowest step is a first install on a slow line. */
const POLL_MS = 200;
const WAIT_MS = 600_000;
/** How the system says that the clone is somebody else's, or lies on a disk that is only read. */
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Waits for the lock and holds it; one whose owner is gone is taken over.
 * @param owner what the wait is for, as `another build`
 * @returns what gives it back
 * @throws SetupError when it is held for ten minutes
 */
export async function holdLock(file, owner) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    if (!UNWRITABLE.has(error.code)) throw error;
    throw new SetupError(`Something here is stale, and ${dirname(file)} can't be written (${error.code}): run npm run build as its owner.`);
  }
  const deadline = performance.now() + WAIT_MS;
  let isSaid = false;
  for (;;) {
    const holder = tryLock(file);
    if (holder === null) return () => rmSync(file, { force: true });
    if (!isAlive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!isSaid) say(`» waiting for ${owner} (process ${holder})`);
    isSaid = true;
    if (performance.now() > deadline) {
      throw new SetupError(`Process ${holder} has held ${file} for ten minutes: end it, or remove that file if it is none of ours.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @returns null when the lock is now held, else the process id of its holder; a lock has its holder from the first moment. */
function tryLock(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, file);
    return null;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    return Number(readFileSync(file, 'utf8')) || 0;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return 0;
  }
}

function isAlive(pid) {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
