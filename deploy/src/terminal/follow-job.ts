import type { EpochMetrics, Job, JobEvent } from '@trainer/model';
import type { Output } from './output.js';
import { bar, seconds } from './table.js';

/**
 * Shows a job's events until it ends: one line that is written over on a terminal, else a line a change of phase. What
 * happened to an attempt stays to be read.
 * @returns the job as its last status event tells it.
 */
export async function followJob(events: AsyncIterable<JobEvent>, output: Output): Promise<Job | null> {
  let job: Job | null = null;
  let metrics: EpochMetrics | null = null;
  let phase = '';
  for await (const event of events) {
    if (event.type === 'metrics') metrics = event.data;
    else job = event.data;
    if (job === null) continue;
    const story = job.phase === phase ? null : storyOf(job);
    if (story !== null) output.write(`${output.isTerminal ? '\r\u001b[2K' : ''}  ${story}\n`);
    if (output.isTerminal) output.write(`\r\u001b[2K${progressLine(job, metrics)}`);
    else if (job.phase !== phase) output.write(`${progressLine(job, metrics)}\n`);
    phase = job.phase;
  }
  if (output.isTerminal) output.write('\r\u001b[2K');
  return job;
}

/** What a person should not miss of a change of phase: where an attempt runs, and why it ended. */
function storyOf(job: Job): string | null {
  if (job.phase === 'starting') return `attempt ${job.attempt} on ${job.nodes.join(', ')}`;
  return job.phase === 'queued' && job.attempt > 0 ? job.pendingReason : null;
}

function progressLine(job: Job, metrics: EpochMetrics | null): string {
  if (job.phase === 'queued') return `  queued     ${job.pendingReason ?? ''}`;
  const epoch = metrics?.epoch ?? job.currentEpoch;
  const share = job.status === 'completed' ? 1 : Math.max(job.progress / 100, epoch / job.totalEpochs);
  const scores = metrics === null ? '' : `  loss ${figure(metrics.valLoss ?? metrics.trainLoss)}  accuracy ${figure(metrics.valAccuracy)}`;
  return `  ${job.phase.padEnd(10)} ${bar(share)} epoch ${epoch}/${job.totalEpochs}${scores}`;
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

/** Those that a job has of these, in this order. */
const SHOWN = ['val_accuracy', 'val_r2', 'silhouette', 'ari', 'n_clusters', 'val_loss', 'train_accuracy'] as const;

/** What a person wants to know of a job that has ended. */
export function verdictOf(job: Job): string {
  const took = job.startedAt !== null && job.completedAt !== null ? ` in ${seconds(job.completedAt - job.startedAt)}` : '';
  if (job.status === 'failed') return `Job ${job.id} failed${took}: ${job.error?.message ?? 'the reason is unknown'}`;
  if (job.status === 'cancelled') return `Job ${job.id} was cancelled`;
  const best = SHOWN.flatMap((name) => {
    const value = job.bestMetrics[name] ?? null;
    return value === null ? [] : [`${name} ${figure(value)}`];
  }).join(', ');
  return `Job ${job.id} ${job.status}${took} on ${job.nodes.join(', ')}: ${best}`;
}
