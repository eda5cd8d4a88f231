import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

// Set-up is plain JavaScript that runs before anything is built; it is tried as it is used, as a program.
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let clone: string;

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'trainer-clone-'));
  await cp(join(ROOT, 'deploy', 'setup'), join(clone, 'deploy', 'setup'), { recursive: true });
  for (const name of ['requirements-nats.txt', 'requirements-xgboost.txt', 'requirements-xgboost-cuda.txt']) {
    await cp(join(ROOT, 'deploy', 'native', name), join(clone, 'deploy', 'native', name));
  }
  await mkdir(join(clone, 'bin'));
  await symlink(process.execPath, join(clone, 'bin', 'node'));
});

afterEach(() => rm(clone, { recursive: true, force: true }));

/** Puts a program on the PATH of the clone, which has no other. */
async function install(name: string, script: string): Promise<void> {
  await writeFile(join(clone, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function runInClone(program: string): Promise<{ code: number | null; output: string }> {
  const env = { PATH: join(clone, 'bin') };
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: clone, env });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const setup = (file: string, call: string): string => `
  const { orEndWithOneLine } = await import('${clone}/deploy/setup/say.mjs');
  const part = await import('${clone}/deploy/setup/${file}');
  await orEndWithOneLine(() => part.${call});
`;
const onMachine = (machine: object): string => setup('platform.mjs', `checkPlatform(${JSON.stringify(machine)})`);
const good = { nodeVersion: 'v20.19.0', platform: 'linux', arch: 'x64' };

test.each([
  ['an old Node', { ...good, nodeVersion: 'v20.18.3' }, 'install Node 22 or 24'],
  ['Windows without WSL', { ...good, platform: 'win32' }, 'install WSL'],
  ['another system', { ...good, platform: 'freebsd' }, 'use Linux or macOS'],
  ['another processor', { ...good, arch: 'riscv64' }, 'x64 or arm64'],
])('%s is one line that names the mend', async (_what, machine, mend) => {
  const { code, output } = await runInClone(onMachine(machine));
  expect(code).toBe(1);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toContain(mend);
});

test.each([good, { ...good, nodeVersion: 'v22.0.0' }, { ...good, platform: 'darwin', arch: 'arm64' }])(
  '%j is supported',
  async (machine) => {
    expect((await runInClone(onMachine(machine))).code).toBe(0);
  },
);

test('without pip the last line names the package that brings it', async () => {
  await install('python3', 'echo "No module named pip" >&2; exit 1');
  const { code, output } = await runInClone(setup('native.mjs', 'fetchNativeParts()'));
  expect(code).toBe(1);
  expect(output.trim().split('\n').at(-1)).toContain('apt install python3-pip');
});

test('without Python the last line says so', async () => {
  const { code, output } = await runInClone(setup('native.mjs', 'fetchNativeParts()'));
  expect(code).toBe(1);
  expect(output.trim().split('\n').at(-1)).toContain('Python 3 is missing');
});

test('an engine that can not be had is off with its reason, and set-up goes on', async () => {
  await install('nats-server', '');
  await install('python3', 'case "$*" in *--version) exit 0;; esac; echo "ERROR: No matching distribution found" >&2; exit 1');
  const { code } = await runInClone(setup('native.mjs', 'fetchNativeParts()'));
  expect(code).toBe(0);
  const engines: unknown = JSON.parse(await readFile(join(clone, 'deploy', 'native', 'engines.json'), 'utf8'));
  const off = { available: false, reason: 'No matching distribution found', path: null };
  expect(engines).toEqual({ xgboost: off, lightgbm: off, openblas: off });
});

const onlyOnLinux = process.platform === 'linux' ? test : test.skip;
onlyOnLinux(
  "the OpenMP library that comes under another name is there under the system's name too, with nothing else changed",
  async () => {
    await install('nats-server', '');
    const wheel = `/bin/mkdir -p "$2/some.libs"; printf 'an ELF: libgomp-1a2b.so.1.0.0\\0and more' > "$2/some.libs/libgomp-1a2b.so.1.0.0"`;
    await install('python3', `case "$*" in *--version) exit 0;; esac; while [ "$1" != --target ]; do shift; done; ${wheel}`);
    expect((await runInClone(setup('native.mjs', 'fetchNativeParts()'))).code).toBe(0);
    const copy = await readFile(join(clone, 'deploy', 'native', 'lightgbm', 'libgomp.so.1'), 'latin1');
    expect(copy).toBe(`an ELF: libgomp.so.1${'\0'.repeat('-1a2b.so.1.0.0'.length - '.so.1'.length + 1)}and more`);
  },
);

test.each([
  ['a wheel that is not there is not asked for again', 'No matching distribution found', 'true'],
  ['a network that is down is tried again at the next start', 'Connection refused', 'false'],
])('%s', async (_what, said, isThere) => {
  await install('nats-server', '');
  await install('python3', `case "$*" in *--version) exit 0;; esac; echo "ERROR: ${said}" >&2; exit 1`);
  await runInClone(setup('native.mjs', 'fetchNativeParts()'));
  const { output } = await runInClone(`${setup('native.mjs', 'areNativePartsThere()')} console.error(part.areNativePartsThere());`);
  expect(output.trim()).toBe(isThere);
});

test('without pip the line comes before anything is fetched', async () => {
  await install('python3', 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
  await install('npx', 'echo fetched >&2');
  const { code, output } = await runInClone(setup('prepare.mjs', 'prepare()'));
  expect(code).toBe(1);
  expect(output).toMatch(/^Python's pip is missing[^\n]*\n$/);
});

test('the command says before a build that there is none', async () => {
  await cp(join(ROOT, 'deploy', 'bin'), join(clone, 'deploy', 'bin'), { recursive: true });
  const { code, output } = await runInClone(`await import('${clone}/deploy/bin/trainer.mjs')`);
  expect([code, output]).toEqual([1, expect.stringMatching(/^Trainer is not built yet[^\n]*\n$/)]);
});

test('of many that want the lock at once one has it at a time', async () => {
  const program = `
    const { holdLock } = await import('${clone}/deploy/setup/lock.mjs');
    const { existsSync, rmSync, writeFileSync } = await import('node:fs');
    const release = await holdLock('${clone}/locks/one', 'another');
    if (existsSync('${clone}/held')) process.exit(9);
    writeFileSync('${clone}/held', '');
    await new Promise((resolve) => setTimeout(resolve, 20));
    rmSync('${clone}/held');
    release();
  `;
  const ended = await Promise.all(Array.from({ length: 4 }, () => runInClone(program)));
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
});
