import { expect, test } from '@jest/globals';
import { checkMemory } from './memory-check.js';
import { requireEntry } from '../learning/learners.js';
import { BEGIN, irisCsv, rankWorld, trainRequest } from './rank.fixture.js';
import { TrainingRank } from '@trainer/training';

const entry = requireEntry('xgboost_classifier');
const table = { rows: 20_000, columns: 16, classes: 26 };

test('a table that surely fits into the lease is trained, one that may take a byte more is not', async () => {
  const world = await rankWorld(await irisCsv());
  const request = trainRequest({ hyperparameters: { n_estimators: 200 } });
  const needed = entry.limits(table, request.hyperparameters).memoryBytes;
  const check = (memoryBytes: number | null) => (): void => checkMemory(entry, { ...world.assignment(), request, memoryBytes }, table);
  const least = Math.ceil(needed * 0.8);
  expect(check(least)).not.toThrow();
  expect(check(null)).not.toThrow();
  expect(check(least - 1)).toThrow(
    expect.objectContaining({ code: 'rank.needs-memory', retry: 'same', facts: { ...table, neededBytes: needed, givenBytes: least - 1 } }),
  );
  expect(check(2 ** 28)).toThrow(/^Training on 20,000 rows of 16 columns and 26 classes may need [\d,]+ MiB; the attempt had 256 MiB$/);
  await world.remove();
});

test('a rank says so before it trains', async () => {
  const world = await rankWorld(await irisCsv());
  await new TrainingRank(await world.context(), world.assignment({}, { memoryBytes: 2 ** 20 })).begin(BEGIN);
  expect(world.reports.map(({ kind }) => kind)).toEqual(['phase', 'failed']);
  expect(world.reports.at(-1)).toMatchObject({ error: { code: 'rank.needs-memory', facts: { rows: 150, columns: 4, classes: 3 } } });
  await world.remove();
});

test('a rank says so before it holds a table that is larger than its lease', async () => {
  const row = `${'1,'.repeat(20)}x\n`;
  // Its target has one class, which would be the error if it were read.
  const world = await rankWorld(`${Array.from({ length: 20 }, (_, i) => `c${i}`).join(',')},y\n${row.repeat(20_000)}`, 'small.csv');
  const columnBytes = 20_000 * 21 * 8;
  await new TrainingRank(await world.context(), world.assignment({}, { memoryBytes: columnBytes })).begin(BEGIN);
  expect(world.reports.at(-1)).toMatchObject({
    error: { code: 'rank.needs-memory', facts: { rows: 20_000, columns: 20, givenBytes: columnBytes } },
  });
  await world.remove();
});
