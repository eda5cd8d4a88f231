import { describe, expect, test } from '@jest/globals';
import { roundsAtEpoch } from './rounds.js';

describe('the rounds of an epoch', () => {
  test.each([
    [100, 1, 10, 10],
    [100, 10, 10, 100],
    [7, 1, 3, 2],
    [7, 2, 3, 4],
    [7, 3, 3, 7],
    [3, 2, 10, 2],
    [3, 9, 10, 3],
    [100, 0, 10, 0],
  ])('of %i rounds epoch %i of %i ends at %i', async (rounds, epoch, epochs, end) => {
    expect(roundsAtEpoch(rounds, epoch, epochs)).toBe(end);
  });
});
