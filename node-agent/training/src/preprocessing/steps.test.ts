/** @jest-environment ./node-agent/training/native-environment.mjs */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_ONE_HOT_LEVELS } from '@trainer/model';
import type { Column, DateColumn, NumberColumn, TextColumn } from '../data/table.js';
import { pickedRows } from '../data/table.js';
import { fitPreprocessing, type FittedPreprocessing } from './fit.js';
import type { TargetEncoding } from './preprocessing.js';
import { stepContract, type StepCase } from './step.contract.js';

const NUMBER_TARGET: TargetEncoding = { kind: 'number', name: 'y' };
const rowsOf = (count: number): Int32Array => Int32Array.from({ length: count }, (_, row) => row);

function numberColumn(values: readonly number[], name = 'a'): NumberColumn {
  return { kind: 'number', name, values: Float64Array.from(values), isInteger: values.every((value) => !(value % 1)), exact: null };
}
function textColumn(values: readonly (string | null)[], name = 'a'): TextColumn {
  const labels = [...new Set(values.filter((value) => value !== null))];
  return { kind: 'text', name, labels, codes: Int32Array.from(values, (value) => (value === null ? -1 : labels.indexOf(value))) };
}
const dateColumn = (values: readonly number[]): DateColumn => ({
  kind: 'date',
  name: 'a',
  values: Float64Array.from(values),
  spelling: 'YYYY-MM-DD',
});

function fitted(
  columns: readonly Column[],
  trainRows: Int32Array,
  target = NUMBER_TARGET,
  targetOf?: ArrayLike<number>,
): FittedPreprocessing {
  const of = targetOf ?? Float64Array.from({ length: 1e5 }, (_, row) => (row * 7919) % 13);
  return fitPreprocessing(columns, { target, targetOf: of, trainRows, seed: 42, mode: 'auto', wants: { gaps: true, scaled: false } });
}

/** Fits on the first half of the rows: what is in the second alone was not met. */
function caseOf(column: Column, target = NUMBER_TARGET, targetOf?: ArrayLike<number>): StepCase[] {
  const rows = column.kind === 'text' ? column.codes.length : column.values.length;
  // A column that would be left out has no step.
  const second: Column = numberColumn(
    Array.from({ length: rows }, () => 0),
    'other',
  );
  const { preprocessing } = fitted([column, second], rowsOf(Math.ceil(rows / 2)), target, targetOf);
  return preprocessing.steps.filter(({ input }) => input === 'a').map((step) => ({ fitted: step, column }));
}

const sampled = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number): T[] => fc.sample(arbitrary, numRuns);
const gappy = (values: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(fc.oneof({ weight: 6, arbitrary: values }, { weight: 1, arbitrary: fc.constant(NaN) }), { minLength: 2, maxLength: 60 });
/** Few distinct texts, drawn again and again; the empty one, odd ones and gaps among them. */
const texts = (pool: number): fc.Arbitrary<(string | null)[]> =>
  fc
    .uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: pool })
    .chain((levels) => fc.array(fc.constantFrom(null, ...levels), { minLength: 2, maxLength: 8 * pool }));
const manyLevels = (levels: number, rows: number): TextColumn =>
  textColumn(Array.from({ length: rows }, (_, row) => (row % 11 === 3 ? null : `level ${(row * 7919) % levels}`)));

describe('the contract of steps', () => {
  stepContract('numbers', () =>
    sampled(gappy(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })), 60).flatMap((each) =>
      caseOf(numberColumn(each)),
    ),
  );
  stepContract('large integers', () =>
    sampled(gappy(fc.integer({ min: 1_700_000_000, max: 1_700_100_000 })), 30).flatMap((each) => caseOf(numberColumn(each))),
  );
  stepContract('booleans', () =>
    sampled(fc.array(fc.constantFrom(0, 1, 2), { minLength: 2, maxLength: 30 }), 20).flatMap((each) =>
      caseOf({ kind: 'boolean', name: 'a', values: Uint8Array.from(each) }),
    ),
  );
  stepContract('dates', () =>
    sampled(
      gappy(
        fc.oneof(
          fc.double({ min: -62_135_596_800, max: 253_402_300_799, noNaN: true }),
          fc.integer({ min: -1e6, max: 1e6 }).map((day) => day * 86_400),
        ),
      ),
      60,
    ).flatMap((each) => caseOf(dateColumn(each))),
  );
  stepContract('few levels', () => sampled(texts(8), 40).flatMap((each) => caseOf(textColumn(each))));
  stepContract('2, 30 and 3,000 levels, with numbers', () => [2, 30, 3_000].flatMap((levels) => caseOf(manyLevels(levels, 20_000))));
  stepContract('3,000 levels, with five classes', () =>
    caseOf(
      manyLevels(3_000, 20_000),
      { kind: 'classes', name: 'y', type: 'string', classes: ['a', 'b', 'c', 'd', 'e'] },
      Float64Array.from({ length: 20_000 }, (_, row) => row % 5),
    ),
  );
});

describe('dates', () => {
  test('have the parts that the calendar has, on every day of 800 years', () => {
    const days = Array.from({ length: 292_194 }, (_, at) => (at - 146_097) * 86_400 + 3_661);
    const [step] = caseOf(dateColumn(days));
    const { values } = encoded(fitted([dateColumn(days)], rowsOf(10)), rowsOf(days.length));
    const wrong = days.filter((seconds, row) => {
      const date = new Date(seconds * 1000);
      const parts = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), (date.getUTCDay() + 6) % 7, date.getUTCHours()];
      return parts.some((part, column) => values[row * 6 + column] !== part);
    });
    expect([step?.fitted.encoded, wrong]).toEqual([['a.year', 'a.month', 'a.day', 'a.weekday', 'a.hour', 'a.seconds'], []]);
  });
});

const encoded = (
  { encodeOthers, encodeTraining }: FittedPreprocessing,
  rows: Int32Array,
  part: 'others' | 'training' = 'others',
): { values: Float32Array } => (part === 'others' ? encodeOthers(rows) : encodeTraining(rows));

describe('numbers', () => {
  const stepOf = (values: readonly number[], train = values.length): { shift: number; warnings: readonly string[] } => {
    const { preprocessing, warnings } = fitted([numberColumn(values)], rowsOf(train));
    const [step] = preprocessing.steps;
    return { shift: step?.kind === 'number' ? step.shift : NaN, warnings };
  };
  test.each<[string, readonly number[], number]>([
    ['ids above 2^24', [100_000_001, 100_000_003, 100_000_000], 100_000_001],
    ['epoch seconds with fractions', [1_700_000_000.25, 1_700_000_010.75], 1_700_000_005.5],
    ['one large id', [123_456_789, 123_456_789], 123_456_789],
    ['ids beside a zero that stands for missing', [0, ...Array.from({ length: 100 }, (_, at) => 1_000_000_000 + at)], 1_000_000_049],
  ])('%s are shifted', (_what, values, shift) => {
    expect(stepOf(values)).toEqual({ shift, warnings: [] });
  });
  test.each<[string, readonly number[]]>([
    ['integers up to 2^24', [1, 2 ** 24]],
    ['wide fractions', [0.5, 1e12]],
    ['a constant fraction', [0.1, 0.1]],
    ['small integers beside outliers of 1e10', [...Array.from({ length: 200 }, (_, at) => at), 1e10, -1e10]],
  ])('%s are not', (_what, values) => {
    expect(stepOf(values)).toEqual({ shift: 0, warnings: [] });
  });
  test('rows that validate have no part in it', () => {
    expect(stepOf([1, 2, 2 ** 40], 2).shift).toBe(0);
  });
  test('values that still fall together are counted', () => {
    const values = Array.from({ length: 101 }, (_, at) => (at - 50) * 2 ** 30 + (at % 2));
    const { warnings } = stepOf([...values, ...values.map((value) => value + 2)]);
    expect(warnings).toEqual([
      expect.stringMatching(/Column "a" has 202 distinct values in the training rows; \d+ of them can't be told apart/),
    ]);
  });
  test('a running number is kept with a warning', () => {
    const values = Array.from({ length: 10 }, (_, at) => at + 5);
    expect([stepOf(values).warnings, stepOf(values.slice(0, 9)).warnings]).toEqual([[expect.stringContaining('only counts the rows')], []]);
  });
  test('a column of gaps is kept with a warning', () => {
    expect(stepOf([NaN, NaN]).warnings).toEqual([expect.stringContaining('is empty in every row')]);
  });
});

describe('texts', () => {
  const many = (levels: number, rows: number): (string | null)[] => Array.from({ length: rows }, (_, row) => `level ${row % levels}`);
  const stepsOf = (values: readonly (string | null)[]): readonly { kind: string; encoded: readonly string[] }[] =>
    fitted(
      [
        textColumn(values),
        numberColumn(
          values.map(() => 0),
          'b',
        ),
      ],
      rowsOf(values.length),
    ).preprocessing.steps.slice(0, -1);

  test(`up to ${MAX_ONE_HOT_LEVELS} levels are a column each, beyond it one number`, () => {
    expect([stepsOf(many(32, 320))[0]?.encoded.length, stepsOf(many(33, 330))[0]?.encoded]).toEqual([32, ['a.mean']]);
  });
  test('more than half distinct is left out, by name and count', () => {
    const { preprocessing, warnings } = fitted(
      [
        textColumn(many(6, 11)),
        numberColumn(
          many(6, 11).map(() => 0),
          'b',
        ),
      ],
      rowsOf(11),
    );
    expect([preprocessing.inputs.map(({ name }) => name), warnings]).toEqual([
      ['b'],
      [expect.stringContaining('Column "a" was left out: 6 of its 11 values')],
    ]);
    expect(stepsOf(many(5, 10))).toHaveLength(1);
  });
  test('rare levels share a column and are named; missing has its own; what was not met has none', () => {
    const values = [...Array<string>(990).fill('often'), 'x', 'y', null];
    const fit = fitted([textColumn([...values, 'new'])], rowsOf(values.length));
    expect(fit.preprocessing.steps[0]?.encoded).toEqual(['a=often', 'a=(missing)', 'a=(rare)']);
    expect(fit.warnings).toEqual([expect.stringContaining('2 levels that are rare; they are one category: "x", "y"')]);
    expect([...encoded(fit, Int32Array.of(0, 990, 991, 992, 993)).values]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
  });
  test('a row is never encoded by its own target', () => {
    const values = many(40, 400);
    const target = Float64Array.from({ length: 400 }, (_, row) => row % 2);
    const spoilt = target.slice().fill(1e6, 7, 8);
    const trainingOf = (targetOf: Float64Array): Float32Array =>
      encoded(fitted([textColumn(values)], rowsOf(400), NUMBER_TARGET, targetOf), Int32Array.of(7), 'training').values;
    expect(trainingOf(spoilt)).toEqual(trainingOf(target));
  });
  test.each([
    [1_000, 1],
    [1_001, 0],
  ])('%i levels with 1,000 classes: %i encoded', (levels, encodedInputs) => {
    const values = many(levels, 2 * levels);
    const classes = Array.from({ length: 1_000 }, (_, at) => `class ${at}`);
    const of = Float64Array.from(values, (_, row) => row % 1_000);
    const zeros = numberColumn(
      values.map(() => 0),
      'b',
    );
    const target = { kind: 'classes', name: 'y', type: 'string', classes } as const;
    const { preprocessing } = fitted([textColumn(values), zeros], rowsOf(values.length), target, of);
    expect(preprocessing.steps.filter(({ kind }) => kind === 'target-mean')).toHaveLength(encodedInputs);
  });
  test('a table of nothing but names says what became of them', () => {
    const call = (): unknown => fitted([textColumn(['a', 'b', 'c'])], rowsOf(3));
    expect(call).toThrow(/No column is left beside the target "y". Column "a" was left out: 3 of its 3 values/);
  });
});

test('encoded names are distinct, whatever columns are called', () => {
  const texts30 = Array.from({ length: 100 }, (_, row) => `x${row % 2}`);
  const { preprocessing } = fitted(
    [
      textColumn(texts30),
      numberColumn(
        texts30.map((_, row) => row * 2),
        'a=x0',
      ),
    ],
    rowsOf(100),
  );
  expect(preprocessing.steps.flatMap((step) => step.encoded)).toEqual(['a=x0', 'a=x1', 'a=x0_']);
});

test('picked rows are those asked, in every kind of column', () => {
  expect(pickedRows(textColumn(['x', null, 'y']), Int32Array.of(2, 1))).toMatchObject({ codes: Int32Array.of(1, -1) });
});
