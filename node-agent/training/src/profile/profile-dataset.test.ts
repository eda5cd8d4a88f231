import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ColumnProfile, DatasetProfile } from '@trainer/model';
import { writtenByDuckDb as parquet } from '../data/duck-db.fixture.js';
import { datasetFolder, type DatasetFolder } from '../data/dataset.fixture.js';
import type { Dataset } from '../data/table.js';
import { encodedColumns } from '../preprocessing/preprocessing.js';
import { prepareData } from '../rank/prepare-data.js';
import { trainRequest } from '../rank/rank.fixture.js';
import { profileDataset } from './profile-dataset.js';

let folder: DatasetFolder;
beforeAll(async () => {
  folder = await datasetFolder();
});
afterAll(() => folder.remove());

interface Asked {
  readonly target?: string;
  readonly task?: 'classification' | 'regression';
  readonly columnBytes?: number;
}
const pause = (): Promise<void> => Promise.resolve();
const profileOf = (dataset: Dataset, { target, task, columnBytes = 2 ** 28 }: Asked = {}): Promise<DatasetProfile> =>
  profileDataset(dataset, { targetColumn: target ?? null, taskType: task ?? null }, { columnBytes, fileBytes: 2 ** 20 }, pause);
const profile = async (content: string | Uint8Array, asked?: Asked): Promise<DatasetProfile> =>
  profileOf(await folder.open(content), asked);
const failure = (content: string, asked?: Asked): Promise<unknown> =>
  profile(content, asked).then(
    () => null,
    (error: unknown) => error,
  );
const columnOf = (of: DatasetProfile, name: string): ColumnProfile | undefined => of.columns.find((column) => column.name === name);
const lines = (rows: number, line: (row: number) => string): string => Array.from({ length: rows }, (_, row) => `${line(row)}\n`).join('');

const GAPS = 'Missing values reach models that take them; for others the median fills them.';

/** Every kind of column, and names that must be escaped somewhere. */
const MIXED = `n,"sp, ace","qu""ote",é [1],day,flag,many,id,none,one,y\n${lines(400, (row) =>
  [
    row % 7 === 0 ? '' : row / 4,
    `w${row % 3}`,
    row % 2 === 0 ? 'NA' : 'x',
    row % 5,
    `2024-01-${String((row % 28) + 1).padStart(2, '0')}`,
    row % 2 === 0,
    `level${row % 60}`,
    `id-${row}`,
    '',
    1,
    `c${row % 3}`,
  ].join(','),
)}`;

describe('what a table holds', () => {
  test('types, gaps, distinct values and the most frequent ones', async () => {
    const of = await profile(MIXED);
    expect(of).toMatchObject({ format: 'csv', rows: 400, columnCount: 11, target: null, problems: [] });
    const facts = of.columns.map(({ name, type, missing, distinct }) => [name, type, missing, distinct]);
    expect(facts).toEqual([
      ['n', 'number', 58, 342],
      ['sp, ace', 'text', 0, 3],
      ['qu"ote', 'text', 200, 1],
      ['é [1]', 'integer', 0, 5],
      ['day', 'date', 0, 28],
      ['flag', 'boolean', 0, 2],
      ['many', 'text', 0, 60],
      ['id', 'text', 0, 400],
      ['none', 'number', 400, 0],
      ['one', 'integer', 0, 1],
      ['y', 'text', 0, 3],
    ]);
    expect(columnOf(of, 'y')?.values).toEqual([
      { value: 'c0', rows: 134 },
      { value: 'c1', rows: 133 },
      { value: 'c2', rows: 133 },
    ]);
    expect(columnOf(of, 'flag')?.values.map(({ value }) => value)).toEqual(['True', 'False']);
    expect(columnOf(of, 'day')).toMatchObject({
      spelling: expect.any(String),
      values: expect.arrayContaining([{ value: '2024-01-01', rows: 15 }]),
    });
  });

  test.each([
    ['integers beyond 2^53', '9007199254740993', '9007199254740993'],
    ['fractions', '0.10', '0.1'],
    ['whole numbers that are written as fractions', '2.0', '2.0'],
    ['minus zero', '-0.0', '0.0'],
  ])('%s are written as classes are', async (_what, value, shown) => {
    const of = await profile(`a,b\n${lines(5, () => `${value},1`)}`);
    expect(columnOf(of, 'a')?.values).toEqual([{ value: shown, rows: 5 }]);
  });

  test.each([
    [1_000, 1_000],
    [1_001, null],
  ])('of %i distinct numbers %p are counted', async (count, distinct) => {
    const of = await profile(`a,b\n${lines(count, (row) => `${row / 2},1`)}`);
    expect(columnOf(of, 'a')).toMatchObject({ distinct, values: { length: distinct === null ? 0 : 10 } });
  });

  test('a Parquet file is told as it is', async () => {
    const of = await profile(
      await parquet(
        "SELECT i AS whole, CASE WHEN i % 3 > 0 THEN 'l' || (i % 2) END AS label, TIMESTAMP '2024-05-01 10:30:00' AS at FROM range(100) t(i)",
      ),
    );
    expect(of).toMatchObject({ format: 'parquet', rows: 100 });
    expect(of.columns.map(({ name, type, missing }) => [name, type, missing])).toEqual([
      ['whole', 'integer', 0],
      ['label', 'text', 34],
      ['at', 'date', 0],
    ]);
    expect(columnOf(of, 'at')?.values[0]?.value).toBe('2024-05-01T10:30:00Z');
  });
});

describe('what will be done with each column, and why', () => {
  test('without a target: as far as it is known', async () => {
    const of = await profile(MIXED);
    expect(of.columns.map(({ name, plan }) => [name, plan.kind, plan.encodedCount, plan.why])).toEqual([
      ['n', 'number', 1, `The number as it is, as float32. ${GAPS}`],
      ['sp, ace', 'one-hot', 3, 'A column of 0 and 1 for each level, of which it has 3; rare ones share one.'],
      ['qu"ote', 'one-hot', 2, 'A column of 0 and 1 for each level, of which it has 1, and for missing; rare ones share one.'],
      ['é [1]', 'number', 1, 'The number as it is, as float32.'],
      ['day', 'date', 6, 'Year, month, day, weekday, hour and seconds, in UTC.'],
      ['flag', 'number', 1, 'False becomes 0, true 1.'],
      [
        'many',
        'target-mean',
        1,
        expect.stringMatching(/^60 levels in the training rows are more than 32: .* the level's share of the rows\.$/),
      ],
      ['id', 'left-out', 0, 'Left out: 400 of its 400 values in the training rows are distinct, more than half.'],
      ['none', 'number', 1, `The number as it is, as float32. ${GAPS}`],
      ['one', 'number', 1, 'The number as it is, as float32.'],
      ['y', 'one-hot', 3, 'A column of 0 and 1 for each level, of which it has 3; rare ones share one.'],
    ]);
    expect([of.plan, of.encodedColumns]).toEqual([{ number: 5, 'one-hot': 3, date: 1, 'target-mean': 1, 'left-out': 1 }, 20]);
    expect(columnOf(of, 'none')?.warnings).toEqual(['Column "none" is empty in every row; it is kept and can\'t help.']);
  });

  test.each([
    ['classification', 'y'],
    ['classification', 'é [1]'],
    ['regression', 'n'],
  ] as const)('a %s with the target %s is planned as it is trained', async (task, target) => {
    const dataset = await folder.open(MIXED);
    const of = await profileOf(dataset, { target });
    const request = trainRequest({ targetColumn: target, taskType: task, seed: 42 });
    const { facts } = await prepareData(
      dataset,
      request,
      { gaps: true, scaled: false, target: 'given' },
      { rank: 0, worldSize: 1, trainRows: 'shard' },
    );
    const { steps, inputs } = facts.preprocessing;
    const used = of.columns.filter(({ plan }) => plan.kind !== 'left-out' && plan.kind !== 'target');
    expect(of.target).toMatchObject({ column: target, taskType: task, isGuessed: true });
    expect(used.map(({ name, plan }) => [name, plan.kind, plan.encoded])).toEqual(
      steps.map(({ input, kind, encoded }) => [input, kind, encoded]),
    );
    expect(used.map(({ spelling }) => spelling)).toEqual(inputs.map(({ spelling }) => spelling));
    expect(of.encodedColumns).toBe(encodedColumns(facts.preprocessing).length);
    expect([of.target?.trainingRows, of.target?.validationRows]).toEqual([facts.trainTarget.length, facts.validationTarget.length]);
    expect([...of.warnings, ...of.columns.flatMap(({ warnings }) => warnings)].sort()).toEqual([...new Set(facts.warnings)].sort());
  });

  test('columns that would be called alike are told apart as a training does', async () => {
    const content = `a,a=x,y\n${lines(100, (row) => `${row % 2 === 0 ? 'x' : 'z'},${row},${row % 2}`)}`;
    const of = await profile(content, { target: 'y' });
    expect(of.columns.flatMap(({ plan }) => plan.encoded)).toEqual(['a=x', 'a=z', 'a=x_']);
  });

  test.each([2, 32, 33, 3_000])('text of %i levels', async (levels) => {
    const of = await profile(`t,y\n${lines(levels * 4, (row) => `l${row % levels},${row % 2}`)}`, { target: 'y' });
    const plan = columnOf(of, 't')?.plan;
    expect([plan?.kind, plan?.encodedCount]).toEqual(levels <= 32 ? ['one-hot', levels] : ['target-mean', 1]);
    expect(plan?.why).toMatch(levels <= 32 ? `has ${levels};` : /^(33|29\d\d) levels in the training rows are more than 32: the share /);
  });

  test.each([
    ['50 numbers', 50, 'classification'],
    ['51 numbers', 51, 'regression'],
  ])('a target of %s is guessed to be for %s', async (_what, distinct, task) => {
    const of = await profile(`a,y\n${lines(200, (row) => `${row % 9},${row % distinct}`)}`, { target: 'y' });
    expect(of.target).toMatchObject({ taskType: task, isGuessed: true });
  });

  test('the task that is named is planned', async () => {
    const of = await profile(`a,y\n${lines(200, (row) => `${row % 9},${row % 3}`)}`, { target: 'y', task: 'regression' });
    expect(of.target).toMatchObject({ taskType: 'regression', isGuessed: false });
  });

  test('what would make the training fail is a problem, not a silence', async () => {
    const huge = await profile(`a,b,y\n${lines(100, (row) => `${row === 7 ? '1e300' : row},1,${row % 2}`)}`, { target: 'y' });
    expect(huge.problems).toEqual([expect.stringMatching(/^Column "a" holds a value that is infinite or too large .* line 9/)]);
    const idle = await profile(`id,y\n${lines(100, (row) => `id${row},${row % 2}`)}`, { target: 'y' });
    expect(idle.problems).toEqual([
      expect.stringMatching(/^No column is left beside the target "y"\. Column "id" was left out: 80 of its 80 /),
    ]);
  });
});

describe('what is refused, in the words of a training', () => {
  test.each([
    ['no rows', 'a,b\n', {}, 'dataset.no-rows'],
    ['a ragged line', 'a,b\n1,2\n1,2,3\n', {}, 'dataset.ragged'],
    ['an unknown target', 'a,b\n1,2\n', { target: 'c' }, 'dataset.unknown-column'],
    ['a target without values', 'a,b\n1,\n2,\n', { target: 'b' }, 'dataset.target'],
    ['a target of one class', `a,b\n${lines(9, (row) => `${row},x`)}`, { target: 'b' }, 'dataset.target'],
    ['dates as a target', `a,b\n${lines(9, (row) => `${row},2024-01-0${row + 1}`)}`, { target: 'b' }, 'dataset.target'],
    ['a single row', 'a,b\n1,2\n', { target: 'b', task: 'regression' }, 'dataset.too-few-rows'],
    ['a target alone', 'a\n1\n2\n', { target: 'a' }, 'dataset.no-features'],
  ] as const)('%s', async (_what, content, asked, code) => {
    expect(await failure(content, asked)).toMatchObject({ code, retry: 'never' });
  });

  test('a column that alone is larger than the room, with what it needs', async () => {
    const content = `a,b\n${lines(1_000, (row) => `${row},1`)}`;
    expect(await failure(content, { columnBytes: 11_999 })).toMatchObject({ facts: { rows: 1_000, neededBytes: 12_000 } });
    expect(await profile(content, { columnBytes: 12_000 })).toMatchObject({ rows: 1_000 });
  });
});

describe('odd tables', () => {
  test('10,000 columns are told by the first of them and by sums, in an answer of bounded size', async () => {
    const count = 10_000;
    const names = Array.from({ length: count }, (_, at) => `column ${at} ${'n'.repeat(100)}`);
    const wide = `${names.join(',')}\n${lines(3, (row) => Array.from({ length: count }, (_, at) => (at % 2 === 0 ? row : `t${row}`)).join(','))}`;
    const of = await profile(wide, { target: names[count - 1] ?? '', task: 'classification' }).catch((error: unknown) => error);
    // Three rows of three classes: none could validate.
    expect(of).toMatchObject({ code: 'dataset.target' });
    const all = await profile(wide);
    expect([all.columnCount, all.columns.length]).toEqual([count, 1_000]);
    expect(all.plan).toEqual({ number: 5_000, 'left-out': 5_000 });
    expect(JSON.stringify(all).length).toBeLessThan(2 ** 21);
  });

  test('the target is told also where it is the last of very many', async () => {
    const names = Array.from({ length: 1_500 }, (_, at) => `c${at}`);
    const of = await profile(`${names.join(',')}\n${lines(20, (row) => names.map((_, at) => row % (at % 2 === 0 ? 5 : 2)).join(','))}`, {
      target: 'c1499',
    });
    expect(of.columns.at(-1)).toMatchObject({ name: 'c1499', plan: { kind: 'target' } });
  });

  test('huge texts are cut, within no pair of surrogates', async () => {
    const huge = '😀'.repeat(100_000);
    const of = await profile(`t,u\n${lines(20, (row) => `${row % 2 === 0 ? huge : `x${huge}`},1`)}`);
    expect(JSON.stringify(of).length).toBeLessThan(10_000);
    expect(columnOf(of, 't')?.values.every(({ value }) => value.isWellFormed() && value.length <= 100 && value.endsWith('…'))).toBe(true);
    expect(columnOf(of, 't')?.plan.encoded.every((name) => name.isWellFormed() && name.length <= 120)).toBe(true);
  });

  test('some columns at a time give what all at once give', async () => {
    const [whole, parts] = await Promise.all([profile(MIXED, { target: 'y' }), profile(MIXED, { target: 'y', columnBytes: 400 * 12 })]);
    expect(parts).toEqual(whole);
  });
});
