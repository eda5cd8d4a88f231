import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { loneGang, threadCollective, type ThreadCollective } from '@trainer/actor';
import { hasClasses, hasTarget, type HyperparameterValues } from '@trainer/model';
import { openEngine, requireEntry, trainingRange, type LabelledRows, type Learner } from '@trainer/training/internal';
import type { Taken, Training } from './messages.js';

/* The working thread of a process of the bench `models`: trains one model once, and tells what that took. */

const NATIVE = fileURLToPath(new URL('../../../../deploy/native', import.meta.url));
const NETWORK = { listenHost: '127.0.0.1', advertisedHost: '127.0.0.1', ports: { from: 0, to: 0 } };
/** Held-out rows, which learners take along; they are too few to cost anything. */
const HELD_OUT = 100;

const { training, port } = workerData as { readonly training: Training; readonly port: MessagePort };
const entry = requireEntry(training.model);
const joins = training.worldSize > 1;
const team: ThreadCollective = joins ? threadCollective(port, training) : loneGang();
parentPort?.postMessage(await taken());
port.close();

async function taken(): Promise<Taken> {
  const engine = await openEngine(entry, NATIVE);
  const joined = joins ? await engine.join(team, NETWORK) : null;
  const { rows } = training.table;
  const train = read(entry.ranks?.rows === 'all' ? { from: 0, to: rows } : trainingRange(rows, training));
  const validation = read({ from: 0, to: Math.min(rows, HELD_OUT) });
  await team.barrier();
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const learner = engine.createLearner({
    task: entry.task,
    classCount: training.table.classes,
    hyperparameters: hyperparameters(),
    epochs: training.epochs,
    seed: training.seed,
    threads: training.threads,
    train,
    validation,
  });
  for (let epoch = 1; epoch <= learner.epochs; epoch += 1) if ((await learner.step(epoch, { tick: () => undefined })) === 'done') break;
  const { user, system } = process.cpuUsage(cpu);
  const figures = { wall_ms: performance.now() - wall, cpu_ms: (user + system) / 1000, peak_mib: peakMib() };
  const score = await scored(learner, train);
  learner.close();
  await joined?.leave();
  return { ...figures, score };
}

function hyperparameters(): HyperparameterValues {
  const defaults = Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default]));
  return { ...defaults, ...(training.parameters as HyperparameterValues) };
}

function read({ from, to }: { readonly from: number; readonly to: number }): LabelledRows {
  const { features, target, columns } = training.table;
  const values = new Float32Array((to - from) * columns);
  const file = openSync(features, 'r');
  const bytes = new Uint8Array(values.buffer);
  for (let at = 0; at < bytes.length;) at += readSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30), from * columns * 4 + at);
  closeSync(file);
  const targets = target === null ? null : new Float64Array(new Uint8Array(readFileSync(target)).buffer).slice(from, to);
  return { features: { values, rows: to - from, columns }, target: targets ?? new Float64Array(to - from) };
}

/** Of the rows that it was trained on, as python/models/learn.py scores them. */
async function scored(learner: Learner, { target }: LabelledRows): Promise<number> {
  const predictions = await learner.predict('train');
  const [rows, classes] = [target.length, training.table.classes];
  let [sum, spread] = [0, 0];
  const mean = target.reduce((total, value) => total + value, 0) / rows;
  for (let row = 0; row < rows; row += 1) {
    const wanted = target[row] ?? NaN;
    if (!hasTarget(entry.task)) sum -= predictions[2 * row + 1] ?? NaN;
    else if (hasClasses(entry.task)) sum += Number(likeliest(predictions, row * classes, classes) === wanted);
    else sum += ((predictions[row] ?? NaN) - wanted) ** 2;
    spread += (wanted - mean) ** 2;
  }
  return hasTarget(entry.task) && !hasClasses(entry.task) ? 1 - sum / spread : sum / rows;
}

function likeliest(probabilities: Float64Array, at: number, classes: number): number {
  const own = probabilities.subarray(at, at + classes);
  return own.indexOf(Math.max(...own));
}

function peakMib(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN) / 1024;
}
