import type { EpochMetrics } from '@trainer/model';

/** What early stopping remembers; a checkpoint holds it, so that a resumed training stops where the undisturbed one does. */
export interface BestEpoch {
  readonly metrics: EpochMetrics;
  /** Epochs since, none of them better. */
  readonly waited: number;
}

/** @returns the best epoch after one more: a lower validation loss; ties keep the earlier one, and no loss is never better. */
export function better(best: BestEpoch | null, metrics: EpochMetrics): BestEpoch {
  if (best === null) return { metrics, waited: 0 };
  const [before, now] = [best.metrics.valLoss, metrics.valLoss];
  const isBetter = now !== null && (before === null || now < before);
  return isBetter ? { metrics, waited: 0 } : { metrics: best.metrics, waited: best.waited + 1 };
}
