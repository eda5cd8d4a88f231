import type { EpochMetrics, Metric, RankReport } from '@trainer/model';

const PHASES = { loading: 'Reads the table', training: 'Trains', exporting: 'Exports and verifies the model' } as const;

/** A report as a line of the job's log; null: nothing that a reader would miss. */
export function lineOf(report: RankReport): string | null {
  switch (report.kind) {
    case 'phase':
      return PHASES[report.phase];
    case 'progress':
      return null;
    case 'epoch':
      return epochLine(report.metrics);
    case 'checkpoint':
      return `Checkpoint of epoch ${report.checkpoint.epoch}, ${report.checkpoint.file.bytes} bytes`;
    case 'warning':
      return `Warning: ${report.message}`;
    case 'result':
      return `Done in ${(report.result.trainingMs / 1000).toFixed(1)} s: ${scoresLine(Object.entries(report.result.metrics))}`;
    case 'failed':
      return `Failed: ${report.error.message}`;
  }
}

function epochLine({ epoch, trainLoss, valLoss, trainAccuracy, valAccuracy, additional }: EpochMetrics): string {
  const first = { train_loss: trainLoss, val_loss: valLoss, train_accuracy: trainAccuracy, val_accuracy: valAccuracy };
  return `Epoch ${epoch}: ${scoresLine(Object.entries({ ...first, ...additional }))}`;
}

/** Those that there are, six digits each. */
function scoresLine(scores: readonly (readonly [string, Metric])[]): string {
  return scores.flatMap(([name, value]) => (value === null ? [] : [`${name} ${Number(value.toPrecision(6))}`])).join(', ');
}
