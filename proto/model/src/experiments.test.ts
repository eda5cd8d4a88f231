import { expect, test } from '@jest/globals';
import { isLessBetter, LEADING_METRICS } from './experiments.js';

test.each(['val_loss', 'train_loss', 'val_rmse', 'val_mae', 'inertia', 'davies_bouldin', 'n_noise', 'overfitting_gap'])(
  'of %s less is better',
  (name) => expect(isLessBetter(name)).toBe(true),
);
test.each([...LEADING_METRICS, 'val_f1_macro', 'val_roc_auc', 'train_accuracy', 'ari', 'lossless'])('of %s more is better', (name) =>
  expect(isLessBetter(name)).toBe(false),
);
