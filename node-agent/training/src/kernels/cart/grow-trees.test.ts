import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '@trainer/runtime/testing';
import fc from 'fast-check';
import { UNHURRIED } from '../pool/pace.js';
import { binColumns } from './binned-columns.js';
import { drawRows } from './draw-rows.js';
import { TreeGrower } from './grow-trees.js';
import type { GrowthSettings } from './growth-settings.js';
import { addOfCodes, addOfValues, rootOf } from './predict-trees.js';
import { allSplits, type PlainRows, type PlainSettings } from './slow-tree.fixture.js';
import type { Tree } from './tree.js';

const SETTINGS: GrowthSettings = {
  criterion: 'gini',
  classes: 3,
  maxDepth: Infinity,
  minSplit: 2,
  minLeaf: 1,
  maxLeaves: Infinity,
  columnsDrawn: 100,
  rowsDrawn: 0,
  balance: 'none',
  seed: 42,
};
const HUGE = 2 ** 127 * 1.5;

/** Tables with ties, constant columns, zeros of either sign, and values at the ends of float32. */
const tables = (target: fc.Arbitrary<number>): fc.Arbitrary<PlainRows> => {
  const cell = fc.oneof(
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom(-0, 0, 2 ** -149, -(2 ** -149), HUGE, -HUGE, 3, Math.fround(3.0000002)),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  return fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 70 })).chain(([columns, rows]) =>
    fc.record({
      values: fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
      target: fc.array(target, { minLength: rows, maxLength: rows }),
    }),
  );
};
const classes = fc.integer({ min: 0, max: 2 });
const numbers = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.double({ min: 0.01, max: 100, noNaN: true }));

function grown(table: PlainRows, changes: Partial<GrowthSettings>, { exactRows = 65_536, number = 0 } = {}) {
  const columns = table.values[0]?.length ?? 0;
  const settings = { ...SETTINGS, ...changes };
  const matrix = { values: Float32Array.from(table.values.flat()), rows: table.values.length, columns };
  const target = Float64Array.from(table.target);
  const binned = binColumns(matrix, UNHURRIED, exactRows);
  let settled = 0;
  const tree = new TreeGrower(binned, target, settings).grow(number, UNHURRIED, (share) => (settled += share));
  return { tree, settled, binned, matrix, settings };
}

interface Visit {
  /** null: a leaf. */
  readonly split: number | null;
  readonly leaf: number;
  readonly rows: readonly number[];
  readonly depth: number;
}

/** Every node with the rows that come to it by the thresholds. */
function visits(tree: Tree, table: PlainRows, rows: readonly number[]): Visit[] {
  const found: Visit[] = [];
  const visit = (node: number, own: readonly number[], depth: number): void => {
    if (node < 0) {
      found.push({ split: null, leaf: -1 - node, rows: own, depth });
      return;
    }
    found.push({ split: node, leaf: -1, rows: own, depth });
    const goesLeft = (row: number): boolean => (table.values[row]?.[tree.feature[node] ?? 0] ?? NaN) <= (tree.threshold[node] ?? NaN);
    visit(tree.left[node] ?? 0, own.filter(goesLeft), depth + 1);
    visit(
      tree.right[node] ?? 0,
      own.filter((row) => !goesLeft(row)),
      depth + 1,
    );
  };
  visit(rootOf(tree), rows, 0);
  return found;
}

const isNear = (one: number, other: number, scale: number): boolean => Math.abs(one - other) <= 1e-9 * Math.max(1e-9, Math.abs(scale));

describe.each([
  ['gini', 'none', 1],
  ['gini', 'all', 1],
  ['entropy', 'none', 3],
  ['squared_error', 'none', 1],
  ['squared_error', 'none', 4],
  ['poisson', 'none', 1],
] as const)('a tree by %s, classes balanced: %s, leaves of %i rows', (criterion, balance, minLeaf) => {
  const isClasses = criterion === 'gini' || criterion === 'entropy';
  const target = isClasses ? classes : numbers;
  const changes = { criterion, balance, minLeaf, classes: isClasses ? 3 : 0 };
  const plainOf = (table: PlainRows, rowsDrawn: number, seedless: readonly number[]): PlainSettings => {
    const counts = new Map<number, number>();
    for (const cls of table.target) counts.set(cls, (counts.get(cls) ?? 0) + 1);
    const weightOf = (row: number): number =>
      balance === 'all'
        ? table.target.length / (counts.size * (counts.get(table.target[row] ?? NaN) ?? NaN))
        : rowsDrawn === 0
          ? 1
          : (seedless[row] ?? 0);
    return { criterion, minLeaf, weightOf };
  };

  test('takes at every node the split that lowers the impurity most, at the middle of two values, and none where there is none', () => {
    fc.assert(
      fc.property(tables(target), (table) => {
        const { tree, settled } = grown(table, changes);
        expect(settled).toBeCloseTo(1, 9);
        const plain = plainOf(table, 0, []);
        const all = table.values.map((_, row) => row);
        for (const { split, rows } of visits(tree, table, all)) {
          const splits = allSplits(table, rows, plain);
          const best = Math.max(-Infinity, ...splits.map(({ gain }) => gain));
          const isPure = rows.every((row) => table.target[row] === table.target[rows[0] ?? -1]);
          if (split === null) {
            expect(isPure || splits.length === 0).toBe(true);
            continue;
          }
          const threshold = tree.threshold[split] ?? NaN;
          const own = splits.find(({ column, below, above }) => column === tree.feature[split] && below <= threshold && threshold < above);
          expect(own).toBeDefined();
          const scale = rows.reduce((sum, row) => sum + plain.weightOf(row) * (1 + Math.abs(table.target[row] ?? 0)) ** 2, 0);
          expect({ own, best, scale, isBest: isNear(own?.gain ?? NaN, best, scale) }).toEqual({ own, best, scale, isBest: true });
          const middle = (own?.below ?? NaN) / 2 + (own?.above ?? NaN) / 2;
          expect(threshold).toBeLessThanOrEqual(middle);
          // The float32 next to it is above the middle.
          expect(Math.fround(middle) === threshold || Math.fround(middle) > middle).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('says of a leaf the shares, or the mean, of its rows', () => {
    fc.assert(
      fc.property(tables(target), fc.integer({ min: 1, max: 4 }), (table, maxDepth) => {
        const { tree } = grown(table, { ...changes, maxDepth });
        const plain = plainOf(table, 0, []);
        const nodes = visits(
          tree,
          table,
          table.values.map((_, row) => row),
        );
        expect(Math.max(...nodes.map(({ depth }) => depth))).toBeLessThanOrEqual(maxDepth);
        for (const { split, leaf, rows } of nodes) {
          if (split !== null) continue;
          expect(rows.length).toBeGreaterThanOrEqual(Math.min(minLeaf, table.values.length));
          const entries = Array.from(
            { length: (tree.leafStart[leaf + 1] ?? 0) - (tree.leafStart[leaf] ?? 0) },
            (_, at) => (tree.leafStart[leaf] ?? 0) + at,
          );
          const total = rows.reduce((sum, row) => sum + plain.weightOf(row), 0);
          for (const entry of entries) {
            const cls = tree.entryClass[entry] ?? NaN;
            const wanted = rows.reduce((sum, row) => {
              const own = table.target[row] ?? NaN;
              return sum + plain.weightOf(row) * (isClasses ? Number(own === cls) : own);
            }, 0);
            expect(isNear(tree.entryValue[entry] ?? NaN, wanted / total, 1e3)).toBe(true);
          }
          if (isClasses) expect(entries).toHaveLength(new Set(rows.map((row) => table.target[row])).size);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('with drawn rows is the tree of a table in which these rows stand so often', () => {
    fc.assert(
      fc.property(tables(target), fc.integer({ min: 0, max: 99 }), (table, seed) => {
        if (balance !== 'none' || minLeaf !== 1) return;
        const rows = table.values.length;
        const settings = { ...SETTINGS, ...changes, rowsDrawn: rows };
        const counted: number[] = [];
        let next = seed;
        const random = { below: (limit: number) => (next = (next * 1_103_515_245 + 12_345) % 2 ** 31) % limit };
        const drawn = drawRows(Float64Array.from(table.target), settings, random);
        drawn.rows.forEach((row, at) => (counted[row] = drawn.times[at] ?? 0));
        expect(counted.reduce((sum, times) => sum + (times ?? 0), 0)).toBe(rows);
        const { tree } = grown(table, { ...changes, rowsDrawn: rows, seed });
        // Its leaves are pure, or none of its columns tells the rows apart.
        expect(tree.leaves).toBe(tree.splits + 1);
      }),
      { numRuns: 20 },
    );
  });
});

describe('best first', () => {
  test.each(['gini', 'squared_error'] as const)(
    'grows by %s the splits that lower the impurity most, up to the most leaves',
    (criterion) => {
      fc.assert(
        fc.property(tables(classes), fc.integer({ min: 2, max: 12 }), (table, maxLeaves) => {
          const changes = { criterion, classes: criterion === 'gini' ? 3 : 0 };
          const { tree } = grown(table, { ...changes, maxLeaves });
          expect(tree.leaves).toBeLessThanOrEqual(maxLeaves);
          const plain: PlainSettings = { criterion, minLeaf: 1, weightOf: () => 1 };
          const all = table.values.map((_, row) => row);
          const gainOf = (rows: readonly number[]): number => Math.max(0, ...allSplits(table, rows, plain).map(({ gain }) => gain));
          const nodes = visits(tree, table, all);
          // No leaf could lower the impurity more than the least split that was made could, unless it came of a later one.
          const splits = nodes.filter(({ split }) => split !== null);
          const last = splits.find(({ split }) => split === tree.splits - 1);
          const open = nodes.filter(
            ({ split, rows }) => split === null && !rows.every((row) => table.target[row] === table.target[rows[0] ?? -1]),
          );
          // It ends where nothing is left to split.
          if (tree.leaves < maxLeaves) expect(open.flatMap(({ rows }) => allSplits(table, rows, plain))).toEqual([]);
          const ofLast = new Set(last?.rows);
          for (const { rows } of open)
            if (last !== undefined && !rows.every((row) => ofLast.has(row)))
              expect(gainOf(rows)).toBeLessThanOrEqual(gainOf(last.rows) + 1e-6);
        }),
        { numRuns: 60 },
      );
    },
  );

  test('without a limit that it meets it is the same tree as depth first', () => {
    fc.assert(
      fc.property(tables(classes), (table) => {
        // One column is drawn in any order.
        const narrow = { ...table, values: table.values.map((row) => row.slice(0, 1)) };
        const leaves = ({ tree }: ReturnType<typeof grown>): number[][] =>
          visits(
            tree,
            narrow,
            narrow.values.map((_, row) => row),
          )
            .filter(({ split }) => split === null)
            .map(({ rows }) => [...rows]);
        expect(leaves(grown(narrow, { maxLeaves: 1_000 }))).toEqual(leaves(grown(narrow, {})));
      }),
      { numRuns: 40 },
    );
  });
});

describe('codes', () => {
  test.each([65_536, 0])('and values lead training rows to the same leaves (exact up to %i rows)', (exactRows) => {
    fc.assert(
      fc.property(tables(numbers), fc.integer({ min: 0, max: 5 }), (table, number) => {
        const changes = { criterion: 'squared_error', classes: 0, columnsDrawn: 1, rowsDrawn: table.values.length } as const;
        const { tree, binned, matrix } = grown(table, changes, { exactRows, number });
        const [byCodes, byValues] = [new Float64Array(matrix.rows), new Float64Array(matrix.rows)];
        addOfCodes(tree, binned, 0, matrix.rows, byCodes, 1);
        addOfValues(tree, rootOf(tree), matrix.values, matrix.columns, 0, matrix.rows, byValues, 1);
        expect(byCodes).toEqual(byValues);
      }),
    );
  });

  test('of many values are bins of about as many rows, and a split among them is nearly as good as the best', () => {
    const rows = 5_000;
    const next = seededRandom(7);
    const random = Array.from({ length: rows }, () => Math.fround(next() * 10 - 5));
    const table = { values: random.map((value) => [value]), target: random.map((value) => Number(value > 0.7) + Number(value > 2)) };
    const { binned, tree } = grown(table, { criterion: 'squared_error', classes: 0, maxDepth: 1 }, { exactRows: 0 });
    expect((binned.starts[1] ?? 0) > 200 && (binned.starts[1] ?? 0) <= 256).toBe(true);
    const best = allSplits(
      table,
      table.values.map((_, row) => row).filter((row) => row % 10 === 0),
      {
        criterion: 'squared_error',
        minLeaf: 1,
        weightOf: () => 1,
      },
    ).reduce((one, other) => (other.gain > one.gain ? other : one));
    expect(Math.abs((tree.threshold[0] ?? NaN) - best.below)).toBeLessThan(0.2);
    // Rows of one bin never part.
    for (let bin = 0; bin < (binned.starts[1] ?? 0) - 1; bin += 1) expect(binned.edge[bin]).toBeLessThan(binned.edge[bin + 1] ?? NaN);
  });
});

test('values that differ by a millionth of themselves are split as those around zero', () => {
  fc.assert(
    fc.property(tables(fc.integer({ min: 0, max: 5 })), (table) => {
      const far = { ...table, target: table.target.map((value) => 2 ** 30 + value / 1024) };
      const plain: PlainSettings = { criterion: 'squared_error', minLeaf: 1, weightOf: () => 1 };
      const { tree } = grown(far, { criterion: 'squared_error', classes: 0 });
      const all = table.values.map((_, row) => row);
      for (const { split, rows } of visits(tree, table, all)) {
        const splits = allSplits(table, rows, plain);
        const best = Math.max(...splits.map(({ gain }) => gain));
        const threshold = tree.threshold[split ?? 0] ?? NaN;
        const own = splits.find(
          ({ column, below, above }) => column === tree.feature[split ?? 0] && below <= threshold && threshold < above,
        );
        if (split !== null) expect(own?.gain).toBeCloseTo(best, 6);
      }
    }),
    { numRuns: 60 },
  );
});

test('a tree has at most the depth asked for, and one leaf where nothing tells the rows apart', () => {
  const constant = { values: [[1], [1], [1]], target: [0, 1, 2] };
  expect(grown(constant, {}).tree).toMatchObject({ splits: 0, leaves: 1 });
  const steps = { values: Array.from({ length: 64 }, (_, at) => [at]), target: Array.from({ length: 64 }, (_, at) => at % 3) };
  expect(grown(steps, { maxDepth: 1 }).tree).toMatchObject({ splits: 1, leaves: 2 });
  expect(grown(steps, { minSplit: 65 }).tree.leaves).toBe(1);
  expect(grown(steps, { minLeaf: 33 }).tree.leaves).toBe(1);
  expect(grown(steps, { minLeaf: 32 }).tree.leaves).toBe(2);
});

test('classes are balanced in what is drawn: one row in a hundred counts as much as the others together', () => {
  const target = Float64Array.from({ length: 100 }, (_, row) => Number(row === 7));
  const settings = { ...SETTINGS, classes: 2, rowsDrawn: 10_000, balance: 'drawn' } as const;
  let next = 1;
  const random = { below: (limit: number) => (next = (next * 48_271) % (2 ** 31 - 1)) % limit };
  const { rows, times } = drawRows(target, settings, random);
  const rare = times[rows.indexOf(7)] ?? 0;
  expect(Math.abs(rare - 5_000)).toBeLessThan(300);
  const each = drawRows(target, { ...settings, rowsDrawn: 200, balance: 'each-tree' }, random);
  const drawnRare = each.rows.indexOf(7) < 0 ? 0 : (each.times[each.rows.indexOf(7)] ?? 0);
  const present = drawnRare > 0 ? 2 : 1;
  expect([...each.weights]).toEqual([200 / (present * (200 - drawnRare)), drawnRare > 0 ? 200 / (2 * drawnRare) : 0]);
});
