import { expect, test } from '@jest/globals';
import { scores, scoresOf } from './scores.js';

test('scores are numbers alone: a client may format each of them', () => {
  const found = scoresOf({ val_loss: null, ari: 0.5, inertia: 0 });
  expect(found).toEqual({ ari: 0.5, inertia: 0 });
  expect(scores.safeParse(found).success).toBe(true);
  expect(scores.safeParse({ val_loss: null }).success).toBe(false);
});
