import { describeEnd, type Attempt, type AttemptEnd, type Blame, type DeathCause } from '@trainer/model';
import { timeOf, timeOrNull } from '../http/times.js';
import type { AttemptView } from './jobs.answers.js';

/** An attempt as REST shows it. */
export function attemptView(attempt: Attempt): AttemptView {
  const { end } = attempt;
  return {
    number: attempt.number,
    started_at: timeOf(attempt.startedAt),
    ended_at: timeOrNull(attempt.endedAt),
    from_epoch: attempt.fromEpoch,
    workers: attempt.workers,
    nodes: attempt.nodes,
    memory_bytes: attempt.memoryBytes,
    why: end === null ? null : describeEnd(end),
    end: end === null ? null : endView(end),
  };
}

/** The limit that such a failure counts to. */
const COUNTS_TO = { request: null, crash: 'max_failures', infra: 'max_infra_failures' } as const satisfies Record<Blame, string | null>;

function endView(end: AttemptEnd): NonNullable<AttemptView['end']> {
  if (end.kind !== 'failed') return { kind: end.kind, blame: null, counts_to: null, rank: null, code: null, cause: null };
  const { blame, rank, code, cause } = end;
  return { kind: end.kind, blame, counts_to: COUNTS_TO[blame], rank, code, cause: cause === null ? null : causeView(cause) };
}

/** A cause with the names of its own facts in snake_case. */
function causeView({ kind, ...facts }: DeathCause): NonNullable<NonNullable<AttemptView['end']>['cause']> {
  const named = Object.entries(facts).map(([name, value]: [string, unknown]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return { kind: kind.replaceAll('-', '_'), ...(Object.fromEntries(named) as Record<string, unknown>) };
}
