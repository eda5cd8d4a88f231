import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hasClasses, type CatalogEntry } from '@trainer/model';
import { NATIVE_DIR } from '../rank/rank.fixture.js';
import { TrainingCancelled, type Engine, type Learner, type LearnerInit, type Part } from './learner.js';
import { openEngine } from './learners.js';
import { taskOf } from '../tasks/tasks.js';
import { madeUpInit } from './rows.fixture.js';

const EPOCHS = 8;
const CLASSES = 3;
const WORK = { tick: () => undefined };

/**
 * What every learner holds to (learner.ts), with the defaults of its model and with each of `variants`, other hyperparameters that take
 * another way through it.
 */
export function learnerContract(entry: CatalogEntry, variants: Readonly<Record<string, LearnerInit['hyperparameters']>> = {}): void {
  const defaults = Object.fromEntries(Object.entries(entry.parameters.known).map(([name, known]) => [name, known.default]));
  const all = Object.entries({ defaults: {}, ...variants });
  describe.each(all)(`the learner of ${entry.modelId}, %s`, (_name, chosen) => {
    let engine: Engine;
    const open: Learner[] = [];
    beforeAll(async () => {
      engine = await openEngine(entry, NATIVE_DIR);
    });
    afterEach(() => open.splice(0).forEach((learner) => learner.close()));

    const init = (changes: Partial<LearnerInit> = {}): LearnerInit =>
      madeUpInit(
        hasClasses(entry.task) ? CLASSES : 0,
        { task: entry.task, epochs: EPOCHS, hyperparameters: { ...defaults, ...chosen }, ...changes },
        entry.wants.gaps ? 0.1 : 0,
      );
    const learnerOf = (changes: Partial<LearnerInit> = {}): Learner => {
      const learner = engine.createLearner(init(changes));
      open.push(learner);
      return learner;
    };
    /** Steps from the epoch after `from` on, to its end or to `to`; a snapshot after each epoch where wanted. */
    const stepped = async (learner: Learner, from: number, to: number, snapshots?: Uint8Array[]): Promise<void> => {
      for (let epoch = from + 1; epoch <= Math.min(to, learner.epochs); epoch += 1) {
        const isDone = (await learner.step(epoch, WORK)) === 'done';
        snapshots?.push((await learner.snapshot()).slice());
        if (isDone) return;
      }
    };
    const bytesOf = async (learner: Learner): Promise<string> =>
      createHash('sha256')
        .update((await learner.model()).native.bytes)
        .digest('hex');
    const predicted = async (learner: Learner, part: Part): Promise<number[]> => [...(await learner.predict(part))];

    test('has from one epoch to as many as were asked for', () => {
      const { epochs } = learnerOf();
      expect(epochs).toBeGreaterThanOrEqual(1);
      expect(epochs).toBeLessThanOrEqual(EPOCHS);
    });

    test.each(entry.areBytesByThreads === true ? [[[1, 1]], [[2, 2]]] : [[[1, 1, 2]]])(
      'gives the same bytes for the same seed, with %j threads',
      async (numbers) => {
        const digests: string[] = [];
        for (const threads of numbers) {
          const learner = learnerOf({ threads });
          await stepped(learner, 0, EPOCHS);
          digests.push(await bytesOf(learner));
        }
        expect(new Set(digests).size).toBe(1);
      },
    );

    test('goes on from each of its snapshots to the same bytes', async () => {
      const undisturbed = learnerOf();
      const snapshots: Uint8Array[] = [];
      await stepped(undisturbed, 0, EPOCHS, snapshots);
      const wanted = await bytesOf(undisturbed);
      // Where a snapshot cuts, the undisturbed run was cut after each epoch, and so is the resumed one.
      for (const [at, snapshot] of snapshots.entries()) {
        const resumed = learnerOf();
        await resumed.restore(snapshot);
        await stepped(resumed, at + 1, snapshots.length, []);
        expect(await bytesOf(resumed)).toBe(wanted);
      }
      expect(snapshots.length).toBeGreaterThan(0);
    });

    test('goes back to what it remembered, also after a snapshot', async () => {
      const learner = learnerOf();
      await stepped(learner, 0, 2);
      learner.remember();
      const wanted = [await bytesOf(learner), await predicted(learner, 'validation')];
      await stepped(learner, 2, EPOCHS);
      const resumed = learnerOf();
      await resumed.restore(await learner.snapshot());
      for (const one of [learner, resumed]) {
        one.recall();
        expect([await bytesOf(one), await predicted(one, 'validation')]).toEqual(wanted);
      }
    });

    test('predicts each row of both parts in finite numbers, and classes by probabilities that sum to one', async () => {
      const learner = learnerOf();
      await stepped(learner, 0, EPOCHS);
      const width = taskOf(entry.task).numbersARow(CLASSES);
      for (const part of ['train', 'validation'] as const) {
        const predictions = await predicted(learner, part);
        expect(predictions).toHaveLength(init()[part].target.length * width);
        expect(predictions.every(Number.isFinite)).toBe(true);
        if (!hasClasses(entry.task)) continue;
        for (let row = 0; row < predictions.length; row += width)
          expect(predictions.slice(row, row + width).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      }
    });

    test('tells within a step how far it is', async () => {
      const shares: number[] = [];
      await learnerOf().step(1, { tick: (share) => void shares.push(share) });
      expect(shares.length).toBeGreaterThan(0);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    });

    test('lets a cancellation through, at its first tick', async () => {
      let ticks = 0;
      const cancelled = new TrainingCancelled();
      const tick = (): void => {
        ticks += 1;
        throw cancelled;
      };
      await expect(learnerOf().step(1, { tick })).rejects.toBe(cancelled);
      expect(ticks).toBe(1);
    });

    test('may be closed twice', () => {
      const learner = learnerOf();
      learner.close();
      expect(() => learner.close()).not.toThrow();
    });
  });
}
