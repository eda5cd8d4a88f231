import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import {
  createForestLearner,
  openPool,
  TrainingCancelled,
  type LabelledRows,
  type Learner,
  type LearnerInit,
} from '@trainer/training/internal';

/* A forest on several threads of its own, as a rank of a training has it. */

const open: { close(): void }[] = [];
afterEach(() => open.splice(0).forEach((one) => one.close()));

const COLUMNS = 8;
/** The class, or the value, follows two columns and noise: trees grow deep. */
function rowsOf(rows: number, seed: number, isClass: boolean): LabelledRows {
  const next = seededRandom(seed);
  const values = new Float32Array(rows * COLUMNS).map(() => next() * 2 - 1);
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const signal = (values[row * COLUMNS] ?? 0) * (values[row * COLUMNS + 1] ?? 0) + next() - 0.5;
    return isClass ? Number(signal > 0) : 1e6 + signal;
  });
  return { features: { values, rows, columns: COLUMNS }, target };
}

function learnerOf(task: LearnerInit['task'], threads: number, trees: number, rows = 40_000): Learner {
  const isClass = task === 'classification';
  const learner = createForestLearner({
    task,
    classCount: isClass ? 2 : 0,
    hyperparameters: { n_estimators: trees, max_features: isClass ? 'sqrt' : 0.3 },
    epochs: 2,
    seed: 42,
    threads,
    train: rowsOf(rows, 1, isClass),
    validation: rowsOf(2_000, 2, isClass),
  });
  open.push(learner);
  return learner;
}

describe('a forest', () => {
  test.each(['classification', 'regression'] as const)(
    'is the same for each number of threads, and so is what it predicts: %s',
    async (task) => {
      const found: unknown[] = [];
      for (const threads of [1, 2, 3]) {
        const learner = learnerOf(task, threads, 12, 20_000);
        for (let epoch = 1; epoch <= learner.epochs; epoch += 1) await learner.step(epoch, { tick: () => undefined });
        const hash = createHash('sha256').update((await learner.model()).native.bytes);
        for (const part of ['train', 'validation'] as const)
          hash.update(Buffer.from(Float64Array.from(await learner.predict(part)).buffer));
        found.push(hash.digest('hex'));
      }
      expect(new Set(found).size).toBe(1);
    },
    120_000,
  );

  test('hears of a cancel on all of its threads', async () => {
    const learner = learnerOf('classification', 3, 100_000);
    const [began, cancelled] = [performance.now(), new TrainingCancelled()];
    let cancelledAt = 0;
    const tick = (): void => {
      const now = performance.now();
      if (now - began < 1_500) return;
      cancelledAt ||= now;
      throw cancelled;
    };
    await expect(learner.step(1, { tick })).rejects.toBe(cancelled);
    // The step would go on for much longer.
    expect(performance.now() - cancelledAt).toBeLessThan(10_000);
  });
});

test('what a thread dies of is what its pool throws', async () => {
  const kernel = { open: () => () => 'mine' };
  // The threads open the kernel of that name, which finds nothing in what is shared.
  const pool = openPool('cart', kernel, {}, 2);
  open.push(pool);
  await expect(
    pool.run({ kind: 'grow', numbers: [1], room: new Int32Array(new SharedArrayBuffer(4)) }, { tick: () => undefined }),
  ).rejects.toThrow(/undefined/);
  await expect(pool.run({}, { tick: () => undefined })).rejects.toThrow(/undefined/);
});
