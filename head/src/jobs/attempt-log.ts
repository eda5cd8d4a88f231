import { describeEnd, type Attempt, type JobId } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { LoopListener } from '../loop/cluster-loop.js';
import type { Turn } from '../loop/turn.js';

/** One line of the head's log for each attempt that ended: when, where and why. */
export function attemptLog(logger: Logger): LoopListener {
  return {
    name: 'attempt log',
    committed(turn: Turn): void {
      for (const { job, attempt } of turn.attempts) if (attempt.end !== null) log(logger, job, attempt);
    },
    suspended(): void {},
    resumed(): void {},
  };
}

function log(logger: Logger, job: JobId, { number, startedAt, endedAt, fromEpoch, nodes, memoryBytes, end }: Attempt): void {
  if (end === null) return;
  const facts = { job, attempt: number, why: describeEnd(end), nodes, memoryBytes, fromEpoch, tookMs: (endedAt ?? startedAt) - startedAt };
  if (end.kind === 'failed') logger.warn('an attempt failed', { ...facts, code: end.code, blame: end.blame, rank: end.rank });
  else logger.info('an attempt ended', facts);
}
