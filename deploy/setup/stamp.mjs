/** Stamps: files that say for which input a step was last done, so that it is not done again. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the clone. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @returns a hash over the contents of `files` (a missing one counts as such) and over `facts`. */
export function contentFingerprint(files, facts = []) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`\0${file}\0`);
    try {
      hash.update(readFileSync(file));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      hash.update('\0missing');
    }
  }
  for (const fact of facts) hash.update(`\0${String(fact)}`);
  return hash.digest('hex');
}

/**
 * @returns a hash over names, sizes and change times of `paths`; folders count with all below them, but for what `skip`
 *   names. Contents are not read: thousands of files cost tens of milliseconds.
 */
export function statFingerprint(paths, skip, facts = []) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isDirectory()) {
      hash.update(`\0${path}\0${stat.size}\0${stat.mtimeMs}`);
      return;
    }
    for (const name of readdirSync(path).sort()) {
      if (!skip.has(name)) visit(join(path, name));
    }
  };
  for (const path of paths) visit(path);
  for (const fact of facts) hash.update(`\0${String(fact)}`);
  return hash.digest('hex');
}

/** @returns whether `stamp` says that the step was done for `fingerprint`. */
export function isFresh(stamp, fingerprint) {
  try {
    return readFileSync(stamp, 'utf8') === fingerprint;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
    throw error;
  }
}

/** Says that the step was done for `fingerprint`. */
export function writeStamp(stamp, fingerprint) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
}

/** Forgets that the step was done; to be called before it starts, so that half a step is never fresh. */
export function removeStamp(stamp) {
  rmSync(stamp, { force: true });
}
