import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DatasetProfile } from '@trainer/model';
import { DatasetError } from '../data/errors.js';
import { datasetFolder, type DatasetFolder } from '../data/dataset.fixture.js';
import { prepareData, type DataFacts } from '../rank/prepare-data.js';
import { trainRequest } from '../rank/rank.fixture.js';
import { profileDataset } from './profile-dataset.js';

let folder: DatasetFolder;
beforeAll(async () => {
  folder = await datasetFolder();
});
afterAll(() => folder.remove());

/** What a cell of a column may hold; a column has one of them, and sometimes a stray one of another. */
const cells: Readonly<Record<string, fc.Arbitrary<string>>> = {
  integers: fc.integer({ min: -9, max: 9 }).map(String),
  ids: fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }).map(String),
  fractions: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  few: fc.constantFrom('a', 'b', 'B', ' c', '"q""uote, d"', 'é', '😀'),
  many: fc.nat(60).map((n) => `l${n}`),
  distinct: fc.uuid(),
  booleans: fc.constantFrom('true', 'False'),
  dates: fc.constantFrom('2024-01-31', '2023-12-01 10:30', '1999-02-28'),
  nothing: fc.constant(''),
  one: fc.constant('7'),
};
const column = (rows: number): fc.Arbitrary<string[]> =>
  fc.constantFrom(...Object.values(cells)).chain((cell) => {
    const odd = fc.constantFrom('', 'NA', '1', 'x', '1e300');
    const gaps = fc.constantFrom(0, 0, 1, 5);
    return gaps.chain((share) =>
      fc.array(fc.oneof({ weight: 20, arbitrary: cell }, { weight: share, arbitrary: odd }), { minLength: rows, maxLength: rows }),
    );
  });
const table = fc.record({ rows: fc.constantFrom(1, 2, 5, 60, 120), width: fc.integer({ min: 1, max: 5 }) }).chain(({ rows, width }) =>
  fc.record({
    columns: fc.array(column(rows), { minLength: width, maxLength: width }),
    target: fc.nat(width - 1),
    atOnce: fc.integer({ min: 1, max: 5 }),
  }),
);

/** Names of encoded columns that a profile tells. */
const SHOWN = 40;

interface Said {
  readonly failed: string | null;
  readonly steps: readonly (readonly [string, string, number, readonly string[]])[];
  readonly warnings: readonly string[];
}

const ofTraining = ({ preprocessing, warnings }: DataFacts): Said => ({
  failed: null,
  steps: preprocessing.steps.map(({ input, kind, encoded }) => [input, kind, encoded.length, encoded.slice(0, SHOWN)] as const),
  warnings: [...new Set(warnings)].sort(),
});
const ofProfile = ({ columns, problems, warnings }: DatasetProfile): Said => {
  const used = columns.filter(({ plan }) => plan.kind !== 'left-out' && plan.kind !== 'target');
  const steps = used.map(({ name, plan }) => [name, plan.kind, plan.encodedCount, plan.encoded] as const);
  return { failed: problems[0] ?? null, steps, warnings: [...new Set([...warnings, ...columns.flatMap((each) => each.warnings)])].sort() };
};
/** A training that fails says no more than why. */
const orFailure = async (said: Promise<Said>): Promise<Said> => {
  try {
    const all = await said;
    return all.failed === null ? all : { failed: all.failed, steps: [], warnings: [] };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { failed: error.message, steps: [], warnings: [] };
  }
};

test.each(['classification', 'regression'] as const)(
  'of any table a profile says what a %s does, and why it fails where it fails',
  async (task) => {
    const outcomes = { trained: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, target, atOnce }) => {
        const rows = columns[0]?.map((_, row) => columns.map((values) => values[row]).join(',')) ?? [];
        const content = `${columns.map((_, at) => `c${at}`).join(',')}\n${rows.map((row) => `${row}\n`).join('')}`;
        const targetColumn = `c${target}`;
        const dataset = await folder.open(content).catch((error: unknown) => {
          if (error instanceof DatasetError) return null;
          throw error;
        });
        // No table at all: both get the reader's word, which is tested where it is said.
        if (dataset === null) return;
        const request = trainRequest({ targetColumn, taskType: task, seed: 42 });
        const trained = await orFailure(
          prepareData(dataset, request, { gaps: true, scaled: false, target: 'given' }, { rank: 0, worldSize: 1, trainRows: 'shard' }).then(
            ({ facts }) => ofTraining(facts),
          ),
        );
        const room = { columnBytes: dataset.rows * 12 * atOnce, fileBytes: 0 };
        const told = await orFailure(
          profileDataset(dataset, { targetColumn, taskType: task }, room, () => Promise.resolve()).then(ofProfile),
        );
        dataset.close();
        outcomes[trained.failed === null ? 'trained' : 'failed'] += 1;
        expect(told).toEqual(trained);
      }),
      { numRuns: 200 },
    );
    expect({ oftenTrained: outcomes.trained > 5, sometimesFailed: outcomes.failed > 5 }).toEqual({
      oftenTrained: true,
      sometimesFailed: true,
    });
  },
  120_000,
);
