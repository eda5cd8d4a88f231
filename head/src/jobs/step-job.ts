import { describeCause, isFinalStatus } from '@trainer/model';
import type { ErrorData, JobEvent, Millis, Model } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import { echo, fail, failureOf, mayBeEcho, settle, wind } from './endings.js';
import { pendingEffects } from './job-effects.js';
import type { JobEffect, JobStep, JobTrigger, JobWrite } from './job-events.js';
import type { Failure, JobRecord, RankState } from './job-record.js';
import { placed } from './placed.js';
import { currentRanks, findRank, isActive, withRank } from './ranks.js';
import { report } from './reports.js';

/**
 * queued --placed--> reserving --all started--> starting --all ready: begin, first report--> loading --> training --> exporting
 * reserving --refused--> queued, once nothing is held
 * any of these --first failure--> stopping --last process gone--> queued (a new attempt) or failed
 * any of these --cancel--> stopping --last process gone--> cancelled
 * any of these after `begin` --result--> promoting --promoted, last process gone--> completed
 *
 * J1. A final status stays, and no process of any attempt is left when it is reached.
 * J2. An attempt's number is never used twice; what an old attempt reports is refused.
 * J3. The first failure of an attempt decides; the rest is an echo. Where the echo is heard first (a rank lost its peer), it gives way
 *     to the peer's own end, whose process nobody asks to go before.
 * J4. A result is taken once, from the current attempt, unless a cancel was committed before; afterwards no cancel is.
 * J5. Effects are derived from state: those of a step are what `pendingEffects` has after it and had not before.
 */

type Outcome = { readonly record: JobRecord; readonly writes?: readonly JobWrite[] } | IllegalTransition;
type RankTrigger = Extract<JobTrigger, { rank: number }>;

/** Applies one trigger; pure. @returns the record, the rows and events to store, what to do then; or why it is not allowed. */
export function stepJob(record: JobRecord, trigger: JobTrigger, now: Millis): JobStep {
  const outcome = apply(record, trigger, now);
  if ('kind' in outcome) return outcome;
  const settled = settle(outcome.record, now);
  if (settled === record) return { kind: 'stepped', record, isChanged: false, events: [], writes: [], effects: [] };
  const writes = [...(outcome.writes ?? []), ...modelWrites(record, settled, now)];
  const events = eventsOf(record, settled, writes, now);
  const next = { ...settled, lastEvent: record.lastEvent + events.length };
  return { kind: 'stepped', record: next, isChanged: true, events, writes, effects: newEffects(record, next) };
}

function apply(record: JobRecord, trigger: JobTrigger, now: Millis): Outcome {
  switch (trigger.kind) {
    case 'placed':
      return placed(record, trigger, now);
    case 'estimated':
      return { record: record.job.phase === 'queued' && record.table === undefined ? { ...record, table: trigger.table } : record };
    case 'pending-reason':
      return pendingReason(record, trigger.text);
    case 'rendezvous-timeout':
      return rendezvousTimeout(record, trigger);
    case 'echo-timeout':
      return echoTimeout(record, trigger.attempt);
    case 'cancel':
      return cancel(record, trigger.by);
    case 'promoted':
      return promoted(record);
    case 'promotion-failed':
      if (!record.promotion || isFinalStatus(record.job.status)) return illegal(record, trigger, 'nothing is being promoted');
      return record.ending ? { record } : { record: wind(record, { kind: 'failed', failure: unkept(trigger.error) }) };
    case 'cleaned':
      if (record.job.phase !== 'ended') return illegal(record, trigger, 'it has not ended');
      return { record: record.isCleaned ? record : { ...record, isCleaned: true } };
    default:
      return onRank(record, trigger, now);
  }
}

function pendingReason(record: JobRecord, text: string): Outcome {
  const { job } = record;
  if (job.phase !== 'queued' || job.pendingReason === text) return { record };
  return { record: { ...record, job: { ...job, pendingReason: text } } };
}

function rendezvousTimeout(record: JobRecord, trigger: Extract<JobTrigger, { kind: 'rendezvous-timeout' }>): Outcome {
  const { attempt, phase } = record.job;
  const missing = currentRanks(record).filter((rank) => rank.state !== 'ready');
  const isWaiting = trigger.attempt === attempt && !record.ending && (phase === 'reserving' || phase === 'starting');
  if (!isWaiting || missing.length === 0) return { record };
  const names = missing.map((rank) => `rank ${rank.rank} on ${rank.node}`).join(', ');
  const message = `Attempt ${attempt} did not begin: ${names} was not ready within ${Math.round(trigger.afterMs / 1000)} s`;
  const error = { code: 'job.crashed', message, facts: { attempt, afterMs: trigger.afterMs }, retry: 'same' } as const;
  return { record: fail(record, { blame: 'crash', error, rank: missing[0]?.rank ?? null, cause: null }) };
}

/** The model was trained, but could not be put where it is kept: no rank's fault, and no other attempt would help. */
function unkept(error: ErrorData): Failure {
  return { blame: 'infra', error, rank: null, cause: null };
}

/** A rank that never began hears of nobody's end, and says nothing: the others' word is the cause then, and all are ended. */
function echoTimeout(record: JobRecord, attempt: number): Outcome {
  const { ending, job } = record;
  return { record: ending?.kind === 'echo' && attempt === job.attempt ? fail(record, ending.failure) : record };
}

function cancel(record: JobRecord, by: string): Outcome {
  const { job } = record;
  const refused = isFinalStatus(job.status) ? job.status : record.promotion ? 'completed' : null;
  if (refused) return { ...illegal(record, { kind: 'cancel', by }, ''), why: `Cannot cancel job in status: ${refused}` };
  if (job.cancelRequested) return { record };
  return { record: wind({ ...record, job: { ...job, cancelRequested: true } }, { kind: 'cancelled', by }) };
}

function promoted(record: JobRecord): Outcome {
  if (record.job.status === 'completed' || record.ending?.kind === 'completed') return { record };
  if (!record.promotion || record.ending) return illegal(record, { kind: 'promoted' }, 'nothing is being promoted');
  return { record: wind(record, { kind: 'completed' }) };
}

function onRank(record: JobRecord, trigger: RankTrigger, now: Millis): Outcome {
  const rank = findRank(record, trigger.attempt, trigger.rank);
  const isLastWord = trigger.kind === 'lease-ended' || trigger.kind === 'lease-lost' || trigger.kind === 'lease-gone';
  if (!rank) {
    const isOld = trigger.attempt <= record.job.attempt;
    return isOld && isLastWord
      ? { record }
      : illegal(record, trigger, `attempt ${trigger.attempt}, rank ${trigger.rank} is not running; end it`);
  }
  switch (trigger.kind) {
    case 'report':
      return reported(record, rank, trigger, now);
    case 'lease-ended':
    case 'lease-lost':
    case 'lease-gone':
      return lastWord(record, rank, trigger);
    case 'refused':
      return refused(record, rank, trigger);
    default:
      return alive(record, rank, trigger);
  }
}

/** The order of a rank's life: what leads no further was overtaken. */
const AGE: Readonly<Record<RankState['state'], number>> = { planned: 0, reserved: 1, started: 2, ready: 3, ended: 4, lost: 4, gone: 4 };

function alive(record: JobRecord, rank: RankState, trigger: Extract<JobTrigger, { kind: 'reserved' | 'started' | 'rank-ready' }>): Outcome {
  if (!isActive(rank)) return illegal(record, trigger, `rank ${rank.rank} is ${rank.state}`);
  const state = trigger.kind === 'rank-ready' ? 'ready' : trigger.kind;
  if (AGE[state] <= AGE[rank.state]) return { record };
  const next = withRank(record, rank, state, trigger.kind === 'rank-ready' ? trigger.address : rank.address);
  const areAllStarted = currentRanks(next).every((other) => AGE[other.state] >= AGE.started);
  if (next.job.phase !== 'reserving' || next.ending || !areAllStarted) return { record: next };
  return { record: { ...next, job: { ...next.job, phase: 'starting' } } };
}

function refused(record: JobRecord, rank: RankState, trigger: Extract<JobTrigger, { kind: 'refused' }>): Outcome {
  if (rank.state === 'started' || rank.state === 'ready')
    return illegal(record, trigger, 'the agent granted it before; its first answer is final');
  if (!isActive(rank)) return { record };
  const next = withRank(record, rank, 'ended');
  return { record: next.ending ? next : wind(next, { kind: 'requeue', why: trigger.message }) };
}

/** The lease's end or loss: a failure, unless the attempt was over already. */
function lastWord(
  record: JobRecord,
  rank: RankState,
  trigger: Extract<JobTrigger, { kind: 'lease-ended' | 'lease-lost' | 'lease-gone' }>,
): Outcome {
  if (trigger.kind === 'lease-gone') {
    if (isActive(rank)) return illegal(record, trigger, `rank ${rank.rank} is not lost`);
    return { record: rank.state === 'lost' ? withRank(record, rank, 'gone') : record };
  }
  if (rank.state === 'ended' || rank.state === 'gone') return { record };
  if (rank.state === 'lost') return { record: trigger.kind === 'lease-ended' ? withRank(record, rank, 'ended') : record };
  const next = withRank(record, rank, trigger.kind === 'lease-ended' ? 'ended' : 'lost');
  const echoed = next.ending?.kind === 'echo' ? next.ending : null;
  if ((next.ending && !echoed) || next.promotion || echoed?.heard.includes(rank.rank)) return { record: next };
  const cause = trigger.kind === 'lease-ended' ? trigger.cause : ({ kind: 'node-lost', node: rank.node } as const);
  // Ranks beside the first end when the model is trained; the first one goes on to export it.
  if (cause.kind === 'finished' && rank.rank !== 0) return { record: next };
  const failure = failureOf(next.job, rank.rank, cause);
  if (failure === null)
    return { record: next.ending ? next : wind(next, { kind: 'requeue', why: `${rank.node}: ${describeCause(cause)}` }) };
  const hasPeers = currentRanks(next).length > 1 && hasBegun(next);
  if (hasPeers && mayBeEcho(cause)) return { record: echo(next, rank.rank, failure) };
  const outOfMemory = next.outOfMemory + (cause.kind === 'out-of-memory' ? 1 : 0);
  return { record: fail({ ...next, outOfMemory }, failure) };
}

/** Then its ranks are joined, and hear of each other's end. */
function hasBegun({ job, ending }: JobRecord): boolean {
  return ending?.kind === 'echo' || job.phase === 'loading' || job.phase === 'training' || job.phase === 'exporting';
}

function reported(record: JobRecord, rank: RankState, trigger: Extract<JobTrigger, { kind: 'report' }>, now: Millis): Outcome {
  const { job } = record;
  if (trigger.attempt !== job.attempt || rank.state !== 'ready') {
    return illegal(
      record,
      trigger,
      `attempt ${trigger.attempt}, rank ${trigger.rank} is ${trigger.attempt === job.attempt ? rank.state : 'of the past'}; end it`,
    );
  }
  const mayComeEarly = trigger.report.kind === 'failed' || trigger.report.kind === 'warning';
  if (job.phase === 'reserving' && !record.ending && !mayComeEarly) return illegal(record, trigger, 'the attempt has not begun');
  // While only an echo is known, the cause may still be told.
  const mayTellMore = record.ending?.kind === 'echo' && trigger.report.kind === 'failed';
  const isOver = record.ending !== null || record.promotion !== null;
  if (!isOver || mayTellMore) return report(record, rank, trigger.report, now);
  const isRefusedResult = trigger.report.kind === 'result' && !record.promotion;
  return isRefusedResult
    ? illegal(record, trigger, job.cancelRequested ? 'its cancel was committed before the result' : 'the attempt has failed')
    : { record };
}

function modelWrites(before: JobRecord, after: JobRecord, now: Millis): readonly JobWrite[] {
  if (before.job.status === 'completed' || after.job.status !== 'completed' || !after.promotion) return [];
  const { job, promotion } = after;
  const { modelId, taskType, hyperparameters, seed } = job.request;
  const model: Model = {
    job: job.id,
    modelId,
    task: taskType,
    files: promotion.files,
    result: promotion.result,
    hyperparameters,
    seed,
    createdAt: now,
  };
  return [{ kind: 'model', model }];
}

/** An epoch's metrics come first, then the state that they led to. */
function eventsOf(before: JobRecord, after: JobRecord, writes: readonly JobWrite[], at: Millis): readonly JobEvent[] {
  const events: JobEvent[] = [];
  const place = (): { job: Model['job']; number: number; at: Millis } => ({
    job: after.job.id,
    number: before.lastEvent + events.length + 1,
    at,
  });
  for (const write of writes) {
    if (write.kind === 'epoch') events.push({ ...place(), type: 'metrics', data: write.metrics });
  }
  const [was, is] = [before.job, after.job];
  const isNews =
    was.status !== is.status || was.phase !== is.phase || was.attempt !== is.attempt || was.cancelRequested !== is.cancelRequested;
  if (isNews) events.push({ ...place(), type: 'status', data: is });
  else if (is.status === 'pending' && was.pendingReason !== is.pendingReason) events.push({ ...place(), type: 'pending', data: is });
  return events;
}

function newEffects(before: JobRecord, after: JobRecord): readonly JobEffect[] {
  const known = new Set(pendingEffects(before).map((effect) => JSON.stringify(effect)));
  return pendingEffects(after).filter((effect) => !known.has(JSON.stringify(effect)));
}

function illegal(record: JobRecord, trigger: JobTrigger, why: string): IllegalTransition {
  const { id, phase } = record.job;
  return {
    kind: 'illegal',
    machine: 'job',
    of: id,
    from: phase,
    event: trigger.kind,
    why: `Job ${id} does not take '${trigger.kind}' while ${phase}: ${why}.`,
  };
}
