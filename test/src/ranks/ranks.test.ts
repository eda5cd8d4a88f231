import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Checkpoint, EpochMetrics, RankReport, TrainingResult, TrainRequest } from '@trainer/model';
import { RankGround, type Attempt, type RankEnd } from './gang-of-processes.js';

const EPOCHS = 20;

/** Two classes that trees can tell apart, but for one row in eight. */
function table(rows: number): string {
  let state = 7;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const lines = Array.from({ length: rows }, () => {
    const values = Array.from({ length: 8 }, random);
    const isUp = (values[0] ?? 0) + (values[1] ?? 0) * (values[2] ?? 0) > 0.75;
    return `${values.map((value) => value.toFixed(6)).join()},${Number(random() < 0.125 ? !isUp : isUp)}`;
  });
  return `${Array.from({ length: 8 }, (_, at) => `x${at}`).join()},y\n${lines.join('\n')}\n`;
}

let ground: RankGround;
beforeAll(async () => {
  ground = await RankGround.open(table(2_000));
});
afterAll(() => ground.close());

/** Of all processes, over IPv4 (proc(5): column 2 is the local address, 4 the state; 0A listens). */
function listeningPorts(): number[] {
  const [, ...rows] = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  const columns = rows.map((row) => row.trim().split(/\s+/));
  return columns.filter((row) => row[3] === '0A').map((row) => parseInt(row[1]?.split(':')[1] ?? '0', 16));
}

const requestOf = (hyperparameters: TrainRequest['hyperparameters'], values: Partial<TrainRequest> = {}): Partial<TrainRequest> => ({
  epochs: EPOCHS,
  earlyStopping: false,
  ...values,
  hyperparameters: { n_estimators: EPOCHS, max_depth: 4, ...hyperparameters },
});
const SAMPLINGS = { 'without sampling': {}, 'with sampled rows and columns': { subsample: 0.7, colsample_bytree: 0.6 } };

const resultOf = ([first]: readonly RankEnd[]): TrainingResult | undefined =>
  first?.reports.flatMap((report) => (report.kind === 'result' ? [report.result] : []))[0];
const epochsOf = ([first]: readonly RankEnd[]): EpochMetrics[] =>
  first?.reports.flatMap((report) => (report.kind === 'epoch' ? [report.metrics] : [])) ?? [];
const checkpointsOf = ([first]: readonly RankEnd[]): Checkpoint[] =>
  first?.reports.flatMap((report) => (report.kind === 'checkpoint' ? [report.checkpoint] : [])) ?? [];
const modelOf = (ends: readonly RankEnd[]): (string | undefined)[] =>
  ['native', 'onnx', 'pkl', 'predictions'].map((role) => resultOf(ends)?.files.find((file) => file.role === role)?.sha256);

/** Runs of the same request are equal, so each undisturbed one is made once. */
const undisturbed = new Map<string, Promise<readonly RankEnd[]>>();
function undisturbedRun(ranks: number, sampling: keyof typeof SAMPLINGS): Promise<readonly RankEnd[]> {
  const key = `${ranks} ${sampling}`;
  const known = undisturbed.get(key) ?? ground.run({ ranks, request: requestOf(SAMPLINGS[sampling]) });
  undisturbed.set(key, known);
  return known;
}

describe('one model of several ranks', () => {
  test.each([2, 3])(
    'of %i is told of by the first one alone, with all its phases, epochs and checkpoints',
    async (ranks) => {
      const ends = await ground.run({ ranks, request: requestOf({}) });
      expect(epochsOf(ends).map(({ epoch }) => epoch)).toEqual(Array.from({ length: EPOCHS }, (_, at) => at + 1));
      expect(ends[0]?.reports.filter(({ kind }) => kind === 'phase')).toHaveLength(3);
      expect(checkpointsOf(ends).map(({ epoch }) => epoch)).toEqual([5, 10, 15]);
      expect(ends.slice(1).map(({ reports }) => reports)).toEqual(ends.slice(1).map(() => []));
      expect(resultOf(ends)).toMatchObject({ keptEpoch: EPOCHS, verified: { rows: 400 } });
    },
    180_000,
  );
  test('scores as that of one rank, within 0.01', async () => {
    const [one, two] = await Promise.all([undisturbedRun(1, 'without sampling'), undisturbedRun(2, 'without sampling')]);
    for (const name of ['val_accuracy', 'val_loss', 'train_accuracy', 'train_loss', 'val_roc_auc']) {
      const difference = Number(resultOf(one)?.metrics[name]) - Number(resultOf(two)?.metrics[name]);
      expect([name, Math.abs(difference) <= 0.01]).toEqual([name, true]);
    }
    expect(resultOf(two)?.baseline).toEqual(resultOf(one)?.baseline);
  });
  test('is the same again', async () => {
    const again = await ground.run({ ranks: 2, request: requestOf({}) });
    expect(modelOf(again)).toEqual(modelOf(await undisturbedRun(2, 'without sampling')));
    expect(epochsOf(again)).toEqual(epochsOf(await undisturbedRun(2, 'without sampling')));
  });
  test('stops early on all of them at once, and keeps the best epoch', async () => {
    const ends = await ground.run({
      ranks: 2,
      request: requestOf({ n_estimators: 300, learning_rate: 1, max_depth: 6 }, { epochs: 300, earlyStopping: true, patience: 4 }),
    });
    const result = resultOf(ends);
    expect(result?.selectedOnValidation).toBe(true);
    expect(result?.lastEpoch).toBe((result?.keptEpoch ?? 0) + 4);
    expect(ends.map(({ reports }) => reports.filter(({ kind }) => kind === 'failed'))).toEqual([[], []]);
  });
  test('listens in the ports that it may use, until all have joined; the meeting point of the library stays', async () => {
    const ports = { from: 47_310, to: 47_319 };
    let listening: number[] = [];
    const ends = await ground.run({
      ranks: 2,
      request: requestOf({}),
      ports,
      onReport: (_, report) => {
        if (report.kind === 'epoch' && report.metrics.epoch === 3) listening = listeningPorts();
      },
    });
    expect(resultOf(ends)?.lastEpoch).toBe(EPOCHS);
    expect(listening.filter((port) => port >= ports.from && port <= ports.to)).toHaveLength(1);
  });
  test('with fewer rows than one would think: some ranks have few', async () => {
    const small = await RankGround.open(table(30));
    const ends = await small.run({ ranks: 3, request: requestOf({}) });
    expect(resultOf(ends)?.lastEpoch).toBe(EPOCHS);
    await small.close();
  });
});

const WHEN: Readonly<Record<string, (report: RankReport) => boolean>> = {
  'before the first checkpoint': (report) => report.kind === 'epoch' && report.metrics.epoch === 3,
  'after a checkpoint': (report) => report.kind === 'epoch' && report.metrics.epoch === 13,
  'while it exports': (report) => report.kind === 'phase' && report.phase === 'exporting',
};

describe.each([1, 2])('a training of %i ranks', (ranks) => {
  describe.each(Object.keys(SAMPLINGS) as (keyof typeof SAMPLINGS)[])('%s', (sampling) => {
    test.each(Object.keys(WHEN))(
      'that is killed %s goes on to the very bytes of an undisturbed one',
      async (when) => {
        const request = requestOf(SAMPLINGS[sampling]);
        const whole = await undisturbedRun(ranks, sampling);
        const killed = await ground.run({
          ranks,
          request,
          onReport: (_, report, signal) => {
            if (WHEN[when]?.(report)) for (let rank = 0; rank < ranks; rank += 1) signal(rank, 'SIGKILL');
          },
        });
        expect(killed[0]?.signal).toBe('SIGKILL');
        expect(resultOf(killed)).toBeUndefined();
        const resumeFrom = checkpointsOf(killed).at(-1) ?? null;
        const resumed = await ground.run({ attempt: 2, ranks, request, resumeFrom });
        expect(modelOf(resumed)).toEqual(modelOf(whole));
        expect(resultOf(resumed)?.metrics).toEqual(resultOf(whole)?.metrics);
        expect(epochsOf(resumed)).toEqual(epochsOf(whole).slice(resumeFrom?.epoch ?? 0));
      },
      180_000,
    );
  });
});

describe('a rank that is gone', () => {
  const peerLost = { kind: 'failed', error: { code: 'rank.peer-lost' } };
  const killedAt =
    (epoch: number, victim: number): NonNullable<Attempt['onReport']> =>
    (_, report, signal) => {
      if (report.kind === 'epoch' && report.metrics.epoch === epoch) signal(victim, 'SIGKILL');
    };
  test.each([
    [2, 0],
    [2, 1],
    [3, 1],
  ])(
    'of %i, rank %i, is named by the others within seconds, and none of them stays',
    async (ranks, victim) => {
      const begun = performance.now();
      let killedMs = NaN;
      const ends = await ground.run({
        ranks,
        request: requestOf({ n_estimators: 300 }, { epochs: 300 }),
        onReport: (rank, report, signal) => {
          if (Number.isNaN(killedMs)) killedAt(5, victim)(rank, report, signal);
          if (report.kind === 'epoch' && report.metrics.epoch === 5) killedMs = performance.now() - begun;
        },
      });
      expect(performance.now() - begun - killedMs).toBeLessThan(10_000);
      const others = ends.filter((_, rank) => rank !== victim);
      expect(others.map(({ reports }) => reports.at(-1))).toEqual(others.map(() => expect.objectContaining({ kind: 'failed' })));
      expect(others.map(({ reports }) => reports.filter(({ kind }) => kind === 'failed'))).toMatchObject(others.map(() => [peerLost]));
    },
    180_000,
  );
  test('because the request is wrong tells that, and the others no crash', async () => {
    const ends = await ground.run({ ranks: 2, request: requestOf({}, { targetColumn: 'nothing' }) });
    const failures = ends.flatMap(({ reports }) => reports.flatMap((report) => (report.kind === 'failed' ? [report] : [])));
    expect(failures).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ retry: 'never', code: 'dataset.unknown-column' }) }),
    );
    expect(failures.filter(({ error }) => error.retry !== 'never' && error.code !== 'rank.peer-lost')).toEqual([]);
  });
  test('of a training that goes on with fewer ranks leaves a model that works', async () => {
    const [, , last] = checkpointsOf(await ground.run({ ranks: 2, request: requestOf({}) }));
    const alone = await ground.run({ attempt: 2, ranks: 1, request: requestOf({}), resumeFrom: last ?? null });
    expect(resultOf(alone)).toMatchObject({ lastEpoch: EPOCHS, verified: { rows: 400 } });
    expect(epochsOf(alone)[0]?.epoch).toBe(16);
  });
});
