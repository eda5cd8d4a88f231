import { describeCause, TrainerError, type DeathCause, type ErrorData, type ErrorFacts, type RemoteFailure } from '@trainer/model';
import { MAX_VALUE_BYTES, NotTransferableError, ValueTooLargeError } from '@trainer/wire';

/** `not-run`: never sent, or refused, so it may be made again; `unknown`: it may have run. */
export type Outcome = 'not-run' | 'unknown';

const MEND: Readonly<Record<Outcome, string>> = {
  'not-run': 'The call was not run.',
  unknown: 'Whether the call ran is unknown.',
};

/** The actor's process ended, or its lease was lost, before the call was answered. */
export class ActorDiedError extends TrainerError<'actor.died', { actor: string; cause: DeathCause | null; outcome: Outcome }> {
  constructor(actor: string, cause: DeathCause | null, outcome: Outcome) {
    const why = cause ? describeCause(cause) : 'the cluster no longer knows why';
    super(
      'actor.died',
      `Actor ${actor} died: ${why}. ${MEND[outcome]}${cause?.kind === 'out-of-memory' ? ' Create it with more memory.' : ''}`,
      { actor, cause, outcome },
      outcome === 'not-run' ? 'elsewhere' : 'never',
    );
  }
}

/** The call was not answered within its `timeoutMs`. */
export class CallTimeoutError extends TrainerError<'call.timeout', { method: string; timeoutMs: number; outcome: Outcome }> {
  constructor(method: string, timeoutMs: number, outcome: Outcome) {
    const facts = { method, timeoutMs, outcome };
    super(
      'call.timeout',
      `${method} was not answered within ${timeoutMs} ms. ${MEND[outcome]}`,
      facts,
      outcome === 'not-run' ? 'same' : 'never',
    );
  }
}

/** The caller gave the call up: its signal fired, or its cluster connection was closed. */
export class CallCancelledError extends TrainerError<'call.cancelled', { method: string; outcome: Outcome }> {
  constructor(method: string, why: string, outcome: Outcome) {
    super(
      'call.cancelled',
      `${method} was cancelled: ${why}. ${MEND[outcome]}`,
      { method, outcome },
      outcome === 'not-run' ? 'same' : 'never',
    );
  }
}

/**
 * The actor's own code threw. `facts` are what was thrown, as data: its name, message and stack of there, and its own
 * enumerable fields.
 */
export class RemoteError extends TrainerError<'call.threw', RemoteFailure & ErrorFacts> {
  constructor(thrown: RemoteFailure) {
    super('call.threw', `${thrown.name}: ${thrown.message}`, { ...thrown });
  }
}

/**
 * There is no actor of this id, or its end was so long ago that it is forgotten; or none of this name lives. `actor` is the id or
 * the name; a name's `namespace` is told too.
 */
export class ActorNotFoundError extends TrainerError<'actor.not-found', { actor: string; namespace: string | null }> {
  constructor(actor: string, namespace: string | null = null) {
    const what = namespace === null ? `no actor ${actor}` : `no actor named '${actor}' in namespace '${namespace}'`;
    super('actor.not-found', `There is ${what}; \`trainer actors\` lists those that live.`, { actor, namespace });
  }
}

/** Another actor has the name, or, with `getIfExists`, has it and is of another class or detached where this one is not. */
export class NameTakenError extends TrainerError<'actor.name-taken', ErrorFacts> {
  constructor(message: string, facts: ErrorFacts) {
    super('actor.name-taken', message, facts);
  }
}

/** No node of the cluster is large enough; `facts.explanation` says per node what is missing. */
export class InfeasibleError extends TrainerError<'placement.infeasible', ErrorFacts> {
  constructor(message: string, facts: ErrorFacts) {
    super('placement.infeasible', message, facts);
  }
}

/** The actor did not run within `timeoutMs` of its creation, and was killed; `reason` says what it waited for. */
export class PlacementTimeoutError extends TrainerError<'placement.timeout', { actor: string; timeoutMs: number; reason: string | null }> {
  constructor(actor: string, timeoutMs: number, reason: string | null) {
    const why = reason ? `: ${reason.replace(/\.$/, '')}` : '';
    super(
      'placement.timeout',
      `Actor ${actor} did not start within ${timeoutMs} ms${why}. It was killed; give it more time (timeoutMs) or ask for less.`,
      { actor, timeoutMs, reason },
      'same',
    );
  }
}

/** The cluster asks for a secret, and none or another was given. */
export class UnauthenticatedError extends TrainerError<'auth.missing' | 'auth.refused', { address: string }> {
  constructor(code: 'auth.missing' | 'auth.refused', address: string) {
    const what = code === 'auth.missing' ? 'No token is set for' : 'The token is not that of';
    super(code, `${what} the cluster at ${address}; set TRAINER_TOKEN, or TRAINER_HOME to the folder of a cluster on this machine.`, {
      address,
    });
  }
}

/**
 * No head answers at the addresses tried, since `since` (milliseconds since 1970, UTC). For a call it says whether the call
 * may have run; null for everything else.
 */
export class ClusterUnavailableError extends TrainerError<
  'cluster.unavailable',
  { addresses: readonly string[]; since: number; outcome: Outcome | null }
> {
  constructor(addresses: readonly string[], since: number, why: string, outcome: Outcome | null = null) {
    const where = addresses.length > 0 ? ` Tried ${addresses.join(', ')} since ${new Date(since).toISOString()}.` : '';
    const ran = outcome ? ` ${MEND[outcome]}` : '';
    super('cluster.unavailable', `${why}.${where}${ran}`, { addresses, since, outcome }, outcome === 'unknown' ? 'never' : 'same');
  }
}

/** Client and cluster speak versions of the protocol that do not fit; the message names the version to install. */
export class VersionError extends TrainerError<'protocol.version', ErrorFacts> {
  constructor(message: string, facts: ErrorFacts) {
    super('protocol.version', message, facts);
  }
}

/** The module of an actor's class cannot be made into a bundle. */
export class BundleError extends TrainerError<'bundle.invalid' | 'bundle.too-large', { module: string; details: readonly string[] }> {
  constructor(code: 'bundle.invalid' | 'bundle.too-large', module: string, message: string, details: readonly string[] = []) {
    super(code, [message, ...details].join('\n'), { module, details });
  }
}

/** An error of the head or an actor as the class that a program tells apart; codes without a class of their own stay TrainerErrors. */
export function reviveError(data: ErrorData): TrainerError {
  const facts = data.facts;
  switch (data.code) {
    case 'actor.died':
      return new ActorDiedError(text(facts['actor']), causeOf(facts['cause']), outcomeOf(facts['outcome']));
    case 'actor.not-found':
      return new ActorNotFoundError(text(facts['actor'] ?? facts['id'] ?? facts['name']), textOrNull(facts['namespace']));
    case 'actor.name-taken':
      return new NameTakenError(data.message, facts);
    case 'call.timeout':
      return new CallTimeoutError(text(facts['method']), Number(facts['timeoutMs'] ?? 0), outcomeOf(facts['outcome']));
    case 'call.cancelled':
      return new CallCancelledError(text(facts['method']), 'the actor gave it up', outcomeOf(facts['outcome']));
    case 'call.threw':
      return new RemoteError(failureOf(data));
    case 'placement.infeasible':
      return new InfeasibleError(data.message, facts);
    case 'value.not-transferable':
      return new NotTransferableError(text(facts['path']), text(facts['type']));
    case 'value.too-large':
      return new ValueTooLargeError(text(facts['path']) || 'value', Number(facts['limitBytes'] ?? MAX_VALUE_BYTES));
    case 'protocol.version':
      return new VersionError(data.message, facts);
    default:
      return new TrainerError(data.code, data.message, facts, data.retry);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** What an actor or head did not say counts as unknown, the careful reading. */
function outcomeOf(value: unknown): Outcome {
  return value === 'not-run' ? 'not-run' : 'unknown';
}

function causeOf(value: unknown): DeathCause | null {
  return isRecord(value) && typeof value['kind'] === 'string' ? (value as unknown as DeathCause) : null;
}

function failureOf(data: ErrorData): RemoteFailure {
  const { name, message, stack, fields } = data.facts;
  return {
    name: text(name) || 'Error',
    message: typeof message === 'string' ? message : data.message,
    stack: text(stack),
    fields: isRecord(fields) ? fields : {},
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
