import type { EpochMetrics } from '@trainer/model';

/** What early stopping remembers; a checkpoint holds it, so that a resumed training stops where the undisturbed one does. */
export interface BestEpoch {
  readonly metrics: EpochMetrics;
  /** Epochs since, none of them better. */
  readonly waited: number;
}

/**
 * @returns the best epoch after one more: a lower validation loss; ties keep the earlier one. An epoch without a loss says nothing: it
 * is neither better nor waited for, and without any loss there is no best one.
 */
export function better(best: BestEpoch | null, metrics: EpochMetrics): BestEpoch | null {
  const { valLoss } = metrics;
  if (valLoss === null) return best;
  const isBetter = best === null || valLoss < (best.metrics.valLoss ?? Infinity);
  return isBetter ? { metrics, waited: 0 } : { metrics: best.metrics, waited: best.waited + 1 };
}
