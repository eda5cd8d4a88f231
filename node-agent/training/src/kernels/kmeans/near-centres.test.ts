/** @jest-environment ./node-agent/training/native-environment.mjs */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loneGang } from '@trainer/actor';
import fc from 'fast-check';
import { openOpenblas } from '../../engines/openblas-library.js';
import type { FeatureMatrix } from '../../learning/learner.js';
import { NATIVE_DIR } from '../../rank/rank.fixture.js';
import { seededSource, type RandomSource } from '../../split/random-source.js';
import { nearest, turned } from './distances.js';
import type { Products } from './inexact-distances.js';
import { NearCentres } from './near-centres.js';
import { inexactProducts } from './products.fixture.js';
import { RowSpace } from './row-space.js';

let library: Products;
beforeAll(async () => {
  library = await openOpenblas(join(NATIVE_DIR, 'openblas'));
});

interface Drawn {
  readonly rows: FeatureMatrix;
  readonly centres: Float64Array;
  readonly count: number;
  readonly seed: number;
}

/** Rows and centres near to one another, far from zero or around it, of any size; some centres are the same, or next to it. */
const drawn = fc
  .record({
    columns: fc.integer({ min: 1, max: 40 }),
    rows: fc.integer({ min: 1, max: 50 }),
    count: fc.integer({ min: 1, max: 12 }),
    far: fc.constantFrom(0, 1, 1_000, 1e7),
    size: fc.constantFrom(1, 1e-30, 1e-12, 1e18, 1e30),
    seed: fc.nat(),
  })
  .map(({ columns, rows, count, far, size, seed }): Drawn => {
    const random = seededSource(seed);
    const next = valuesOf(random, far, size);
    const values = Float32Array.from({ length: rows * columns }, next);
    const centres = Float64Array.from({ length: count * columns }, next);
    for (let c = 1; c < count; c += 3) {
      centres.copyWithin(c * columns, (c - 1) * columns, c * columns);
      if (random.below(2) === 1) centres[c * columns] = (centres[c * columns] ?? 0) * (1 + 2 ** -45);
    }
    return { rows: { values, rows, columns }, centres, count, seed };
  });

const valuesOf = (random: RandomSource, far: number, size: number) => (): number => (far + random.below(1_000) / 500 - 1) * size;

async function check({ rows, centres, count, seed }: Drawn, products: Products): Promise<void> {
  const near = new NearCentres(products, await RowSpace.open(rows, loneGang()), count);
  near.aim(centres);
  const random = seededSource(seed);
  const all = Int32Array.from({ length: near.blockRows }, (_, place) => place);
  for (const asked of [all, all.filter(() => random.below(2) === 1)]) {
    near.find(0, near.blockRows, asked, asked.length);
    const [across, slack] = [turned(centres, rows.columns), 1 + 1e-12];
    const wrong = [...asked].filter((row, place) => {
      const found = { cluster: 0, distance: 0, next: 0 };
      nearest(rows.values, row * rows.columns, across, found);
      const [upper, lower] = [near.upper[place] ?? NaN, near.lower[place] ?? NaN];
      const areBounds = upper * slack >= Math.sqrt(found.distance) && lower <= Math.sqrt(found.next) * slack;
      return near.clusters[place] !== found.cluster || !areBounds;
    });
    expect(wrong).toEqual([]);
  }
}

describe('the nearest centres are those of a comparison in double, and the bounds hold', () => {
  test('by products of OpenBLAS', () =>
    fc.assert(
      fc.asyncProperty(drawn, (of) => check(of, library)),
      { numRuns: 300 },
    ));

  test('by products that are as wrong as products may be', () =>
    fc.assert(
      fc.asyncProperty(drawn, (of) => check(of, inexactProducts(1, of.seed))),
      { numRuns: 300 },
    ));
});

test('rows that lie apart are not compared one by one', async () => {
  // Were products not believed, the centres of rows would be right in spite of products that are wrong.
  const rows = { values: Float32Array.of(1, 0, 0, 1), rows: 2, columns: 2 };
  const near = new NearCentres({ multiply: ({ c }) => void c.set([0, -2, -2, 0]) }, await RowSpace.open(rows, loneGang()), 2);
  near.aim(Float64Array.of(1, 0, 0, 1));
  near.find(0, 2, Int32Array.of(0, 1), 2);
  expect([...near.clusters]).toEqual([1, 0]);
});
