import type { Metric } from '@trainer/model';
import { z } from 'zod';

/** Metrics of a model, as clients format and sum them: each is a number. */
export const scores = z
  .record(z.string(), z.number())
  .describe('Numbers alone: what the model has not, such as val_loss of a clustering, is left out');

/** @returns those that are known */
export function scoresOf(metrics: Readonly<Record<string, Metric>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}
