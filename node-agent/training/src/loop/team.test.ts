import { afterEach, describe, expect, test } from '@jest/globals';
import type { Gang } from '@trainer/actor';
import type { EpochMetrics } from '@trainer/model';
import type { CheckpointState } from './checkpoint-state.js';
import type { Part } from '../learning/learner.js';
import { ring as joinedRing } from '../learning/ring.fixture.js';
import { countingLearner, type CountingLearner } from './counting-learner.fixture.js';
import { classification } from '../tasks/classification.js';
import { train, type TrainingOutcome, type TrainingPlan } from './train.js';
import { noRows } from '../tasks/no-rows.fixture.js';

const TWO_CLASSES = { kind: 'classes', name: 'y', type: 'string', classes: ['a', 'b'] } as const;

const open: Gang[] = [];
afterEach(() => Promise.all(open.splice(0).map((gang) => gang.leave())));

async function ring(worldSize: number): Promise<readonly Gang[]> {
  const gangs = await joinedRing(worldSize);
  open.push(...gangs);
  return gangs;
}

interface Told {
  readonly outcome: TrainingOutcome | { readonly error: unknown };
  readonly epochs: EpochMetrics[];
  readonly checkpoints: CheckpointState[];
  readonly warnings: string[];
}

/** Each rank has one row of two, of the training and of the validation part. */
async function trainAll(
  learners: readonly CountingLearner[],
  plan: (rank: number) => Partial<TrainingPlan> = () => ({}),
  isCancelled: (rank: number, epochs: number) => boolean = () => false,
): Promise<Told[]> {
  const gangs = await ring(learners.length);
  const target = new Float64Array(learners.length);
  return Promise.all(
    learners.map(async (learner, rank) => {
      const told = { epochs: [] as EpochMetrics[], checkpoints: [] as CheckpointState[], warnings: [] as string[] };
      const gang = gangs[rank];
      if (gang === undefined) throw new RangeError('no such rank');
      const whole: TrainingPlan = {
        scores: classification.scores(TWO_CLASSES, target, target, noRows),
        scoredEachEpoch: true,
        trainRows: 'shard',
        epochsAsked: 100,
        earlyStopping: { patience: 2 },
        checkpointIntervalEpochs: 2,
        learningRate: null,
        trainTarget: target,
        validationTarget: target,
        resumeFrom: null,
        ...plan(rank),
      };
      const reports = {
        epoch: async (metrics: EpochMetrics) => void told.epochs.push(metrics),
        checkpoint: async (state: CheckpointState) => void told.checkpoints.push(state),
        warning: async (message: string) => void told.warnings.push(message),
        isCancelled: () => isCancelled(rank, told.epochs.length),
        working: () => undefined,
        tick: () => undefined,
      };
      const outcome = await train(learner, whole, reports, gang).catch((error: unknown) => ({ error }));
      // As its process does, which ends with its outcome.
      if ('error' in outcome) await gang.leave();
      return { outcome, ...told };
    }),
  );
}
const script = [0.6, 0.8, 0.7, 0.7, 0.9, 0.9];

describe('ranks that train together', () => {
  test('score the rows of all of them', async () => {
    const [first] = await trainAll(
      [countingLearner([0.9], { trainCertainty: 0.9 }), countingLearner([0.2], { trainCertainty: 0.4 })],
      () => ({
        earlyStopping: null,
      }),
    );
    expect(first?.epochs).toMatchObject([{ epoch: 1, trainAccuracy: 0.5, valAccuracy: 0.5 }]);
    expect(first?.epochs[0]?.valLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.2)) / 2, 12);
    expect(first?.epochs[0]?.trainLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.4)) / 2, 12);
  });
  test('score each training row once where each of them has all', async () => {
    // Of both rows, each rank scores its own: that of the first is right in its own eyes, that of the second wrong in its.
    const both = (rank: number): CountingLearner => {
      const learner = countingLearner([0.9]);
      const predict = async (part: Part): Promise<Float64Array> =>
        part === 'validation' ? learner.predict(part) : Float64Array.of(...(rank === 0 ? [0.8, 0.2, 0.1, 0.9] : [0.3, 0.7, 0.4, 0.6]));
      return { ...learner, predict };
    };
    const [first] = await trainAll([both(0), both(1)], () => ({ earlyStopping: null, trainRows: 'all' }));
    expect(first?.epochs).toMatchObject([{ trainAccuracy: 0.5 }]);
    expect(first?.epochs[0]?.trainLoss).toBeCloseTo(-(Math.log(0.8) + Math.log(0.4)) / 2, 12);
  });
  test('stop at the same epoch and keep the same one, told of by the first alone', async () => {
    const learners = [countingLearner(script), countingLearner(script), countingLearner(script)];
    const told = await trainAll(learners);
    expect(told.map(({ outcome }) => outcome)).toMatchObject([
      { kind: 'trained', kept: { epoch: 2 }, lastEpoch: 4 },
      { kind: 'followed' },
      { kind: 'followed' },
    ]);
    expect(learners.map((learner) => learner.made())).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(told.map(({ epochs, checkpoints }) => [epochs.length, checkpoints.length])).toEqual([
      [4, 1],
      [0, 0],
      [0, 0],
    ]);
  });
  test('have the predictions of all validation rows at the end, in their order', async () => {
    const [first] = await trainAll([countingLearner([0.9]), countingLearner([0.6])], () => ({ earlyStopping: null }));
    expect(first?.outcome).toMatchObject({ validationPredictions: Float64Array.of(0.9, 1 - 0.9, 0.6, 1 - 0.6) });
  });
  test('are cancelled together by the first', async () => {
    const learners = [countingLearner(script), countingLearner(script)];
    const told = await trainAll(
      learners,
      () => ({}),
      (rank, epochs) => rank === 0 && epochs === 2,
    );
    expect(told.map(({ outcome }) => outcome)).toEqual([
      { kind: 'cancelled', epoch: 2 },
      { kind: 'cancelled', epoch: 2 },
    ]);
  });
  test('begin anew where one of them has no checkpoint, with a warning', async () => {
    const [whole] = await trainAll([countingLearner(script), countingLearner(script)]);
    const learners = [countingLearner(script), countingLearner(script)];
    const told = await trainAll(learners, (rank) => ({ resumeFrom: rank === 0 ? (whole?.checkpoints[0] ?? null) : null }));
    expect(told[0]?.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(told.map(({ warnings }) => warnings)).toEqual([[expect.stringContaining('Not every rank could read the checkpoint')], []]);
  });
  test('go on from a checkpoint that all of them have', async () => {
    const [whole] = await trainAll([countingLearner(script), countingLearner(script)]);
    const resumeFrom = whole?.checkpoints[0] ?? null;
    const told = await trainAll([countingLearner(script), countingLearner(script)], () => ({ resumeFrom }));
    expect(told[0]?.epochs.map(({ epoch }) => epoch)).toEqual([3, 4]);
    expect(told[0]?.outcome).toEqual(whole?.outcome);
  });
  test.each([
    [
      'at a checkpoint',
      (learner: CountingLearner): CountingLearner => ({ ...learner, snapshot: async () => Uint8Array.of(99) }),
      'The checkpoint of epoch 2',
    ],
    [
      'at the end',
      (learner: CountingLearner): CountingLearner => ({
        ...learner,
        model: async () => {
          const model = await learner.model();
          return { ...model, native: { ...model.native, bytes: Uint8Array.of(99) } };
        },
      }),
      'The model',
    ],
  ])('whose models have come apart fail %s, and the rank is named', async (_when, spoil, what) => {
    const told = await trainAll([countingLearner(script), countingLearner(script), spoil(countingLearner(script))]);
    expect(told[0]?.outcome).toMatchObject({ error: { code: 'training.diverged', facts: { what, ranks: [2] } } });
  });
});
