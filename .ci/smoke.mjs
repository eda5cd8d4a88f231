/**
 * The whole once, as a person meets it: start, readiness, a dataset, a training, the downloaded model, Ctrl-C. Run with the Node
 * that is to be tried; ends with code 0 when all of it worked.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(fileURLToPath(import.meta.url), '..', '..');
/** Generous: a loaded CI machine, and PostgreSQL's first start. */
const READY_WITHIN_MS = 60_000;
const TRAINED_WITHIN_MS = 60_000;
/** What Ctrl-C may take. */
const STOPPED_WITHIN_MS = 3_000;
const POLL_MS = 50;

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(what, withinMs, condition) {
  const startedAt = performance.now();
  for (;;) {
    const found = await condition();
    if (found) {
      console.log(`ok ${what} (${Math.round(performance.now() - startedAt)} ms)`);
      return found;
    }
    if (performance.now() - startedAt > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function asked(url, options) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(`${options?.method ?? 'GET'} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

async function trainOnce(base) {
  const csv = readFileSync(join(ROOT, 'deploy', 'sample', 'iris.csv'));
  await asked(`${base}/data/smoke.csv`, { method: 'PUT', body: csv });
  const body = JSON.stringify({ model_id: 'xgboost_classifier', data_id: 'smoke.csv', task_type: 'classification', epochs: 20 });
  const job = await (await asked(`${base}/train`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).json();
  const ended = await until('a model is trained', TRAINED_WITHIN_MS, async () => {
    const found = await (await asked(`${base}/train/${job.job_id}`)).json();
    return ['completed', 'failed', 'cancelled'].includes(found.status) ? found : null;
  });
  if (ended.status !== 'completed') throw new Error(`the job ended ${ended.status}: ${ended.error_message}`);
  const model = await (await asked(`${base}/models/${job.job_id}/download`)).arrayBuffer();
  if (model.byteLength < 1_000) throw new Error(`the model has ${model.byteLength} bytes`);
  console.log(`ok the model is downloaded (${model.byteLength} bytes, val_accuracy ${ended.best_metrics?.val_accuracy})`);
}

async function main() {
  const home = mkdtempSync(join(tmpdir(), 'trainer-smoke-'));
  const base = `http://127.0.0.1:${await freePort()}`;
  const env = { ...process.env, TRAINER_HOME: join(home, 'data'), SERVICE_PORT: new URL(base).port };
  const args = [join(ROOT, 'deploy', 'setup', 'start.mjs'), '--no-sample'];
  const trainer = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = new Promise((resolve) => trainer.once('exit', (code, signal) => resolve(signal ?? code)));
  let ended = null;
  void exited.then((how) => (ended = how));
  try {
    console.log(`on Node ${process.version}`);
    await until('it is ready', READY_WITHIN_MS, async () => {
      if (ended !== null) throw new Error(`it ended at its start: ${ended}`);
      return fetch(`${base}/health/ready`).then(
        (response) => response.ok,
        () => false,
      );
    });
    await trainOnce(base);
    trainer.kill('SIGINT');
    await until('Ctrl-C stops it', STOPPED_WITHIN_MS, async () => ended !== null);
  } finally {
    trainer.kill('SIGKILL');
    await exited;
    rmSync(home, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.log(`not ok ${error.message}`);
  process.exitCode = 1;
}
