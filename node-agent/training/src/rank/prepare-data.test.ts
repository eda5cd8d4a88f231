import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { datasetFolder, type DatasetFolder } from '../data/dataset.fixture.js';
import { prepareData, type PreparedData } from './prepare-data.js';
import { trainRequest } from './rank.fixture.js';

let folder: DatasetFolder;
beforeAll(async () => {
  folder = await datasetFolder();
});
afterAll(() => folder.remove());

const prepare = async (content: string, request: Parameters<typeof trainRequest>[0] = {}): Promise<PreparedData> =>
  prepareData(
    await folder.open(content),
    trainRequest(request),
    { gaps: true, scaled: false, target: 'given' },
    { rank: 0, worldSize: 1, trainRows: 'shard' },
  );
const failure = async (content: string, request: Parameters<typeof trainRequest>[0] = {}): Promise<unknown> =>
  prepare(content, request).then(
    () => null,
    (error: unknown) => error,
  );
const table = (rows: number, row: (at: number) => string): string =>
  `a,b,y\n${Array.from({ length: rows }, (_, at) => row(at)).join('\n')}\n`;

test('gaps in features stay gaps', async () => {
  const { train, validation } = await prepare(table(100, (at) => `${at % 3 === 0 ? 'NaN' : at},NA,${at % 2}`));
  const values = [...train.features.values, ...validation.features.values];
  expect([values.length, values.filter(Number.isNaN).length]).toEqual([200, 134]);
});
test.each([
  ['1e39', 7],
  ['-1e39', 2],
  ['inf', 101],
])('a target of %s is beyond what engines hold, and says where it stands', async (value, line) => {
  const content = table(100, (at) => `${at},1,${at + 2 === line ? value : at / 3}`);
  expect(await failure(content, { taskType: 'regression' })).toMatchObject({
    code: 'dataset.infinity',
    retry: 'never',
    facts: { column: 'y', place: { unit: 'line', number: line } },
  });
});
test('the largest float32 is a target like any other', async () => {
  const { facts } = await prepare(
    table(100, (at) => `${at},1,${at === 5 ? '3.4028234e38' : at / 3}`),
    { taskType: 'regression' },
  );
  expect(facts.rows).toBe(100);
});
test('rows without a target are dropped, counted and told', async () => {
  const { facts } = await prepare(table(120, (at) => `${at * 2},1,${at < 20 ? '' : at % 2}`));
  expect([facts.rows, facts.droppedRows, facts.trainTarget.length, facts.validationTarget.length]).toEqual([120, 20, 80, 20]);
  expect(facts.warnings).toEqual([expect.stringContaining('20 rows have no value in the target column "y"')]);
});
test('the raw validation rows are those of the matrix', async () => {
  const { validation, facts } = await prepare(table(100, (at) => `${at / 4},${at},${at % 2}`));
  const [first] = facts.rawValidation;
  expect(first?.kind === 'number' ? [...first.values] : null).toEqual([...validation.features.values].filter((_, at) => at % 2 === 0));
});
test('excluded text columns are no hindrance', async () => {
  const { facts } = await prepare(
    table(100, (at) => `word${at},${at * 3},${at % 2}`),
    { excludeColumns: ['a'] },
  );
  expect(facts.preprocessing.inputs.map(({ name }) => name)).toEqual(['b']);
});
test('booleans are features of 0 and 1', async () => {
  const { train } = await prepare(table(100, (at) => `${at % 2 === 0},0,${at % 2}`));
  expect(new Set(train.features.values)).toEqual(new Set([0, 1]));
});

const RAW = { hyperparameters: { preprocessing: 'none' } };

test('text and dates are encoded, and training rows never by their own target', async () => {
  const { train, validation, facts } = await prepare(
    table(200, (at) => `${at % 3 === 0 ? '' : `city ${at % 40}`},2024-01-${String((at % 28) + 1).padStart(2, '0')},${at % 2}`),
  );
  const names = facts.preprocessing.steps.flatMap(({ encoded }) => encoded);
  expect(names).toEqual(['a.mean', 'b.year', 'b.month', 'b.day', 'b.weekday', 'b.hour', 'b.seconds']);
  expect([train.features.columns, validation.features.columns]).toEqual([7, 7]);
});
test('a column that one word makes text is told by it', async () => {
  const { facts } = await prepare(table(100, (at) => `${at === 7 ? 'n/k' : at % 20},${at * 2},${at % 2}`));
  expect(facts.warnings).toEqual([expect.stringContaining('Column "a" is text because of "n/k"')]);
});

test.each([
  ['a currency and thousands', (at: number) => `"$${at},${String((at * 37) % 1_000).padStart(3, '0')}.50"`, '"$0,000.50"'],
  ['percent signs', (at: number) => `${at / 2}%`, '"0%"'],
  ['losses in brackets', (at: number) => (at % 3 === 0 ? `(${at + 0.5})` : `${at}`), '"(0.5)"'],
  ['a currency behind', (at: number) => `${at} EUR`, '"0 EUR"'],
  ['decimal commas', (at: number) => `"${at},5"`, '"0,5"'],
] as const)('a column of numbers with %s is told how they are to be written', async (_, cell, example) => {
  const { facts } = await prepare(table(100, (at) => `${cell(at)},${at * 2},${at % 2}`));
  expect(facts.warnings).toContainEqual(expect.stringMatching(/^Column "a" is text, though its values, such as .* Write them plainly/));
  expect(facts.warnings.join('\n')).toContain(`such as ${example},`);
});
test.each([
  ['words', (at: number) => `word ${at % 50}`],
  ['codes', (at: number) => `A-${at}`],
  ['versions', (at: number) => `1.${at}.2`],
])('a column of %s is not', async (_, cell) => {
  const { facts } = await prepare(table(100, (at) => `${cell(at)},${at * 2},${at % 2}`));
  expect(facts.warnings.join('\n')).not.toContain('plainly');
});

test('a model that takes no gaps has them filled, and without preprocessing the first is refused by its line', async () => {
  const dataset = await folder.open(table(100, (at) => `${at % 10 === 3 ? '' : at / 4},${at},${at % 2}`));
  const wants = { gaps: false, scaled: true, target: 'given' } as const;
  const { train, facts } = await prepareData(dataset, trainRequest(), wants, { rank: 0, worldSize: 1, trainRows: 'shard' });
  expect([train.features.columns, train.features.values.some(Number.isNaN)]).toEqual([3, false]);
  expect(facts.preprocessing.tableSteps.map(({ kind }) => kind)).toEqual(['fill', 'scale']);
  await expect(prepareData(dataset, trainRequest(RAW), wants, { rank: 0, worldSize: 1, trainRows: 'shard' })).rejects.toMatchObject({
    code: 'dataset.gap',
    facts: { column: 'a', place: { unit: 'line', number: 5 } },
  });
});

test.each([
  ['shard', 40],
  ['all', 80],
] as const)('the second of two ranks that have each %s of the training rows gets %i of 80', async (trainRows, rows) => {
  const dataset = await folder.open(table(100, (at) => `${at / 4},${at},${at % 2}`));
  const wants = { gaps: true, scaled: false, target: 'given' } as const;
  const { train, validation } = await prepareData(dataset, trainRequest(), wants, { rank: 1, worldSize: 2, trainRows });
  expect([train.features.rows, train.target.length, validation.target.length]).toEqual([rows, rows, 10]);
});

describe('what is refused', () => {
  test('without preprocessing text and dates among the features, each with its line, and how to go on', async () => {
    const error = await failure('a,b,c,y\n1,,,0\n2,Paris,2024-01-31,1\n3,Rome,2024-02-01,0\n4,Rome,2024-02-01,1\n', RAW);
    expect(error).toMatchObject({
      code: 'dataset.not-numeric',
      facts: {
        columns: [
          { column: 'b', type: 'text', example: 'Paris', place: { unit: 'line', number: 3 } },
          { column: 'c', type: 'date', example: '2024-01-31', place: { unit: 'line', number: 3 } },
        ],
      },
    });
    expect(String(error)).toContain('exclude_columns: ["b","c"]');
  });
  test('without preprocessing a column of numbers but for one word, by that word', async () => {
    const error = await failure('a,b,y\n1,2,0\n2,3,1\n3,n/k,0\n4,5,1\n', RAW);
    expect(error).toMatchObject({ facts: { columns: [{ column: 'b', example: 'n/k', place: { unit: 'line', number: 4 } }] } });
  });
  test('a number that float32 cannot hold, with its line', async () => {
    expect(await failure(table(100, (at) => `${at === 50 ? '1.5e39' : '0.5'},${at},${at % 2}`))).toMatchObject({
      code: 'dataset.infinity',
      facts: { column: 'a', place: { unit: 'line', number: 52 } },
    });
  });
  test.each([
    ['one class', table(50, () => '1,2,x'), 'one-class'],
    ['no target at all', table(50, () => '1,2,'), 'missing'],
    ['5,000 distinct floats', table(5_000, (at) => `1,2,${at}.5`), 'continuous'],
  ])('a target of %s', async (_what, content, problem) => {
    expect(await failure(content)).toMatchObject({ code: 'dataset.target', facts: { column: 'y', problem } });
  });
});

describe('a task without a target', () => {
  const clusters = { taskType: 'clustering', validationSplit: 0.3 } as const;
  const content = `a,b,y\n${Array.from({ length: 40 }, (_, at) => `${at * at},${at % 5 === 0 ? '' : `t${at % 3}`},${at % 4 === 1 ? '' : at % 2}`).join('\n')}\n`;
  test('trains on all rows, and the last column is a feature', async () => {
    const { train, validation, facts } = await prepare(content, clusters);
    expect([train.features.rows, validation.features.rows, facts.encodedValidation.rows]).toEqual([40, 0, 40]);
    expect(facts.preprocessing.inputs.map(({ name }) => name)).toEqual(['a', 'b', 'y']);
    expect([facts.preprocessing.target, facts.split.method, facts.droppedRows, facts.warnings]).toEqual([
      { kind: 'clusters', compared: null },
      'none',
      0,
      [],
    ]);
  });
  test('compares with a column that is named, and keeps rows without a value in it', async () => {
    const { train, facts } = await prepare(content, { ...clusters, targetColumn: 'y' });
    expect([train.features.rows, facts.preprocessing.target]).toEqual([40, { kind: 'clusters', compared: { name: 'y', labels: 2 } }]);
    expect(facts.preprocessing.inputs.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(facts.warnings).toEqual([expect.stringMatching(/^10 rows have no value in the target column "y": they are clustered/)]);
  });
  test('encodes many levels by their share of the rows', async () => {
    const many = `a,b\n${Array.from({ length: 200 }, (_, at) => `${at},town ${at % 40}`).join('\n')}\n`;
    const { train, facts } = await prepare(many, clusters);
    const [, town] = facts.preprocessing.steps;
    expect(town).toMatchObject({ kind: 'target-mean', encoded: ['b.share'] });
    expect(train.features.values[1]).toBeCloseTo(1 / 40, 6);
  });
  test('takes a table of one column, and of one row', async () => {
    expect((await prepare('a\n1\n2\n4\n', clusters)).train.features).toMatchObject({ rows: 3, columns: 1 });
    expect((await prepare('a,b\n1,2\n', clusters)).train.features).toMatchObject({ rows: 1, columns: 2 });
  });
});
