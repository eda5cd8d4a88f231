import { describe, expect, test } from '@jest/globals';
import { loneGang } from '@trainer/actor';
import { decodeCheckpoint, encodeCheckpoint, type CheckpointState } from './checkpoint-state.js';
import type { Part, Work } from '../learning/learner.js';
import { countingLearner, type CountingLearner } from './counting-learner.fixture.js';
import { classification } from '../tasks/classification.js';
import { train, type TrainingOutcome, type TrainingPlan } from './train.js';
import { noRows } from '../tasks/no-rows.fixture.js';

const TWO_CLASSES = { kind: 'classes', name: 'y', type: 'string', classes: ['a', 'b'] } as const;

interface Run {
  readonly outcome: TrainingOutcome;
  readonly epochs: number[];
  readonly done: number[];
  readonly checkpoints: CheckpointState[];
  readonly warnings: string[];
  readonly ticks: number[];
}

async function run(
  learner: CountingLearner,
  plan: Partial<TrainingPlan> = {},
  cancelAfter = Infinity,
  isCancelled = (): boolean => false,
): Promise<Run> {
  const seen = {
    ...{ epochs: [] as number[], done: [] as number[], ticks: [] as number[] },
    ...{ checkpoints: [] as CheckpointState[], warnings: [] as string[] },
  };
  const outcome = await train(
    learner,
    {
      scores: classification.scores(TWO_CLASSES, Float64Array.from([0]), Float64Array.from([0]), noRows),
      scoredEachEpoch: true,
      trainRows: 'shard',
      epochsAsked: 100,
      earlyStopping: { patience: 2 },
      checkpointIntervalEpochs: 5,
      learningRate: 0.3,
      trainTarget: Float64Array.from([0]),
      validationTarget: Float64Array.from([0]),
      resumeFrom: null,
      ...plan,
    },
    {
      epoch: async (metrics, done) => {
        seen.epochs.push(metrics.epoch);
        seen.done.push(done);
      },
      checkpoint: async (state) => void seen.checkpoints.push(state),
      warning: async (message) => void seen.warnings.push(message),
      isCancelled: () => isCancelled() || seen.epochs.length >= cancelAfter,
      working: () => undefined,
      tick: (done) => void seen.ticks.push(done),
    },
    loneGang(),
  );
  return { outcome, ...seen };
}
const rising = (epochs: number): number[] => Array.from({ length: epochs }, (_, i) => 0.5 + i / (epochs * 3));

describe('epochs', () => {
  test('each is reported once, with the share that is done', async () => {
    const { epochs, done } = await run(countingLearner(rising(4)));
    expect([epochs, done]).toEqual([
      [1, 2, 3, 4],
      [0.25, 0.5, 0.75, 1],
    ]);
  });
  test('a learner that has fewer epochs ends there', async () => {
    expect((await run(countingLearner(rising(9), { epochs: 3 }))).outcome).toMatchObject({ kind: 'trained', lastEpoch: 3 });
  });
});

describe('early stopping', () => {
  const peak = [0.6, 0.8, 0.7, 0.7, 0.9, 0.9];
  test('ends after patience epochs without a lower loss and keeps the best epoch', async () => {
    const learner = countingLearner(peak);
    const { outcome, epochs } = await run(learner);
    expect(epochs).toEqual([1, 2, 3, 4]);
    expect(outcome).toMatchObject({ kind: 'trained', kept: { epoch: 2 }, lastEpoch: 4, selectedOnValidation: true });
    expect(learner.made()).toEqual([1, 2]);
  });
  test('gives the predictions of the kept epoch', async () => {
    expect((await run(countingLearner(peak))).outcome).toMatchObject({ validationPredictions: Float64Array.from([0.8, 1 - 0.8]) });
  });
  test('is not there when it is off: all epochs run and the last is kept', async () => {
    const { outcome } = await run(countingLearner([0.9, 0.5, 0.4, 0.3]), { earlyStopping: null });
    expect(outcome).toMatchObject({ kept: { epoch: 4 }, lastEpoch: 4, selectedOnValidation: false });
  });
  test('keeps the earlier of two equal epochs', async () => {
    expect((await run(countingLearner([0.8, 0.8]))).outcome).toMatchObject({ kept: { epoch: 1 } });
  });
  test('says nothing of a patience that its submission was warned of', async () => {
    const plan = { earlyStopping: { patience: 3 }, epochsAsked: 3 };
    expect((await run(countingLearner(rising(3)), plan)).warnings).toEqual([]);
  });
  test('warns when patience is not below the epochs that the model has', async () => {
    expect((await run(countingLearner(rising(3)), { earlyStopping: { patience: 3 } })).warnings).toEqual([
      expect.stringContaining('patience (3)'),
    ]);
  });
});

describe('checkpoints', () => {
  const at = async (epochs: number, options: { snapshots?: 'cut' } = {}, interval = 5): Promise<number[]> =>
    (await run(countingLearner(rising(epochs), options), { checkpointIntervalEpochs: interval })).checkpoints.map(({ epoch }) => epoch);
  test('lie at every interval, none at the end', async () => {
    expect(await at(20)).toEqual([5, 10, 15]);
  });
  test('are at most one in twenty epochs', async () => {
    expect(await at(200)).toEqual(Array.from({ length: 19 }, (_, i) => (i + 1) * 10));
  });
  test('are four at most for a learner that they cut', async () => {
    expect(await at(100, { snapshots: 'cut' })).toEqual([20, 40, 60, 80]);
    expect(await at(7, { snapshots: 'cut' }, 1)).toEqual([2, 4, 6]);
  });
  test('are not made when the training stops anyway', async () => {
    expect((await run(countingLearner([0.9, 0.8, 0.7, 0.6]), { checkpointIntervalEpochs: 3 })).checkpoints).toEqual([]);
  });
  test('are read back as they were written', async () => {
    const [state] = (await run(countingLearner(rising(8)))).checkpoints;
    expect(state && decodeCheckpoint(encodeCheckpoint(state))).toEqual(state);
  });
  test('of another format are refused', () => {
    expect(() => decodeCheckpoint(Buffer.from('something else entirely'))).toThrow('another format');
  });
});

describe('resuming', () => {
  test('from every checkpoint ends as the undisturbed training does', async () => {
    const script = [0.6, 0.9, 0.8, 0.85, 0.84, 0.83, 0.82, 0.81];
    const plan = { earlyStopping: { patience: 5 }, checkpointIntervalEpochs: 1 };
    const whole = countingLearner(script);
    const undisturbed = await run(whole, plan);
    for (const state of undisturbed.checkpoints) {
      const learner = countingLearner(script);
      const resumed = await run(learner, { ...plan, resumeFrom: decodeCheckpoint(encodeCheckpoint(state)) });
      expect(resumed.outcome).toEqual(undisturbed.outcome);
      expect(resumed.epochs).toEqual(undisturbed.epochs.slice(state.epoch));
      expect(learner.made()).toEqual(whole.made());
    }
    expect(undisturbed.checkpoints.length).toBeGreaterThan(3);
  });
});

describe('cancellation', () => {
  test('is heard between epochs', async () => {
    const { outcome, epochs } = await run(countingLearner(rising(9)), {}, 3);
    expect([outcome, epochs]).toEqual([{ kind: 'cancelled', epoch: 3 }, [1, 2, 3]]);
  });
  test('before the first epoch trains nothing', async () => {
    expect((await run(countingLearner(rising(9)), {}, 0)).epochs).toEqual([]);
  });
});

describe('within an epoch', () => {
  test('a cancellation ends it at its next tick', async () => {
    const learner = countingLearner(rising(9));
    let isCancelled = false;
    const slow = {
      ...learner,
      step: async (epoch: number, work: Work) => {
        isCancelled = epoch === 3;
        return learner.step(epoch, work);
      },
    };
    const { outcome, epochs } = await run(slow, {}, Infinity, () => isCancelled);
    expect([outcome, epochs, learner.made()]).toEqual([{ kind: 'cancelled', epoch: 2 }, [1, 2], [1, 2]]);
  });
  test('the share of the training that is done is told', async () => {
    expect((await run(countingLearner(rising(4)))).ticks).toEqual([0.125, 0.375, 0.625, 0.875]);
  });
  test('a learner that has converged has no other one', async () => {
    const learner = countingLearner(rising(9));
    const converges = {
      ...learner,
      step: async (epoch: number, work: Work) => (await learner.step(epoch, work), epoch === 3 ? ('done' as const) : ('more' as const)),
    };
    const { outcome, done } = await run(converges, { earlyStopping: null });
    expect([outcome, done]).toMatchObject([{ kind: 'trained', lastEpoch: 3 }, [1 / 9, 2 / 9, 1]]);
  });
});

describe('a model without a validation loss', () => {
  const blind = (epochs: number): CountingLearner => {
    const learner = countingLearner(rising(epochs));
    return { ...learner, predict: async () => Float64Array.of(Number.NaN, Number.NaN) };
  };
  test('is never ended early, and its last epoch is kept', async () => {
    const learner = blind(9);
    const { outcome, epochs } = await run(learner);
    expect([outcome, epochs.length]).toMatchObject([{ kind: 'trained', kept: { epoch: 9 }, selectedOnValidation: false }, 9]);
  });
});

describe('a model whose training rows are dear to predict', () => {
  test('is asked for them once, at the end', async () => {
    const learner = countingLearner(rising(4));
    const asked: Part[] = [];
    const counted = { ...learner, predict: async (part: Part) => (asked.push(part), learner.predict(part)) };
    const { outcome } = await run(counted, { scoredEachEpoch: false });
    expect(asked.filter((part) => part === 'train')).toHaveLength(1);
    expect(outcome).toMatchObject({ kept: { epoch: 4, trainAccuracy: 1 } });
  });
});

describe('overfitting', () => {
  // The training row is right, the validation row wrong: a gap of 1.
  test('is a strong warning above 0.15', async () => {
    expect((await run(countingLearner([0.1], { epochs: 1 }), { earlyStopping: null })).warnings).toContainEqual(
      expect.stringMatching(/^Strong overfitting: .*1\.000/),
    );
  });
  test('is a warning above 0.10', async () => {
    const target = new Float64Array(10);
    const learner = countingLearner([0.1], { epochs: 1 });
    const right = Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.9 : 0.1));
    const oneWrong = right.map((p, i) => (i < 2 ? 1 - p : p));
    const eight = { ...learner, predict: async (part: Part) => (part === 'train' ? right : oneWrong.slice(0, 16)) };
    const validationTarget = new Float64Array(8);
    const scores = classification.scores(TWO_CLASSES, target, validationTarget, noRows);
    const gapOfTwelve = { scores, trainTarget: target, validationTarget };
    const { warnings } = await run(eight, { earlyStopping: null, ...gapOfTwelve });
    expect(warnings).toContainEqual(expect.stringMatching(/^Overfitting: .*0\.125/));
  });
  test('is nothing to say without a gap', async () => {
    expect((await run(countingLearner([0.9], { epochs: 1 }), { earlyStopping: null })).warnings).toEqual([]);
  });
});
