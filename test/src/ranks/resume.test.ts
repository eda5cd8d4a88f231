import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CATALOG, type CatalogEntry, type Checkpoint, type RankReport, type TrainRequest } from '@trainer/model';
import { seededRandom } from '@trainer/runtime/testing';
import { RankGround, type RankEnd } from './gang-of-processes.js';

/* What holds for every model of the catalog that several ranks train: a lost rank is told, and a training that was killed goes on to the same bytes. */

const EPOCHS = 20;
const RANKS = 2;
const MODELS = CATALOG.filter(({ ranks }) => ranks !== null);
/** A solver is to go on beyond the first checkpoint, one iteration an epoch. */
const LITTLE = 1e-12;

function table(task: string): string {
  const next = seededRandom(5);
  const lines = Array.from({ length: 600 }, () => {
    const values = Array.from({ length: 5 }, () => next() * 2 - 1);
    const signal = (values[0] ?? 0) + (values[1] ?? 0) * (values[2] ?? 0) + next() / 4;
    return `${values.map((value) => value.toFixed(6)).join()},${task === 'classification' ? Number(signal > 0.1) : signal.toFixed(6)}`;
  });
  return `a,b,c,d,e,y\n${lines.join('\n')}\n`;
}

const checkpointsOf = ([first]: readonly RankEnd[]): Checkpoint[] =>
  first?.reports.flatMap((report) => (report.kind === 'checkpoint' ? [report.checkpoint] : [])) ?? [];
const filesOf = ([first]: readonly RankEnd[]): (readonly [string, string])[] =>
  first?.reports.flatMap((report) =>
    report.kind === 'result'
      ? report.result.files.filter(({ role }) => role !== 'card').map(({ role, sha256 }) => [role, sha256] as const)
      : [],
  ) ?? [];

const grounds = new Map<string, Promise<RankGround>>();
function groundOf(task: string): Promise<RankGround> {
  const ground = grounds.get(task) ?? RankGround.open(table(task));
  grounds.set(task, ground);
  return ground;
}
afterAll(async () => {
  for (const ground of await Promise.all(grounds.values())) await ground.close();
});

function requestOf({ modelId, task, iterations, parameters }: CatalogEntry): Partial<TrainRequest> {
  const hyperparameters = {
    ...(iterations === undefined ? {} : { [iterations]: EPOCHS }),
    ...(iterations !== undefined && Object.hasOwn(parameters.known, 'tol') ? { tol: LITTLE } : {}),
  };
  return { modelId, taskType: task, epochs: EPOCHS, earlyStopping: false, hyperparameters };
}

describe.each(MODELS)('$modelId of two ranks', (entry) => {
  const request = requestOf(entry);
  const hasEpochs = entry.epochs !== 'none';
  let ground: RankGround;
  beforeAll(async () => {
    ground = await groundOf(entry.task);
  });

  test('that is killed goes on to the very bytes of an undisturbed one', async () => {
    const isTime = ({ kind, ...report }: RankReport): boolean =>
      hasEpochs ? kind === 'checkpoint' : 'phase' in report && report.phase === 'exporting';
    const [whole, killed] = await Promise.all([
      ground.run({ attempt: 3, ranks: RANKS, request }),
      ground.run({
        ranks: RANKS,
        request,
        onReport: (_, report, signal) => {
          if (isTime(report)) for (let rank = 0; rank < RANKS; rank += 1) signal(rank, 'SIGKILL');
        },
      }),
    ]);
    expect(filesOf(whole).length).toBeGreaterThan(0);
    expect([killed.map(({ signal }) => signal), filesOf(killed)]).toEqual([killed.map(() => 'SIGKILL'), []]);
    const [first = null] = checkpointsOf(killed);
    expect(first !== null).toBe(hasEpochs);
    const resumed = await ground.run({ attempt: 2, ranks: RANKS, request, resumeFrom: first });
    expect(filesOf(resumed)).toEqual(filesOf(whole));
    const numbersOf = (ends: readonly RankEnd[]): number[] => checkpointsOf(ends).map(({ epoch }) => epoch);
    expect(numbersOf(resumed)).toEqual(numbersOf(whole).slice(first === null ? 0 : 1));
  }, 120_000);

  (hasEpochs ? test : test.skip)(
    'tells at once which rank was lost',
    async () => {
      const begun = performance.now();
      let killedMs = NaN;
      const ends = await ground.run({
        ranks: RANKS,
        request: { ...request, epochs: 300, hyperparameters: {} },
        onReport: (_, report, signal) => {
          if (report.kind !== 'epoch' || report.metrics.epoch !== 3) return;
          killedMs = performance.now() - begun;
          signal(1, 'SIGKILL');
        },
      });
      expect(performance.now() - begun - killedMs).toBeLessThan(10_000);
      expect(ends[0]?.reports.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'rank.peer-lost' } });
    },
    120_000,
  );
});
