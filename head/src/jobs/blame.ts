import { isFromOutside } from '@trainer/model';
import type { Blame, DeathCause, ErrorData } from '@trainer/model';

/** What an end counts as; `none`: nothing of the attempt ran, so it counts to no limit. */
export type Verdict = Blame | 'none';

type Rule<Kind> = Verdict | ((cause: Extract<DeathCause, { kind: Kind }>) => Verdict);

/** What an end of a rank's process that nobody asked for counts as. The compiler refuses a table that lacks a cause. */
const BLAME: { readonly [Kind in DeathCause['kind']]: Rule<Kind> } = {
  exited: 'crash',
  signal: ({ signal }) => (isFromOutside(signal) ? 'infra' : 'crash'),
  'out-of-memory': 'crash',
  'constructor-threw': 'crash',
  'load-failed': 'crash',
  'not-started': ({ error }) => (error.retry === 'never' ? 'request' : 'infra'),
  'broke-protocol': 'crash',
  // The process is ours and has not seen the data yet: the machine was too slow.
  'start-timeout': 'infra',
  'reservation-expired': 'none',
  // By its own agent, as it stood still.
  killed: 'crash',
  'owner-gone': 'infra',
  'node-lost': 'infra',
  'fact-refused': 'crash',
  released: 'infra',
  finished: 'crash',
};

export function blameOfCause<Cause extends DeathCause>(cause: Cause): Verdict {
  const rule = BLAME[cause.kind] as Rule<Cause['kind']>;
  return typeof rule === 'string' ? rule : rule(cause as never);
}

/** @returns what an error that a rank reports counts as: by its own `retry`, which is set where the cause is known */
export function blameOfError(error: ErrorData): Blame {
  if (error.retry === 'never') return 'request';
  return DISKS.has(error.code) ? 'infra' : 'crash';
}

/** Of a disk that was full for as long as a rank waits: what the job asks for is in order. */
const DISKS: ReadonlySet<string> = new Set(['node.disk-full', 'store.full']);

/** The code under which a rank reports that another one is gone, whose own end is the cause. */
export const PEER_LOST = 'rank.peer-lost';

/** The code under which a rank reports that its table needs more memory than its lease holds: asked for once, and counts to nothing. */
export const NEEDS_MEMORY = 'rank.needs-memory';
