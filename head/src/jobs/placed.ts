import { catalogEntry, withAttempt, type Millis, type NodeId } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { JobTrigger, PlacedRank } from './job-events.js';
import type { JobRecord, RankState } from './job-record.js';
import { currentRanks } from './ranks.js';
import { warned } from './reports.js';

/** The next attempt begins: its leases are committed, nothing is sent yet. A repeat of the same placement changes nothing. */
export function placed(
  record: JobRecord,
  trigger: Extract<JobTrigger, { kind: 'placed' }>,
  now: Millis,
): { readonly record: JobRecord } | IllegalTransition {
  const { job } = record;
  if (isRepeat(record, trigger.attempt, trigger.ranks)) return { record };
  const why = problemOf(record, trigger);
  if (why) {
    return {
      kind: 'illegal',
      machine: 'job',
      of: job.id,
      from: job.phase,
      event: trigger.kind,
      why: `Job ${job.id} does not take 'placed' while ${job.phase}: ${why}; release the leases.`,
    };
  }
  const ranks = trigger.ranks.map((rank): RankState => ({ ...rank, attempt: trigger.attempt, state: 'planned', address: null }));
  const nodes = nodesOf(ranks);
  const next: JobRecord = {
    ...record,
    ranks: [...record.ranks, ...ranks],
    shape: record.shape ?? { worldSize: ranks.length, grant: ranks[0]?.grant ?? { cpuMilli: 0, memoryBytes: 0, gpus: [] } },
    reportedEpoch: 0,
    job: {
      ...job,
      phase: 'reserving',
      attempt: trigger.attempt,
      attempts: withAttempt(job.attempts, {
        number: trigger.attempt,
        startedAt: now,
        endedAt: null,
        fromEpoch: record.checkpoint?.checkpoint.epoch ?? 0,
        workers: ranks.length,
        nodes,
        memoryBytes: ranks[0]?.grant.memoryBytes ?? 0,
        end: null,
      }),
      pendingReason: null,
      leases: ranks.map((rank) => rank.lease),
      workers: ranks.length,
      nodes,
      gpuAllocated: gpusOf(ranks),
    },
  };
  const warnings = [...(differs(record, ranks) ? [differenceOf(trigger.attempt)] : []), ...fewerWarning(record, ranks)];
  return { record: warnings.reduce(warned, next) };
}

/** `num_workers` is what the client gets, unless the cluster can't hold it; a model of one rank was warned of at the submission. */
function fewerWarning({ job, shape }: JobRecord, ranks: readonly RankState[]): readonly string[] {
  const { numWorkers, modelId } = job.request;
  if (shape || (numWorkers ?? 1) <= ranks.length || !catalogEntry(modelId)?.ranks) return [];
  const workers = ranks.length === 1 ? '1 worker' : `${ranks.length} workers`;
  return [
    `num_workers is ${String(numWorkers)}, but the nodes of the cluster can hold no more than ${workers} of this job; it trains on ${workers}.`,
  ];
}

function problemOf(record: JobRecord, { attempt, ranks }: Extract<JobTrigger, { kind: 'placed' }>): string | null {
  if (record.job.phase !== 'queued') return 'only a queued job is placed';
  if (attempt !== record.job.attempt + 1) return `attempt ${attempt} does not follow attempt ${record.job.attempt}`;
  const numbers = new Set(ranks.map((rank) => rank.rank));
  const isWhole = ranks.length > 0 && numbers.size === ranks.length && ranks.every(({ rank }) => rank >= 0 && rank < ranks.length);
  return isWhole ? null : 'a gang is placed whole, its ranks counted from 0';
}

function isRepeat(record: JobRecord, attempt: number, ranks: readonly PlacedRank[]): boolean {
  const current = currentRanks(record);
  return (
    attempt === record.job.attempt &&
    current.length > 0 &&
    current.length === ranks.length &&
    current.every((rank) => ranks.some((other) => other.lease === rank.lease))
  );
}

function nodesOf(ranks: readonly RankState[]): readonly NodeId[] {
  return [...new Set(ranks.map((rank) => rank.node))];
}

/** `cuda:0,cuda:1`: indices into the agents' visible lists; null without GPUs. */
function gpusOf(ranks: readonly RankState[]): string | null {
  const indices = new Set(ranks.flatMap((rank) => rank.grant.gpus.map((gpu) => gpu.index)));
  return indices.size === 0
    ? null
    : [...indices]
        .sort((a, b) => a - b)
        .map((index) => `cuda:${index}`)
        .join(',');
}

/** Threads, devices and world size decide the last digits of a model. */
function differs({ shape }: JobRecord, ranks: readonly RankState[]): boolean {
  if (!shape) return false;
  const isAlike = ranks.every(({ grant }) => grant.cpuMilli === shape.grant.cpuMilli && grant.gpus.length === shape.grant.gpus.length);
  return shape.worldSize !== ranks.length || !isAlike;
}

function differenceOf(attempt: number): string {
  return `attempt ${attempt} runs with other resources than the first; the model may differ in its last digits`;
}
