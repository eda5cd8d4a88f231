import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { ROOT, startCluster, startProgram, type Ended } from './harness/index.js';

// npm fetches the client's dependencies.
jest.setTimeout(120_000);

const EXAMPLE = join(ROOT, 'docs', 'examples');

/** Runs a program that must succeed. */
async function run(command: string, words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await startProgram(command, words, { cwd, env }).ended;
  expect({ ...ended, words }).toMatchObject({ code: 0 });
  return ended;
}

test('a program outside the repository, of the packed client alone, compiles and runs its own actor', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'trainer-packed-'));
  try {
    await using cluster = await startCluster();
    await cp(EXAMPLE, folder, { recursive: true, filter: (file) => !/\/(node_modules|dist)$/.test(file) });
    expect((await readFile(join(folder, 'main.ts'), 'utf8')).trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    const packed = await run(process.execPath, [join(ROOT, 'proto', 'client', 'pack.mjs'), join(folder, 'pack')], ROOT);
    const tarball = packed.stdout.trim().split('\n').at(-1) ?? '';
    await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder);
    // The clone's compiler; the program sees no other package of the clone.
    await run(process.execPath, [join(ROOT, 'node_modules', 'typescript-native', 'bin', 'tsc')], folder);
    const ran = await run(process.execPath, [join('dist', 'main.js')], folder, { TRAINER_HOME: cluster.home });
    expect(ran.stdout.split('\n')).toEqual([
      'incremented to 7',
      'counted 8',
      'counted 9',
      'counted 10',
      'in time: 11',
      'found by its name: 12',
      expect.stringMatching(/^hits is alive on node-/),
      expect.stringMatching(/^Actor actor-\w+ died: killed by session-\w+\. The call was not run\. \(not-run\)$/),
      '',
    ]);
    expect(ran.stderr).toBe('');
    const killed = await run(process.execPath, [join('dist', 'kills.js')], folder, { TRAINER_HOME: cluster.home });
    expect(killed.stdout).toMatch(/after 30 increments: .* counts on to 30$/m);
    expect(killed.stdout).toMatch(/the call that ran: signal, unknown$/m);
    expect(killed.stdout).toMatch(/a call after its end: signal, not-run$/m);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
