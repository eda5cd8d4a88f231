import { describe, expect, test } from '@jest/globals';
import { madeUpInit } from '../../learning/rows.fixture.js';
import { growthSettings } from '../../models/forest.js';
import { ForestTooLargeError } from './errors.js';
import { ForestLearner } from './forest-learner.js';

const TREES = 8;
const EPOCHS = 4;

/** @returns the bytes of the file, once all epochs are trained */
async function trained(mostBytes?: number): Promise<number> {
  const init = madeUpInit(0, { epochs: EPOCHS });
  const learner = new ForestLearner(init, growthSettings(init), TREES, null, mostBytes);
  try {
    for (let epoch = 1; epoch <= learner.epochs; epoch += 1) await learner.step(epoch, { tick: () => undefined });
    return (await learner.model()).native.bytes.length;
  } finally {
    learner.close();
  }
}

describe('a forest whose file outgrows what is kept of a model', () => {
  test('ends while it grows, with its nodes, the limit, and what to lower', async () => {
    const whole = await trained();
    const limitBytes = Math.floor(whole / 2);
    const error = await trained(limitBytes).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ForestTooLargeError);
    const { facts, message, code } = error as ForestTooLargeError;
    expect([code, facts.limitBytes]).toEqual(['artifact.too-large', limitBytes]);
    // About half of the trees were grown, and no epoch after them.
    expect(facts.trees).toBeGreaterThan(1);
    expect(facts.trees).toBeLessThan(TREES);
    expect(facts.nodes).toBeGreaterThan(facts.trees);
    expect(message).toContain(`After ${facts.trees} trees the forest has ${facts.nodes} nodes`);
    expect(message).toMatch(/Lower max_depth or n_estimators, or raise min_samples_leaf\.$/);
  });

  test('is told of the first tree too', async () => {
    await expect(trained(100)).rejects.toThrow(ForestTooLargeError);
  });

  test('is none where it just fits', async () => {
    const whole = await trained();
    expect(await trained(whole + 1024)).toBe(whole);
  });
});
