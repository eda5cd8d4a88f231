/** @jest-environment ./node-agent/training/native-environment.mjs */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { loneGang, type Collective, type Gang } from '@trainer/actor';
import fc from 'fast-check';
import { openOpenblas } from '../../engines/openblas-library.js';
import type { FeatureMatrix } from '../../learning/learner.js';
import { ring } from '../../learning/ring.fixture.js';
import { NATIVE_DIR } from '../../rank/rank.fixture.js';
import { seededSource } from '../../split/random-source.js';
import { trainingRange } from '../../split/shards.js';
import type { DenseAlgebra } from '../dense-algebra.js';
import { Lloyd, problemOf } from './lloyd.js';
import { RowSpace } from './row-space.js';
import { firstCentres, RECORDED, recordedRows } from './scikit-learn.fixture.js';
import { randomRows, spreadRows } from './seeding.js';

const nothing = (): void => undefined;
let algebra: DenseAlgebra;
beforeAll(async () => {
  algebra = await openOpenblas(join(NATIVE_DIR, 'openblas'));
});
const open: Gang[] = [];
afterEach(() => Promise.all(open.splice(0).map((gang) => gang.leave())));

interface Settings {
  readonly count: number;
  readonly tol?: number;
  readonly most?: number;
}

async function solved(
  rows: FeatureMatrix,
  first: Float64Array,
  { count, tol = 1e-4, most = 300 }: Settings,
  team: Collective = loneGang(),
) {
  const lloyd = Lloyd.start(await problemOf(await RowSpace.open(rows, team), algebra, count, tol), first, nothing);
  let iterations = 0;
  let isStill = false;
  while (iterations < most && !isStill) {
    isStill = await lloyd.iterate(nothing);
    iterations += 1;
  }
  return { lloyd, iterations, inertia: await lloyd.inertia() };
}

function shardOf({ values, rows, columns }: FeatureMatrix, rank: number, worldSize: number): FeatureMatrix {
  const { from, to } = trainingRange(rows, { rank, worldSize });
  return { values: values.subarray(from * columns, to * columns), rows: to - from, columns };
}

describe('from the same centres it ends where scikit-learn does', () => {
  test.each(RECORDED.map((recorded) => [recorded.name, recorded] as const))('%s', async (_name, recorded) => {
    const rows = recordedRows(recorded);
    const { clusters: count, tol, iterationsAtMost: most } = recorded;
    const { lloyd, iterations, inertia } = await solved(rows, firstCentres(rows, recorded), { count, tol, most });
    const sizes = Array.from({ length: count }, (_, c) => lloyd.clusters.filter((cluster) => cluster === c).length);
    expect({ iterations, sizes, labels: [...lloyd.clusters.subarray(0, recorded.labels.length)] }).toEqual({
      iterations: recorded.iterations,
      sizes: recorded.sizes,
      labels: recorded.labels,
    });
    expect(Math.abs(inertia / recorded.inertia - 1)).toBeLessThan(1e-9);
  });
});

/** Values of few digits, so that rows fall together and distances tie. */
const anyRows = fc
  .record({
    columns: fc.integer({ min: 1, max: 6 }),
    rows: fc.integer({ min: 1, max: 40 }),
    grid: fc.constantFrom(2, 5, 1_000),
    seed: fc.nat(),
  })
  .map(({ columns, rows, grid, seed }): FeatureMatrix => {
    const random = seededSource(seed);
    return { values: Float32Array.from({ length: rows * columns }, () => random.below(grid) / 8 - 3), rows, columns };
  });

describe('bounds change nothing', () => {
  test('rows are where a comparison with every centre puts them, ties at the lower number, after every iteration', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 9 }), fc.nat(), async (rows, wanted, seed) => {
        const count = Math.min(wanted, rows.rows);
        const space = await RowSpace.open(rows, loneGang());
        const problem = await problemOf(space, algebra, count, 0);
        const lloyd = Lloyd.start(problem, await randomRows(space, count, seededSource(seed)), nothing);
        for (let iteration = 0; iteration < 12; iteration += 1) {
          const isStill = await lloyd.iterate(nothing);
          expect([...lloyd.clusters]).toEqual(slowClusters(rows, lloyd.centres, count));
          expect([...Lloyd.start(problem, lloyd.centres, nothing).clusters]).toEqual([...lloyd.clusters]);
          if (isStill) return;
        }
      }),
      { numRuns: 300 },
    );
  });
});

function slowClusters({ values, rows, columns }: FeatureMatrix, centres: Float64Array, count: number): number[] {
  const parts = (row: number, c: number): number[] =>
    Array.from({ length: columns }, (_, at) => ((values[row * columns + at] ?? NaN) - (centres[c * columns + at] ?? NaN)) ** 2);
  return Array.from({ length: rows }, (_, row) => {
    const distances = Array.from({ length: count }, (_, c) => parts(row, c).reduce((sum, part) => sum + part, 0));
    return distances.indexOf(Math.min(...distances));
  });
}

describe('any number of ranks', () => {
  test.each([2, 3])('%i of them draw the same first centres and end with the same bits as one', async (worldSize) => {
    const rows = recordedRows({ rows: 1_500, columns: 5, far: 0 });
    const alone = await RowSpace.open(rows, loneGang());
    const spread = await spreadRows({ space: alone, products: algebra, count: 9 }, seededSource(3), nothing);
    const random = await randomRows(alone, 9, seededSource(4));
    const one = await solved(rows, spread, { count: 9 });
    const gangs = await ring(worldSize);
    open.push(...gangs);
    const ends = await Promise.all(
      gangs.map(async (gang) => {
        const shard = shardOf(rows, gang.rank, worldSize);
        const space = await RowSpace.open(shard, gang);
        const drawn = await spreadRows({ space: space, products: algebra, count: 9 }, seededSource(3), nothing);
        const others = await randomRows(space, 9, seededSource(4));
        const { lloyd, iterations, inertia } = await solved(shard, drawn, { count: 9 }, gang);
        return { drawn, others, centres: lloyd.centres, clusters: lloyd.clusters, iterations, inertia };
      }),
    );
    for (const end of ends) {
      const { drawn, others, centres, iterations, inertia } = end;
      expect({ drawn, others, centres, iterations, inertia }).toEqual({
        drawn: spread,
        others: random,
        centres: one.lloyd.centres,
        iterations: one.iterations,
        inertia: one.inertia,
      });
    }
    expect(ends.flatMap(({ clusters }) => [...clusters])).toEqual([...one.lloyd.clusters]);
  });

  test('an empty cluster goes to the same row', async () => {
    const recorded = RECORDED.find(({ first }) => first === 'far away');
    if (recorded === undefined) throw new RangeError('It is recorded.');
    const rows = recordedRows(recorded);
    const first = firstCentres(rows, recorded);
    const one = await solved(rows, first, { count: recorded.clusters });
    const gangs = await ring(3);
    open.push(...gangs);
    const ends = await Promise.all(gangs.map((gang) => solved(shardOf(rows, gang.rank, 3), first, { count: recorded.clusters }, gang)));
    for (const { lloyd } of ends) expect(lloyd.centres).toEqual(one.lloyd.centres);
  });
});

describe('rows that are not what one would like', () => {
  test('fewer distinct ones than centres: each distinct one has a centre, and the others stay without rows', async () => {
    const rows = { values: Float32Array.from({ length: 30 }, (_, row) => row % 3), rows: 30, columns: 1 };
    const space = await RowSpace.open(rows, loneGang());
    const { lloyd, inertia } = await solved(
      rows,
      await spreadRows({ space: space, products: algebra, count: 8 }, seededSource(1), nothing),
      { count: 8 },
    );
    expect([inertia, await lloyd.occupied()]).toEqual([0, 3]);
  });
  test('all alike', async () => {
    const rows = { values: new Float32Array(20).fill(1e30), rows: 10, columns: 2 };
    const space = await RowSpace.open(rows, loneGang());
    const { lloyd, inertia } = await solved(
      rows,
      await spreadRows({ space: space, products: algebra, count: 3 }, seededSource(1), nothing),
      { count: 3 },
    );
    expect([inertia, await lloyd.occupied(), [...lloyd.centres.subarray(0, 2)]]).toEqual([0, 1, [...rows.values.subarray(0, 2)]]);
  });
  test('one', async () => {
    const { lloyd } = await solved({ values: Float32Array.of(3), rows: 1, columns: 1 }, Float64Array.of(3), { count: 1 });
    expect([...lloyd.centres]).toEqual([3]);
  });
  test('values of very different sizes in one column', async () => {
    const values = Float32Array.from({ length: 40 }, (_, row) => (row === 0 ? 1e12 : (row % 2) * 1e-3 + 1));
    const { lloyd } = await solved({ values, rows: 40, columns: 1 }, Float64Array.of(1e12, 1), { count: 2 });
    expect(lloyd.centres[0]).toBe(Math.fround(1e12));
    // The unit of so wide a column is far below what float32 holds of it.
    expect(Math.abs((lloyd.centres[1] ?? 0) - values.slice(1).reduce((sum, value) => sum + value, 0) / 39)).toBeLessThan(1e-2);
  });
});

describe('first centres', () => {
  test('of k-means++ are rows, and distinct ones while there are any', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(), async (rows, seed) => {
        const space = await RowSpace.open(rows, loneGang());
        const texts = Array.from({ length: rows.rows }, (_, row) => rows.values.slice(row * rows.columns, (row + 1) * rows.columns).join());
        const count = Math.min(5, new Set(texts).size);
        const centres = await spreadRows({ space: space, products: algebra, count: count }, seededSource(seed), nothing);
        const drawn = Array.from({ length: count }, (_, c) => centres.slice(c * rows.columns, (c + 1) * rows.columns).join());
        expect(new Set(drawn).size).toBe(count);
        expect(drawn.filter((text) => !texts.includes(text))).toEqual([]);
      }),
    );
  });
  test('at random are distinct rows, each as likely', async () => {
    const rows = { values: Float32Array.from({ length: 5 }, (_, row) => row), rows: 5, columns: 1 };
    const space = await RowSpace.open(rows, loneGang());
    const counts = new Float64Array(5);
    for (let seed = 0; seed < 2_000; seed += 1) {
      const drawn = await randomRows(space, 2, seededSource(seed));
      expect(new Set(drawn).size).toBe(2);
      drawn.forEach((row) => (counts[row] = (counts[row] ?? 0) + 1));
    }
    // 800 each, with a deviation of 22.
    for (const count of counts) expect(Math.abs(count - 800)).toBeLessThan(110);
  });
});
