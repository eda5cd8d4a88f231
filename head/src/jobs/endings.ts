import { describeCause, describeRankEnd, inShort, short } from '@trainer/model';
import type { Attempt, AttemptEnd, DeathCause, Job, Millis } from '@trainer/model';
import { finalModelPath } from './artifacts.js';
import { blameOfCause, PEER_LOST } from './blame.js';
import type { Ending, Failure, JobRecord } from './job-record.js';
import { isActive } from './ranks.js';

/** Crashes of a job until it fails (design.md section 6): a crash that comes three times comes again. */
const MAX_FAILURES = 3;
/** Losses of nodes and unasked SIGKILLs until it fails: more of them say that this cluster can't hold the job. */
const MAX_INFRA_FAILURES = 10;

/** What an unasked end of a rank's process counts as; null: to nothing, as nothing of the attempt ran. */
export function failureOf(job: Job, rank: number, cause: DeathCause): Failure | null {
  const blame = blameOfCause(cause);
  if (blame === 'none') return null;
  const message = `Rank ${rank} of attempt ${job.attempt}: ${describeCause(cause)}`;
  const facts = { attempt: job.attempt, rank, cause };
  return { blame, error: { code: blame === 'infra' ? 'job.lost' : 'job.crashed', message, facts, retry: 'same' }, rank, cause };
}

/**
 * Is such an end of a rank's process perhaps only the echo of another's? Engines end the process, or their call fails, when a peer
 * is gone; signals from outside they don't send themselves.
 */
export function mayBeEcho(cause: DeathCause): boolean {
  return cause.kind === 'exited' || (cause.kind === 'signal' && cause.signal === 'SIGABRT');
}

/**
 * What `rank` says of the loss of another rank, or shows by its end, is kept until that other one's own end is heard.
 * The end of a process says more than what another says of it.
 */
export function echo(record: JobRecord, rank: number, failure: Failure): JobRecord {
  const { ending } = record;
  if (ending?.kind !== 'echo') return wind(record, { kind: 'echo', failure, heard: [rank] });
  if (ending.heard.includes(rank)) return record;
  const saysMore = ending.failure.error.code === PEER_LOST && failure.error.code !== PEER_LOST;
  return { ...record, ending: { kind: 'echo', failure: saysMore ? failure : ending.failure, heard: [...ending.heard, rank] } };
}

/** The first failure of an attempt decides how it ends; what its ranks say afterwards is only an echo. */
export function fail(record: JobRecord, failure: Failure): JobRecord {
  const failures = record.job.failures + (failure.blame === 'crash' ? 1 : 0);
  const infraFailures = record.job.infraFailures + (failure.blame === 'infra' ? 1 : 0);
  const isOver = failure.blame === 'request' || failures >= MAX_FAILURES || infraFailures >= MAX_INFRA_FAILURES;
  const ending: Ending = { kind: isOver ? 'failed' : 'retry', failure };
  return wind({ ...record, job: { ...record.job, failures, infraFailures } }, ending);
}

/** Begins to end the attempt: from now on its processes are asked to go. */
export function wind(record: JobRecord, ending: Ending): JobRecord {
  const isStillPending = ending.kind === 'requeue' || ending.kind === 'completed';
  const job: Job = isStillPending ? record.job : { ...record.job, status: 'running', phase: 'stopping', pendingReason: null };
  return { ...record, ending, job };
}

/**
 * Ends what can end. The next attempt needs the old leases ended or lost (design.md section 3); a final status needs every
 * process of every attempt to be gone.
 */
export function settle(record: JobRecord, now: Millis): JobRecord {
  const { ending } = record;
  if (!ending || record.job.phase === 'ended' || record.ranks.some(isActive)) return record;
  // No rank's end told more.
  if (ending.kind === 'echo') return settle(fail(record, ending.failure), now);
  if (ending.kind === 'requeue' || ending.kind === 'retry') return requeue(record, ending, now);
  if (record.ranks.some((rank) => rank.state === 'lost')) return record;
  return finish(record, ending, now);
}

function requeue(record: JobRecord, ending: Extract<Ending, { kind: 'requeue' | 'retry' }>, now: Millis): JobRecord {
  const mark = record.checkpoint;
  const goesOn = mark ? `goes on from epoch ${mark.checkpoint.epoch}` : 'starts anew';
  const pendingReason = ending.kind === 'retry' ? `${ending.failure.error.message}. The next attempt ${goesOn}.` : ending.why;
  const job: Job = {
    ...record.job,
    status: 'pending',
    phase: 'queued',
    attempts: endedAttempts(record.job, endOf(record.job, ending), now),
    pendingReason,
    gpuAllocated: null,
    nodes: [],
    leases: [],
    currentEpoch: mark?.checkpoint.epoch ?? 0,
    progress: mark?.progress ?? 0,
    bestMetrics: mark?.best?.metrics ?? {},
  };
  return { ...record, job, ending: null, best: mark?.best ?? null, ranks: record.ranks.filter((rank) => rank.state === 'lost') };
}

function finish(record: JobRecord, ending: Extract<Ending, { kind: 'failed' | 'cancelled' | 'completed' }>, now: Millis): JobRecord {
  const attempts = endedAttempts(record.job, endOf(record.job, ending), now);
  const ended = {
    ...record.job,
    status: ending.kind,
    phase: 'ended',
    attempts,
    completedAt: now,
    leases: [],
    pendingReason: null,
  } as const;
  switch (ending.kind) {
    case 'failed':
      return { ...record, job: { ...ended, error: ending.failure.error } };
    case 'cancelled':
      return { ...record, job: ended };
    case 'completed':
      return { ...record, job: { ...ended, progress: 100, finalModelPath: finalModelPath(record, record.promotion?.files ?? []) } };
  }
}

/** Why the attempt ended, as it is kept: its sentence is bounded, and so is what its process said last. */
function endOf({ workers }: Job, ending: Exclude<Ending, { kind: 'echo' }>): AttemptEnd {
  switch (ending.kind) {
    case 'requeue':
      return { kind: 'requeued', why: short(ending.why) };
    case 'cancelled':
      return { kind: 'cancelled', by: short(ending.by) };
    case 'completed':
      return { kind: 'completed' };
    case 'retry':
    case 'failed': {
      const { blame, error, rank, cause } = ending.failure;
      const message = cause === null || rank === null ? short(error.message) : describeRankEnd(rank, workers, cause);
      return { kind: 'failed', blame, rank, code: error.code, message, cause: cause === null ? null : inShort(cause) };
    }
  }
}

/** A job that is cancelled while it waits has no attempt under way. */
function endedAttempts({ attempts }: Job, end: AttemptEnd, now: Millis): readonly Attempt[] {
  return attempts.map((attempt) => (attempt.endedAt === null ? { ...attempt, endedAt: now, end } : attempt));
}
