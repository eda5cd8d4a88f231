import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPTS = join(ROOT, 'test', 'python');

/** pip fetches some 120 MB; on a slow line that takes minutes. */
export const PYTHON_SETUP_MS = 600_000;

/** A Python of the machine with the packages of a requirements file, of which the machine itself sees nothing. */
export interface TestPython {
  /** Runs a script of `test/python` with `input` as JSON; @returns the JSON it prints. @throws with its error output. */
  run(script: string, input: unknown): Promise<unknown>;
  /** Runs a program with these words, whatever it ends with. @returns what it prints, errors too */
  output(script: string, words: readonly string[]): Promise<string>;
}

/**
 * Installs the packages into `.cache/python/{hash of the requirements and of the Python}` the first time, and only then.
 * @param requirementsFile a file relative to `test/python`
 * @param layout prefix: below `lib`, as wheels want it that bring libraries beside their modules
 * @throws when there is no python3 with pip.
 */
export async function testPython(requirementsFile = 'requirements.txt', layout: 'target' | 'prefix' = 'target'): Promise<TestPython> {
  const requirements = join(SCRIPTS, requirementsFile);
  const version = await execute('python3', ['-c', 'import sys; print(sys.version)']);
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .update(version)
    .digest('hex')
    .slice(0, 16);
  const isPrefix = layout === 'prefix';
  const folder = join(ROOT, '.cache', 'python', isPrefix ? `${key}-prefix` : key);
  if (!existsSync(folder)) await install(requirements, folder, isPrefix ? ['--ignore-installed', '--prefix'] : ['--target']);
  const packages = isPrefix ? join(folder, 'lib', `python${/^\d+\.\d+/.exec(version)?.[0] ?? ''}`, 'site-packages') : folder;
  return {
    run: (script, input) => run(join(SCRIPTS, script), packages, input),
    output: (script, words) => output(join(SCRIPTS, script), packages, words),
  };
}

/** @param place pip's words before the folder */
async function install(requirements: string, folder: string, place: readonly string[]): Promise<void> {
  const partial = `${folder}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  const flags = ['--quiet', '--disable-pip-version-check', '--no-compile', '--only-binary', ':all:', '--root-user-action', 'ignore'];
  await execute('python3', ['-m', 'pip', 'install', ...flags, ...place, partial, '-r', requirements]);
  try {
    await rename(partial, folder);
  } catch {
    // Another test was first; its folder is as good.
    await rm(partial, { recursive: true });
  }
}

async function execute(command: string, words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, words, { maxBuffer: 2 ** 24 });
  return stdout;
}

// -I: neither the machine's own packages of this user nor the current folder; the path is set by hand instead.
const START = `import os, runpy, sys
sys.path[:0] = [sys.argv[1], os.path.dirname(sys.argv[2])]
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")`;

async function run(script: string, packages: string, input: unknown): Promise<unknown> {
  const child = spawn('python3', ['-I', '-c', START, packages, script], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end(JSON.stringify(input));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${await err}`);
  return JSON.parse(await out);
}

async function output(script: string, packages: string, words: readonly string[]): Promise<string> {
  const child = spawn('python3', ['-I', '-c', START, packages, script, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces = await Promise.all([collect(child.stdout), collect(child.stderr)]);
  return pieces.join('');
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}
