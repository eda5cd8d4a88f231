import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { above, changedText, readLightgbmTrees, settledText } from './lightgbm-text.js';

const TREE = (number: number): string =>
  [
    `Tree=${number}`,
    ...['num_leaves=3', 'num_cat=0', 'split_feature=1 0', 'split_gain=4 2', 'threshold=0.5 inf', 'decision_type=2 8', 'left_child=1 -1'],
    ...['right_child=-2 -3', 'leaf_value=1 2 3', 'leaf_weight=1 1 1', 'leaf_count=1 1 1', 'internal_value=1 2', 'is_linear=0'],
    ...['shrinkage=1', '', '', ''],
  ].join('\n');
const LONE = 'Tree=1\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nleaf_value=0.25\nleaf_weight=0\nleaf_count=3\nshrinkage=1\n\n\n';
const text = (...trees: string[]): string =>
  [
    ...['tree', 'version=v4', 'num_class=1', 'num_tree_per_iteration=1', 'label_index=0', 'max_feature_idx=1', 'objective=regression'],
    ...['feature_names=a b', 'feature_infos=[0:1] none', `tree_sizes=${trees.map((tree) => tree.length).join(' ')}`, ''],
    `${trees.join('')}end of trees\n\nfeature_importances:\na=1\n`,
  ].join('\n');

describe('the trees of a text', () => {
  test('are numbered through all of them, with gains by column', () => {
    const { trees, gain } = readLightgbmTrees(text(TREE(0), LONE, TREE(2)));
    expect(Array.from(trees.roots)).toEqual([0, -4, 2]);
    expect(Array.from(trees.feature)).toEqual([1, 0, 1, 0]);
    expect(Array.from(trees.trueChild)).toEqual([1, -3, 3, -7]);
    expect(Array.from(trees.falseChild)).toEqual([-2, -1, -6, -5]);
    expect(Array.from(trees.leafWeight)).toEqual([1, 2, 3, 0.25, 1, 2, 3]);
    expect(Array.from(gain)).toEqual([4, 8]);
  });

  test('take a gap for 0 where training had none, and part gaps from numbers by an infinite threshold', () => {
    const { trees } = readLightgbmTrees(text(TREE(0)));
    // 0 is at most 0.5; gaps go right, and every number left.
    expect(Array.from(trees.missingIsTrue)).toEqual([1, 1]);
    expect(trees.threshold[1]).toBe(-Infinity);
  });

  test.each([
    ['an end', text(TREE(0)).replace('end of trees', 'end')],
    ['all of its numbers', text(TREE(0)).replace('0.5 inf', '0.5')],
    ['numbers', text(TREE(0)).replace('0.5', 'half')],
    ['an objective that we know', text(TREE(0)).replace('=regression', '=poisson')],
    ['splits on numbers alone', text(TREE(0)).replace('decision_type=2 8', 'decision_type=1 8')],
    ['gaps that are no zeros', text(TREE(0)).replace('decision_type=2 8', 'decision_type=6 8')],
  ])('must have %s', (_, spoiled) => {
    expect(() => readLightgbmTrees(spoiled)).toThrow(expect.objectContaining({ code: 'engine.format' }));
  });
});

test('a float32 is below `above` of a threshold exactly where it is at most the threshold', () => {
  const float = fc.float({ noNaN: true });
  const threshold = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    float.filter(Number.isFinite),
    fc.constantFrom(0, -0, 1e-35, -1e-35, 1e-60, -1e-60),
  );
  fc.assert(
    fc.property(threshold, float, (limit, value) => {
      const near = [value, Math.fround(limit), above(limit), 0, -0].filter((one) => Number.isFinite(one));
      for (const one of near) expect([one, one < above(limit)]).toEqual([one, one <= limit]);
    }),
    { numRuns: 2_000 },
  );
});

test('a changed text declares its columns, moves its first trees, and knows the sizes of all', () => {
  const changed = changedText(text(TREE(0), TREE(1)), { columns: ['x', 'y', 'unused'], offset: 10, attributes: { about: '{"a": 1}' } });
  expect(changed).toContain('max_feature_idx=2\n');
  expect(changed).toContain('feature_names=x y unused\nfeature_infos=[0:1] none none\n');
  expect(changed).toContain('[about: {"a": 1}]\n');
  const [, first = '', second = ''] = changed.slice(0, changed.indexOf('end of trees')).split(/^(?=Tree=)/m);
  expect(first).toContain('leaf_value=11 12 13\n');
  expect(second).toContain('leaf_value=1 2 3\n');
  expect(changed).toContain(`tree_sizes=${first.length} ${second.length}\n`);
});

test('a settled text has no weight of lone leaves, and knows their sizes', () => {
  const settled = settledText(text(TREE(0), LONE));
  expect(settled).toContain(`tree_sizes=${TREE(0).length} ${LONE.length - 1}\n`);
  expect(settled).toContain('leaf_weight=\n');
  expect(settledText(text(TREE(0)))).toBe(text(TREE(0)));
  expect(settledText(settled)).toBe(settled);
});
