import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OPENS_A_MODEL = `
  import(${JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))}).then(({ default: { InferenceSession } }) =>
    InferenceSession.create(Buffer.from([8, 9])).catch(() => undefined));`;
const IN_A_THREAD = `
  import { Worker } from 'node:worker_threads';
  new Worker(${JSON.stringify(OPENS_A_MODEL)}, { eval: true });`;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trainer-test-'));
});
afterEach(() => rm(home, { recursive: true }));

/** The files that a process of ours leaves where onnxruntime's telemetry keeps what it sends. */
async function leftBy(program: string): Promise<string[]> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: home };
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env, cwd: HERE });
  const names = await readdir(home, { recursive: true });
  return names.filter((name) => /mat-debug|deviceid/.test(name));
}

test('onnxruntime, left to itself, prepares to tell its maker of a model', async () => {
  expect(await leftBy(IN_A_THREAD)).not.toEqual([]);
});

test('in the process of a rank it does not', async () => {
  expect(await leftBy(`import '@trainer/training';${IN_A_THREAD}`)).toEqual([]);
});
