import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../harness/index.js';
import { PYTHON_SETUP_MS, testPython } from '../python.js';
import { RestService } from '../rest-service.js';

/** What plain Python found with the models that it trained through REST. */
interface Findings {
  readonly penguins: {
    readonly accuracy: number;
    readonly features: readonly string[];
    readonly warnings: readonly string[];
    readonly ways: Readonly<Record<string, number>>;
    readonly unseen: readonly (readonly string[])[];
    readonly refusals: Readonly<Record<string, string | null>>;
  };
  readonly passengers: {
    readonly accuracy: number;
    readonly features: readonly string[];
    readonly date_inputs: readonly string[];
    readonly warnings: readonly string[];
    readonly furthest: number;
    readonly same_labels: boolean;
  };
  readonly labels: readonly { readonly label: string; readonly format: string; readonly same: number; readonly in_order: boolean }[];
  readonly levels: Readonly<Record<string, { readonly r2: number; readonly unseen: readonly number[] }>>;
}

let cluster: TestCluster;
let found: Findings;
beforeAll(async () => {
  const python = await testPython('requirements-frames.txt');
  cluster = await startCluster({ withGateway: true });
  found = (await python.run('check_predictions.py', { url: new RestService(cluster).url })) as Findings;
}, PYTHON_SETUP_MS);
afterAll(() => cluster?.stop());

describe('a table of penguins with gaps, text, dates and odd names', () => {
  test('is learned, and what was left out is told', () => {
    expect(found.penguins.accuracy).toBeGreaterThan(0.9);
    expect(found.penguins.features).not.toContain('Individual ID');
    expect(found.penguins.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('"No" only counts the rows'),
        expect.stringContaining('"Individual ID" was left out: 320 of its 320 values'),
      ]),
    );
  });
  test('is predicted the same from every kind of X', () => {
    expect(Object.entries(found.penguins.ways).filter(([, difference]) => !(difference <= 1e-6))).toEqual([]);
  });
  test('takes levels and gaps that training did not meet, also when pickled again', () => {
    expect(found.penguins.unseen[0]).toHaveLength(2);
    expect(found.penguins.unseen[1]).toEqual(found.penguins.unseen[0]);
  });
  test.each([
    ['doubled', "'No' more than once"],
    ['missing', 'lacks tame'],
    ['narrow', 'this model takes rows of 8 columns'],
    ['one dimension', 'this model takes rows of 8 columns'],
    ['no rows', 'X has no rows'],
    ['bad date', "'2007-13-01' in the column 'Date Egg' is not a date written as YYYY-MM-DD"],
    ['number for a date', "Row 0: 5 in the column 'Date Egg' is not a date written as YYYY-MM-DD"],
    ['bad number', "Row 0: 'heavy' in the column 'Body Mass (g)' is not a number"],
    ['mixed dict', 'mixes lists and single values'],
  ])('refuses with a sentence: %s', (what, sentence) => {
    expect(found.penguins.refusals[what]).toContain(sentence);
  });
});

describe('a table of passengers with names, cabins, gaps and dates in five spellings', () => {
  test('is learned, with each of its dates as one, and without the names', () => {
    expect(found.passengers.accuracy).toBeGreaterThan(0.95);
    expect(found.passengers.date_inputs).toEqual(Array.from({ length: 5 }, () => 'tensor(double)'));
    expect(found.passengers.features).not.toContain('Name');
    expect(found.passengers.warnings).toContainEqual(expect.stringContaining('"PassengerId" only counts the rows'));
  });
  test('is predicted by the ONNX file, from dates as seconds, as by the pickle, from dates as they are spelled', () => {
    expect(found.passengers.same_labels).toBe(true);
    expect(found.passengers.furthest).toBeLessThan(1e-6);
  });
});

test('every type of label comes back as pandas reads it, from every format', () => {
  const wrong = found.labels.filter(({ same, in_order }) => same < 0.98 || !in_order);
  expect([found.labels.length, wrong]).toEqual([15, []]);
});

test.each(['2', '30', '3000'])('text of %s levels carries what depends on it', (levels) => {
  expect(found.levels[levels]?.r2).toBeGreaterThan(0.95);
  expect(found.levels[levels]?.unseen.every(Number.isFinite)).toBe(true);
});
