import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
// The rank starts a worker thread from its own file, so it is tested as built.
import { TrainingRank } from '@trainer/training';
import { BEGIN, irisCsv, rankWorld, reportsOf, type RankWorld } from './rank.fixture.js';

let world: RankWorld;
beforeEach(async () => {
  world = await rankWorld(await irisCsv());
});
afterEach(() => world.remove());

const bytesOf = async (key: string, from = world): Promise<Buffer> => buffer((await from.store.get('models', key)).stream);

describe('a training', () => {
  test('reports its phases and epochs in order and ends with the result', async () => {
    await new TrainingRank(await world.context(), world.assignment()).begin(BEGIN);
    const { reports } = world;
    expect(reportsOf(reports, 'phase').map(({ phase }) => phase)).toEqual(['loading', 'training', 'exporting']);
    const epochs = reportsOf(reports, 'epoch');
    expect(epochs.map(({ metrics }) => metrics.epoch)).toEqual(epochs.map((_, at) => at + 1));
    const done = epochs.map((report) => report.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(reports.at(-1)?.kind).toBe('result');
  });
  test('gives a verified model with the metrics of its kept epoch', async () => {
    await new TrainingRank(await world.context(), world.assignment()).begin(BEGIN);
    const [result] = reportsOf(world.reports, 'result').map((report) => report.result);
    const kept = reportsOf(world.reports, 'epoch').find(({ metrics }) => metrics.epoch === result?.keptEpoch);
    expect(result).toMatchObject({
      classes: ['setosa', 'versicolor', 'virginica'],
      selectedOnValidation: true,
      verified: { rows: 30 },
      metrics: { val_accuracy: kept?.metrics.valAccuracy, val_loss: kept?.metrics.valLoss },
    });
    expect(result?.metrics['val_accuracy']).toBeGreaterThan(0.9);
    expect(result?.baseline['val_accuracy']).toBeCloseTo(1 / 3, 10);
  });
  test('leaves its files under the attempt, with the hashes it reports', async () => {
    await new TrainingRank(await world.context(), world.assignment()).begin(BEGIN);
    const files = reportsOf(world.reports, 'result')[0]?.result.files ?? [];
    expect(files.map(({ role }) => role).sort()).toEqual(['card', 'native', 'onnx', 'pkl', 'predictions']);
    for (const file of files) {
      expect(file.key).toBe(`attempts/train_0123456789ab/1/train_0123456789ab_20260102${file.ending}`);
      expect(
        createHash('sha256')
          .update(await bytesOf(file.key))
          .digest('hex'),
      ).toBe(file.sha256);
    }
  });
  test('stores checkpoints before the result', async () => {
    await new TrainingRank(await world.context(), world.assignment({ earlyStopping: false })).begin(BEGIN);
    expect(reportsOf(world.reports, 'checkpoint').map(({ checkpoint }) => checkpoint.epoch)).toEqual([5, 10, 15]);
    expect(world.reports.at(-1)?.kind).toBe('result');
  });
});

test('a number far from zero is learned as one that is not, and its files predict it', async () => {
  const line = (row: number): string => `${(row * 7919) % 101},${(row * 104_729) % 37},${1_700_000 + ((row * 7919) % 101) / 25}`;
  const far = await rankWorld(`a,b,y\n${Array.from({ length: 400 }, (_, row) => line(row)).join('\n')}\n`, 'far.csv');
  try {
    const request = { modelId: 'xgboost_regressor', taskType: 'regression', targetColumn: 'y' } as const;
    await new TrainingRank(await far.context(), far.assignment(request)).begin(BEGIN);
    const [result] = reportsOf(far.reports, 'result').map((report) => report.result);
    expect(far.reports.at(-1)).toMatchObject({ kind: 'result' });
    expect(result?.metrics['val_r2']).toBeGreaterThan(0.999);
  } finally {
    await far.remove();
  }
});

describe('resuming', () => {
  test.each([
    ['unsampled', {}],
    ['sampled', { subsample: 0.7, colsample_bytree: 0.6 }],
  ])('from any checkpoint of an %s training gives the same model bytes', async (_what, hyperparameters) => {
    const request = { earlyStopping: false, hyperparameters };
    await new TrainingRank(await world.context(), world.assignment(request)).begin(BEGIN);
    const checkpoints = reportsOf(world.reports, 'checkpoint').map(({ checkpoint }) => checkpoint);
    const whole = reportsOf(world.reports, 'result')[0]?.result;
    const [middle] = checkpoints.slice(1);
    world.reports.length = 0;
    const resumed = world.assignment(request, { attempt: 2, resumeFrom: middle ?? null });
    await new TrainingRank(await world.context(), resumed).begin(BEGIN);
    const again = reportsOf(world.reports, 'result')[0]?.result;
    const hashes = (files: typeof again): (string | undefined)[] =>
      ['pkl', 'onnx', 'native', 'predictions'].map((role) => files?.files.find((file) => file.role === role)?.sha256);
    expect(hashes(again)).toEqual(hashes(whole));
    expect(reportsOf(world.reports, 'epoch')[0]?.metrics.epoch).toBe((middle?.epoch ?? 0) + 1);
    expect(again?.metrics).toEqual(whole?.metrics);
  });
  test('from a checkpoint that is gone begins anew, with a warning', async () => {
    const file = { role: 'checkpoint', key: 'attempts/x/1/checkpoint-5.ckpt', bytes: 1, sha256: 'x', ending: '.ckpt' } as const;
    const assignment = world.assignment({}, { resumeFrom: { epoch: 5, metrics: {}, file } });
    await new TrainingRank(await world.context(), assignment).begin(BEGIN);
    expect(reportsOf(world.reports, 'warning')[0]?.message).toContain('checkpoint of epoch 5 is gone');
    expect(reportsOf(world.reports, 'epoch')[0]?.metrics.epoch).toBe(1);
  });
});

describe('what fails', () => {
  test('a dataset overwritten after the submission is a wrong request that names it', async () => {
    const assignment = world.assignment();
    await world.store.put('data', 'iris.csv', Buffer.from('a,b\n1,2\n'));
    await new TrainingRank(await world.context(), assignment).begin(BEGIN);
    expect(world.reports.at(-1)).toMatchObject({
      kind: 'failed',
      error: { retry: 'never', code: 'dataset.changed', facts: { key: 'iris.csv', problem: 'overwritten' } },
    });
  });
  test('a dataset deleted after the submission likewise', async () => {
    const assignment = world.assignment();
    await world.store.remove('data', ['iris.csv']);
    await new TrainingRank(await world.context(), assignment).begin(BEGIN);
    expect(world.reports.at(-1)).toMatchObject({ error: { retry: 'never', code: 'dataset.changed', facts: { problem: 'deleted' } } });
  });
  test('an unknown target column is a wrong request', async () => {
    await new TrainingRank(await world.context(), world.assignment({ targetColumn: 'spezies' })).begin(BEGIN);
    expect(world.reports.at(-1)).toMatchObject({ kind: 'failed', error: { retry: 'never', code: 'dataset.unknown-column' } });
    expect(reportsOf(world.reports, 'phase').map(({ phase }) => phase)).toEqual(['loading']);
  });
  test('an engine that is not there is a crash, not a wrong request', async () => {
    const context = { ...(await world.context()), nativeDir: '/nowhere' };
    await new TrainingRank(context, world.assignment()).begin(BEGIN);
    expect(world.reports.at(-1)).toMatchObject({ kind: 'failed', error: { retry: 'elsewhere', code: 'engine.unavailable' } });
  });
  test('a report that the head refuses ends the attempt with that error', async () => {
    const context = await world.context((report) => {
      if (report.kind === 'epoch') throw new Error('refused');
    });
    await expect(new TrainingRank(context, world.assignment()).begin(BEGIN)).rejects.toThrow('refused');
    expect(reportsOf(world.reports, 'result')).toEqual([]);
  });
});

test('a cancelled training ends between epochs without a result', async () => {
  const context = await world.context((report) => {
    if (report.kind === 'epoch') world.controller.abort();
  });
  const assignment = world.assignment({ epochs: 1000, earlyStopping: false, hyperparameters: { n_estimators: 100_000 } });
  await new TrainingRank(context, assignment).begin(BEGIN);
  expect(reportsOf(world.reports, 'result')).toEqual([]);
  expect(reportsOf(world.reports, 'failed')).toEqual([]);
});
