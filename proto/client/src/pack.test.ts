import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const client = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(client, '..', '..');
let folder: string;

/** A folder outside the repository, with the example and the packed client in it, and nothing of the workspace. */
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'trainer-packed-')));
  const tarball = execFileSync(process.execPath, [join(client, 'pack.mjs'), folder], { encoding: 'utf8' }).trim();
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@trainer', 'client'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, '@trainer', 'client')]);
  await mkdir(join(modules, '@grpc'));
  await symlink(await realpath(join(client, 'node_modules', '@grpc', 'grpc-js')), join(modules, '@grpc', 'grpc-js'));
  await symlink(await realpath(join(client, 'node_modules', 'esbuild')), join(modules, 'esbuild'));
  await mkdir(join(modules, '@types'));
  await symlink(await realpath(join(root, 'node_modules', '@types', 'node')), join(modules, '@types', 'node'));
  await cp(join(root, 'docs', 'examples'), folder, { recursive: true });
});

afterAll(() => rm(folder, { recursive: true }));

function run(command: readonly string[], env: Record<string, string> = {}): { output: string; code: number } {
  const [program = '', ...args] = command;
  try {
    return {
      output: execFileSync(program, args, {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
        env: { PATH: process.env['PATH'] ?? '', ...env },
      }),
      code: 0,
    };
  } catch (error) {
    const { stdout, stderr, status } = error as { stdout: string; stderr: string; status: number };
    return { output: `${stdout}${stderr}`, code: status };
  }
}

test('the example compiles against the packed types alone, library checks included', () => {
  expect(run([process.execPath, join(root, 'node_modules', 'typescript', 'lib', 'tsc.js'), '-p', '.'])).toEqual({ output: '', code: 0 });
});

test('the packed client runs outside the repository, and says how to get a cluster', async () => {
  await writeFile(
    join(folder, 'lost.mjs'),
    "import { connect } from '@trainer/client'; await connect().catch((error) => console.log(error.name, error.message));",
  );
  const { output } = run([process.execPath, 'lost.mjs']);
  expect(output).toMatch(/^ClusterUnavailableError No cluster runs .*npm start/);
});
