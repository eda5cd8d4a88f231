import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RankContext } from '@trainer/actor';
import type { TrainRequest, TrainingAssignment } from '@trainer/model';
// The rank starts a worker thread from its own file, so it is tested as built.
import { TrainingRank } from '@trainer/training';
import { BEGIN, irisCsv, rankWorld, reportsOf, type RankWorld } from './rank.fixture.js';

const worlds: RankWorld[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.remove()));
});
const worldOf = async (dataset: string | Uint8Array, key?: string): Promise<RankWorld> => {
  const world = await rankWorld(dataset, key);
  worlds.push(world);
  return world;
};

interface Trained {
  readonly reports: RankWorld['reports'];
  /** Hashes of the model's files. */
  readonly files: readonly string[];
}

/** A rank in a folder of its own; `quotaBytes` 0: it reads the dataset itself. */
async function train(
  world: RankWorld,
  request: Partial<TrainRequest> = {},
  { quotaBytes, ...values }: Partial<TrainingAssignment> & { quotaBytes?: number } = {},
): Promise<Trained> {
  const context = await world.context();
  const datasetCache = { ...context.datasetCache, quotaBytes: quotaBytes ?? context.datasetCache.quotaBytes };
  const from = world.reports.length;
  await new TrainingRank({ ...context, datasetCache } satisfies RankContext, world.assignment(request, values)).begin(BEGIN);
  const reports = world.reports.slice(from);
  const result = reportsOf(reports, 'result')[0]?.result;
  const files = (result?.files ?? []).filter(({ role }) => role !== 'card').map(({ role, sha256 }) => `${role} ${sha256}`);
  return { reports, files };
}

const kept = async (world: RankWorld): Promise<string[]> => readdir((await world.context()).datasetCache.folder).catch(() => []);
const mixed = `id,n,big,b,t,d,y\n${Array.from(
  { length: 200 },
  (_, at) =>
    `${at},${at % 7 === 0 ? 'NA' : (at * 0.37).toFixed(3)},${9007199254740993n + BigInt(at)},${at % 3 === 0},${'äbc'[at % 3]}${at % 5},${at % 28 < 9 ? 'null' : `2024-02-${String((at % 28) + 1).padStart(2, '0')}`},${(at * 13) % 3}`,
).join('\n')}\n`;

describe('with the cache', () => {
  test.each<[string, () => Promise<string | Buffer> | string, Partial<TrainRequest>]>([
    ['iris', irisCsv, {}],
    ['a table of every kind of column', () => mixed, { targetColumn: 'y' }],
    ['a regression of it', () => mixed, { targetColumn: 'n', taskType: 'regression', modelId: 'xgboost_regressor' }],
  ])('the model of %s has the same bytes as without it', async (_what, content, request) => {
    const world = await worldOf(await content());
    const without = await train(world, request, { quotaBytes: 0 });
    expect([without.files.length, (await kept(world)).length]).toEqual([4, 0]);
    const first = await train(world, request);
    expect(await kept(world)).toHaveLength(1);
    await world.spoil();
    const second = await train(world, request);
    expect(first.files).toEqual(without.files);
    expect(second.files).toEqual(without.files);
    expect(reportsOf(second.reports, 'warning')).toEqual(reportsOf(without.reports, 'warning'));
  });
});

describe('from the cache', () => {
  const rows = (changes: Record<number, string>): string =>
    `x,t,y\n${Array.from({ length: 100 }, (_, at) => changes[at] ?? `${at},${at % 2 === 0 ? 'a' : 'b'},${at % 3}`).join('\n')}\n`;

  test('an error names the line, as it does where the file was read', async () => {
    const world = await worldOf(rows({ 40: '1e300,a,1' }));
    const [first, second] = [await train(world, { targetColumn: 'y' }), await train(world, { targetColumn: 'y' })];
    expect(await kept(world)).toHaveLength(1);
    expect(first.reports.at(-1)).toMatchObject({ error: { code: 'dataset.infinity', facts: { place: { unit: 'line', number: 42 } } } });
    expect(second.reports.at(-1)).toEqual(first.reports.at(-1));
  });
  test('every column that is no number is named with its line', async () => {
    const world = await worldOf(rows({ 0: ',,1' }));
    const request = { targetColumn: 'y', hyperparameters: { preprocessing: 'none' } };
    const [first, second] = [await train(world, request), await train(world, request)];
    expect(first.reports.at(-1)).toMatchObject({ error: { code: 'dataset.not-numeric' } });
    expect(second.reports.at(-1)).toEqual(first.reports.at(-1));
  });
  test('a table that is too large for its lease is not read', async () => {
    const world = await worldOf(rows({}));
    await train(world);
    await world.spoil();
    const { reports } = await train(world, {}, { memoryBytes: 100 });
    expect(reports.at(-1)).toMatchObject({ error: { code: 'rank.needs-memory', facts: { rows: 100, columns: 2 } } });
  });
  test('an unknown column is a wrong request', async () => {
    const world = await worldOf(rows({}));
    await train(world);
    const { reports } = await train(world, { targetColumn: 'z' });
    expect(reports.at(-1)).toMatchObject({ error: { code: 'dataset.unknown-column' } });
  });
  test.each([
    ['overwritten', (world: RankWorld) => world.store.put('data', 'iris.csv', Buffer.from('a,b\n1,2\n'))],
    ['deleted', (world: RankWorld) => world.store.remove('data', ['iris.csv'])],
  ] as const)('a dataset that was %s after the submission is said to be so', async (problem, change) => {
    const world = await worldOf(rows({}));
    const assignment = world.assignment();
    await train(world);
    await change(world);
    await new TrainingRank(await world.context(), assignment).begin(BEGIN);
    expect(world.reports.at(-1)).toMatchObject({ error: { retry: 'never', code: 'dataset.changed', facts: { problem } } });
  });
});
