/** Installs the npm packages from the frozen lockfile with a pinned pnpm, which npx fetches. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { step, SetupError } from './say.mjs';
import { contentFingerprint, isFresh, removeStamp, ROOT, writeStamp } from './stamp.mjs';

/** As in package.json's `packageManager`; 10 is the newest that was tried. */
const PNPM = 'pnpm@10.34.9';
const STAMP = join(ROOT, 'node_modules', '.trainer-install.stamp');

function fingerprint() {
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml'].map((name) => join(ROOT, name));
  return contentFingerprint(files, [process.platform, process.arch, PNPM]);
}

/** @returns whether the packages of the lockfile are installed; a look at two files. */
export function arePackagesInstalled() {
  return isFresh(STAMP, fingerprint());
}

/**
 * Installs the packages.
 * @throws SetupError when pnpm fails, after its own words
 */
export async function installPackages() {
  await step('installing the npm packages (some 200 MB to fetch, 500 MB on disk)', async () => {
    removeStamp(STAMP);
    const reporter = process.stderr.isTTY ? 'default' : 'append-only';
    const args = ['-y', PNPM, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', `--reporter=${reporter}`];
    const { code, output } = await run('npx', args, { isShown: true, env: { npm_config_update_notifier: 'false' } });
    if (code === null) throw new SetupError(`npx could not be started (${output}): install npm, which brings it.`);
    if (code !== 0) {
      throw new SetupError('The npm packages could not be installed: see above; with the network or the disk mended, run it again.');
    }
    removeForeignBinaries();
    writeStamp(STAMP, fingerprint());
  });
}

/** Drops the ONNX runtime's builds for other systems and processors, which its package brings all of: 250 MB. */
function removeForeignBinaries() {
  const builds = join(ROOT, 'node-agent', 'training', 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6');
  if (!existsSync(builds)) return;
  for (const system of readdirSync(builds)) {
    if (system !== process.platform) {
      rmSync(join(builds, system), { recursive: true, force: true });
      continue;
    }
    for (const processor of readdirSync(join(builds, system))) {
      if (processor !== process.arch) rmSync(join(builds, system, processor), { recursive: true, force: true });
    }
  }
}
