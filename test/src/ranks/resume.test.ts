import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CATALOG, type Checkpoint, type TrainRequest } from '@trainer/model';
import { seededRandom } from '@trainer/runtime/testing';
import { RankGround, type RankEnd } from './gang-of-processes.js';

/* What holds for every model of the catalog that several ranks train epoch by epoch: a lost rank is told, and a resumed training gives the same bytes. */

const EPOCHS = 20;
const RANKS = 2;
const MODELS = CATALOG.filter(({ ranks, epochs }) => ranks !== null && epochs !== 'none');

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

describe.each(MODELS)('$modelId of two ranks', ({ modelId, task, epochs: kind }) => {
  let ground: RankGround;
  const request: Partial<TrainRequest> = { modelId, taskType: task, epochs: EPOCHS, earlyStopping: false };
  beforeAll(async () => {
    ground = await RankGround.open(table(task));
  });
  afterAll(() => ground.close());

  test('goes on from its first checkpoint to the very bytes of an undisturbed one', async () => {
    const whole = await ground.run({ ranks: RANKS, request });
    expect(filesOf(whole).length).toBeGreaterThan(0);
    const [first] = checkpointsOf(whole);
    if (first === undefined) {
      // A solver may have converged before there was one: there is nothing to go on from.
      expect(kind).toBe('iterations');
      return;
    }
    const resumed = await ground.run({ attempt: 2, ranks: RANKS, request, resumeFrom: first });
    expect(filesOf(resumed)).toEqual(filesOf(whole));
    expect(checkpointsOf(resumed).map(({ epoch }) => epoch)).toEqual(
      checkpointsOf(whole)
        .slice(1)
        .map(({ epoch }) => epoch),
    );
  }, 120_000);

  test('tells at once which rank was lost', async () => {
    const begun = performance.now();
    let killedMs = NaN;
    const ends = await ground.run({
      ranks: RANKS,
      request: { ...request, epochs: 300 },
      onReport: (_, report, signal) => {
        if (report.kind !== 'epoch' || report.metrics.epoch !== 3) return;
        killedMs = performance.now() - begun;
        signal(1, 'SIGKILL');
      },
    });
    expect(performance.now() - begun - killedMs).toBeLessThan(10_000);
    expect(ends[0]?.reports.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'rank.peer-lost' } });
  }, 120_000);
});
