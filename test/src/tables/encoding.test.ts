import { beforeAll, expect, test } from '@jest/globals';
import { fitPreprocessing, type FitRequest } from '@trainer/training/internal';
import { seededRandom } from '@trainer/runtime/testing';
import { PYTHON_SETUP_MS, testPython } from '../python.js';

const ROWS = 2_000;
const TRAIN = Int32Array.from({ length: 1_600 }, (_, row) => row);
const ALL = Int32Array.from({ length: ROWS }, (_, row) => row);
const next = seededRandom(7);
/** 300 levels of uneven size, some of them only in rows that validate; one value in twenty is missing. */
const TEXT = Array.from({ length: ROWS }, () => (next() < 0.05 ? null : `level ${Math.floor(next() ** 2 * 300)}`));
const FEW = Array.from({ length: ROWS }, (_, row) => (next() < 0.1 ? null : row > 1_900 ? 'late' : `kind ${Math.floor(next() * 5)}`));
const SECONDS = Array.from({ length: ROWS }, () => Math.floor(next() * 4e9) - 1e9);
const TARGET = Array.from({ length: ROWS }, (_, row) => (TEXT[row]?.length ?? 0) - 8 + 4 * next());

interface Reference {
  readonly continuous: readonly (readonly number[])[];
  readonly binary: readonly (readonly number[])[];
  readonly multiclass: readonly (readonly number[])[];
  readonly few: readonly [readonly (readonly number[])[], readonly string[]];
  readonly dates: readonly (readonly number[])[];
}
let reference: Reference;
beforeAll(async () => {
  const python = await testPython('requirements-frames.txt');
  reference = (await python.run('encode.py', { text: TEXT, few: FEW, seconds: SECONDS, target: TARGET, train: [...TRAIN] })) as Reference;
}, PYTHON_SETUP_MS);

type Columns = Parameters<typeof fitPreprocessing>[0];
const text = (values: readonly (string | null)[]): Columns[number] => {
  const labels = [...new Set(values.filter((value) => value !== null))];
  return { kind: 'text', name: 'a', labels, codes: Int32Array.from(values, (value) => (value === null ? -1 : labels.indexOf(value))) };
};

function encoded(column: Columns[number], target: FitRequest['target'] = { kind: 'number', name: 'y' }, targetOf = TARGET): number[][] {
  const wants = { gaps: true, scaled: false };
  const { encodeOthers } = fitPreprocessing([column], { target, targetOf, trainRows: TRAIN, seed: 42, mode: 'auto', wants });
  const { values, columns } = encodeOthers(ALL);
  return Array.from({ length: ROWS }, (_, row) => [...values.subarray(row * columns, (row + 1) * columns)]);
}
const classes = (names: readonly string[]): FitRequest['target'] => ({ kind: 'classes', name: 'y', type: 'string', classes: names });
const furthest = (ours: readonly (readonly number[])[], theirs: readonly (readonly number[])[]): number =>
  Math.max(...ours.flatMap((row, at) => row.map((value, column) => Math.abs(value - (theirs[at]?.[column] ?? NaN)))));

test("means of a number are those of scikit-learn's TargetEncoder", () => {
  expect(furthest(encoded(text(TEXT)), reference.continuous)).toBeLessThan(1e-6);
});
test('so are those of two classes', () => {
  const ours = encoded(
    text(TEXT),
    classes(['no', 'yes']),
    TARGET.map((value) => Number(value > 0)),
  );
  expect(furthest(ours, reference.binary)).toBeLessThan(1e-6);
});
test('and of three', () => {
  const ours = encoded(
    text(TEXT),
    classes(['a', 'b', 'c']),
    TARGET.map((value) => Math.trunc(Math.abs(value) * 10) % 3),
  );
  expect(furthest(ours, reference.multiclass)).toBeLessThan(1e-6);
});
test("few levels are those of scikit-learn's OneHotEncoder, missing among them", () => {
  const [theirs, levels] = reference.few;
  expect(levels[0]).toBe('');
  // Ours has the missing ones last.
  expect(encoded(text(FEW))).toEqual(theirs.map(([missing = NaN, ...others]) => [...others, missing]));
});
test('the parts of dates are those of pandas', () => {
  const ours = encoded({ kind: 'date', name: 'a', values: Float64Array.from(SECONDS), spelling: 'YYYY-MM-DD' });
  expect(ours.map((row) => row.slice(0, 5))).toEqual(reference.dates);
});
