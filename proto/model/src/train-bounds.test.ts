import { describe, expect, it } from '@jest/globals';
import { aSentTrainRequest } from './testing/index.js';
import {
  excludedColumnsProblem,
  hyperparametersProblem,
  isHyperparameterShape,
  requestProblem,
  tagsProblem,
  warningsProblem,
} from './train-bounds.js';

const texts = (count: number, chars: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padEnd(chars, 'x').slice(0, chars));

describe('the shape of a hyperparameter', () => {
  it.each([null, true, -1, 0.5, 'auto', 'x'.repeat(256), [], texts(256, 3), { 0: 1, 1: 2.5 }].map((value) => [value]))(
    'may be: case %#',
    (value) => {
      expect(isHyperparameterShape(value)).toBe(true);
    },
  );

  it.each([
    [Number.NaN],
    [Infinity],
    [10n],
    [undefined],
    [new Date(0)],
    [new Map()],
    [new Uint8Array(3)],
    ['x'.repeat(257)],
    [texts(257, 3)],
    [Array.from({ length: 200_000 }, () => 0.5)],
    [[[1]]],
    [{ a: { b: 1 } }],
    [['x'.repeat(257)]],
    [{ ['k'.repeat(257)]: 1 }],
  ])('may not be: case %#', (value) => {
    expect(isHyperparameterShape(value)).toBe(false);
  });
});

describe('what is bounded in all', () => {
  it.each([
    ['no hyperparameters', hyperparametersProblem({})],
    ['256 hyperparameters', hyperparametersProblem(Object.fromEntries(texts(256, 5).map((name) => [name, 1])))],
    ['a name of 100 characters', hyperparametersProblem({ ['x'.repeat(100)]: 1 })],
    ['10,000 columns of 8 characters', excludedColumnsProblem(texts(10_000, 8))],
    ['100 tags', tagsProblem(Object.fromEntries(texts(100, 5).map((name) => [name, 'v'.repeat(600)])))],
    ['100 warnings', warningsProblem(texts(100, 300))],
    ['an ordinary request', requestProblem(aSentTrainRequest({}))],
  ])('takes %s', (_, problem) => {
    expect(problem).toBeNull();
  });

  it.each([
    [
      '257 hyperparameters',
      hyperparametersProblem(Object.fromEntries(texts(257, 5).map((name) => [name, 1]))),
      'has 257 names; the limit is 256',
    ],
    ['a name of 101 characters', hyperparametersProblem({ ['x'.repeat(101)]: 1 }), 'the limit is 100'],
    ['0.8 MB of numbers', hyperparametersProblem({ n_jobs: Array.from({ length: 200_000 }, () => 0.5) }), 'its limit of 64 KiB'],
    ['10,000 columns of 200 characters', excludedColumnsProblem(texts(10_000, 200)), 'its limit of 128 KiB'],
    ['16,385 columns', excludedColumnsProblem(texts(16_385, 1)), 'names 16385 columns; the limit is 16384'],
    ['101 tags', tagsProblem(Object.fromEntries(texts(101, 5).map((name) => [name, '']))), 'has 101 entries; the limit is 100'],
    ['100 long tags', tagsProblem(Object.fromEntries(texts(100, 5).map((name) => [name, 'v'.repeat(5000)]))), 'its limit of 64 KiB'],
    ['101 warnings', warningsProblem(texts(101, 3)), 'has 101 entries'],
    ['a warning of 1,001 characters', warningsProblem(['x'.repeat(1001)]), 'the limit is 1000'],
  ])('refuses %s', (_, problem, says) => {
    expect(problem).toContain(says);
  });
});
