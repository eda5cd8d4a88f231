import { hasClasses, hasTarget, type DeathCause, type Job } from '@trainer/model';
import type { AskedTable } from '../estimates/estimated-table.js';
import { attemptsPrefix } from './artifacts.js';
import type { JobEffect } from './job-events.js';
import type { JobRecord, RankState } from './job-record.js';
import { currentRanks, isActive } from './ranks.js';

/** What to do about a job as it is: all that a head must send again after a restart. Every effect may be done twice. */
export function pendingEffects(record: JobRecord): readonly JobEffect[] {
  const { job, promotion, ending } = record;
  if (job.phase === 'ended')
    return record.isCleaned ? [] : [{ kind: 'cleanup', job: job.id, bucket: record.modelsBucket, prefix: attemptsPrefix(job) }];
  if (ending?.kind === 'echo') {
    const cause: DeathCause = { kind: 'killed', by: failedAttempt(record) };
    return currentRanks(record).flatMap((rank) => (isActive(rank) && ending.heard.includes(rank.rank) ? [stopOf(rank, cause)] : []));
  }
  const cause = causeToStop(record);
  if (cause) {
    const copies: JobEffect[] = promotion && !ending ? [{ kind: 'promote', bucket: record.modelsBucket, copies: promotion.copies }] : [];
    return [...copies, ...record.ranks.filter(isActive).map((rank) => stopOf(rank, cause))];
  }
  if (job.phase === 'queued') return record.table === undefined ? [{ kind: 'estimate', asked: askedTable(job, record.dataBucket) }] : [];
  if (job.phase === 'reserving') return placements(currentRanks(record));
  return job.phase === 'starting' ? beginOf(record) : [];
}

/** The table of a job, as far as its size goes. */
export function askedTable({ request, dataset }: Pick<Job, 'request' | 'dataset'>, bucket: string): AskedTable {
  const { targetColumn: target, excludeColumns: excluded, taskType } = request;
  return { bucket, ...dataset, target, hasTarget: hasTarget(taskType), excluded, hasClasses: hasClasses(taskType) };
}

/** Why its processes have to go; null: they are to work. */
function causeToStop(record: JobRecord): DeathCause | null {
  const { ending, promotion } = record;
  if (ending === null) return promotion ? { kind: 'finished' } : null;
  switch (ending.kind) {
    case 'completed':
      return { kind: 'finished' };
    case 'cancelled':
      return { kind: 'killed', by: ending.by };
    case 'requeue':
      return { kind: 'released' };
    case 'echo':
    case 'retry':
    case 'failed':
      return { kind: 'killed', by: failedAttempt(record) };
  }
}

function failedAttempt({ job }: JobRecord): string {
  return `job ${job.id}, whose attempt ${job.attempt} has failed`;
}

/** What never started has nobody to ask. */
function stopOf(rank: RankState, cause: DeathCause): JobEffect {
  const isStarted = rank.state === 'started' || rank.state === 'ready';
  return { kind: isStarted ? 'stop' : 'release', lease: rank.lease, cause };
}

/** Two phases: all reserve, then all start; a gang of one does both in one round trip. */
function placements(ranks: readonly RankState[]): readonly JobEffect[] {
  const planned = ranks.filter((rank) => rank.state === 'planned');
  if (planned.length > 0) return planned.map((rank) => placeOf(rank, ranks.length === 1 ? 'reserve-and-start' : 'reserve'));
  return ranks.filter((rank) => rank.state === 'reserved').map((rank) => placeOf(rank, 'start'));
}

function placeOf(rank: RankState, action: 'reserve' | 'start' | 'reserve-and-start'): JobEffect {
  const { attempt, rank: number, lease, node, grant } = rank;
  return { kind: 'place', attempt, rank: number, lease, node, grant, action };
}

function beginOf(record: JobRecord): readonly JobEffect[] {
  const ranks = [...currentRanks(record)].sort((a, b) => a.rank - b.rank);
  const peers = ranks.flatMap((rank) => (rank.state === 'ready' && rank.address !== null ? [rank.address] : []));
  if (peers.length !== ranks.length) return [];
  return [{ kind: 'begin', attempt: record.job.attempt, leases: ranks.map((rank) => rank.lease), peers }];
}
