/** Everything between a fresh clone and a program that can be started. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildStale } from './build.mjs';
import { arePackagesInstalled, installPackages } from './install.mjs';
import { holdLock } from './lock.mjs';
import { areNativePartsThere, checkPip, fetchNativeParts } from './native.mjs';
import { checkLibc, checkPlatform } from './platform.mjs';
import { orEndWithOneLine } from './say.mjs';
import { ROOT } from './stamp.mjs';

/**
 * Installs and builds what is missing or stale, saying what it does; where nothing is, it costs some 100 ms and says nothing.
 * @throws SetupError in one line that names the mend
 */
export async function prepare() {
  checkPlatform({ nodeVersion: process.version, platform: process.platform, arch: process.arch });
  if (!arePackagesInstalled() || !areNativePartsThere()) await installWhatIsMissing();
  await buildStale();
}

async function installWhatIsMissing() {
  checkLibc();
  if (!areNativePartsThere()) await checkPip();
  const release = await holdLock(join(ROOT, 'deploy', 'native', '.lock'), 'another set-up');
  try {
    const steps = [];
    // The other set-up may have done it meanwhile: look again.
    if (!areNativePartsThere()) steps.push(fetchNativeParts());
    if (!arePackagesInstalled()) steps.push(installPackages());
    const failed = (await Promise.allSettled(steps)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    release();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await orEndWithOneLine(prepare);
}
