import type { EpochMetrics, Metric } from '@trainer/model';

/** An epoch's metrics as one flat map, as `best_metrics` and a model's `metrics` are; without the epoch's own number. */
export function flatMetrics(metrics: EpochMetrics): Record<string, Metric> {
  const named = {
    train_loss: metrics.trainLoss,
    val_loss: metrics.valLoss,
    train_accuracy: metrics.trainAccuracy,
    val_accuracy: metrics.valAccuracy,
    ...metrics.additional,
  };
  // A regression has no accuracy; a name without a meaning is left out.
  return Object.fromEntries(Object.entries(named).filter(([name, value]) => value !== null || !name.endsWith('accuracy')));
}
