import { travelBytes } from './travel-bytes.js';

/** Whether the same request may be made again: never, as it is, or only elsewhere (another node, another instance). */
export type Retry = 'never' | 'same' | 'elsewhere';

/**
 * The codes that cross a border. Each border (gRPC, HTTP, job states, the client's classes) maps them in one table over this
 * type, so that a new code breaks the build there until it is mapped.
 */
export type ErrorCode =
  | 'internal'
  | 'request.invalid'
  | 'id.invalid'
  | 'quantity.invalid'
  | 'wire.format'
  | 'value.not-transferable'
  | 'value.too-large'
  | 'not-found'
  | 'auth.missing'
  | 'auth.refused'
  | 'auth.forbidden'
  | 'token.not-found'
  | 'token.too-many'
  | 'protocol.version'
  | 'config.invalid'
  | 'cluster.unavailable'
  | 'head.suspended'
  | 'head.fenced'
  | 'messages.unavailable'
  | 'queue.full'
  | 'idempotency.conflict'
  | 'placement.infeasible'
  | 'placement.timeout'
  | 'session.unknown'
  | 'session.ended'
  | 'bundle.unknown'
  | 'bundle.invalid'
  | 'args.unknown'
  | 'log.not-found'
  | 'upload.stalled'
  | 'upload.incomplete'
  | 'upload.hash'
  | 'env.refused'
  | 'actor.died'
  | 'actor.not-found'
  | 'actor.name-taken'
  | 'actor.load-failed'
  | 'call.timeout'
  | 'call.cancelled'
  | 'call.threw'
  | 'call.no-method'
  | 'job.not-cancellable'
  | 'job.not-completed'
  | 'model.none'
  | 'object.not-found'
  | 'object.precondition-failed'
  | 'object.key-invalid'
  | 'store.full'
  | 'node.disk-full'
  | 'store.unavailable';

/** The facts of an error: plain data, so that it crosses processes. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/**
 * The base of every error of Trainer. Errors cross processes as `{ code, message, facts, retry }` and are told apart by
 * `code`, never by `instanceof` or text.
 */
export class TrainerError<Code extends string = string, Facts extends ErrorFacts = ErrorFacts> extends Error {
  constructor(
    readonly code: Code,
    message: string,
    readonly facts: Facts,
    readonly retry: Retry = 'never',
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An error as it crosses a process border. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly facts: ErrorFacts;
  readonly retry: Retry;
}

/** @returns the data of any thrown value; what is no TrainerError becomes `internal`, with its message only. Never throws. */
export function toErrorData(thrown: unknown): ErrorData {
  try {
    if (isTrainerError(thrown)) {
      const { code, message, facts, retry } = thrown;
      return { code, message, facts, retry };
    }
    return internal(String(thrown instanceof Error ? thrown.message : thrown));
  } catch {
    // A revoked proxy, or an object whose text runs code that throws.
    return internal('What was thrown could not be described.');
  }
}

function internal(message: string): ErrorData {
  return { code: 'internal', message, facts: {}, retry: 'never' };
}

/** @returns an error that carries what came over the wire. */
export function fromErrorData(data: ErrorData): TrainerError {
  return new TrainerError(data.code, data.message, data.facts, data.retry);
}

/** Characters of an error's message, and bytes of its facts, where it is kept in a row or travels in an event. */
const KEPT_MESSAGE_CHARS = 4096;
const KEPT_FACTS_BYTES = 16 * 1024;

/** @returns the error cut to what a row or an event has room for; facts that are too large are left out */
export function boundedError(error: ErrorData): ErrorData {
  const { message, facts } = error;
  const isShort = message.length <= KEPT_MESSAGE_CHARS;
  const isSmall = travelBytes(facts, KEPT_FACTS_BYTES) <= KEPT_FACTS_BYTES;
  if (isShort && isSmall) return error;
  return { ...error, message: isShort ? message : `${message.slice(0, KEPT_MESSAGE_CHARS - 3)}...`, facts: isSmall ? facts : {} };
}

/** A value outside its limits; `issues` name the fields. */
export interface Issue {
  /** Path of the field, such as `['epochs']` or `['hyperparameters', 'max_depth']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** A stable word for the kind of mistake, such as `missing`, `range`, `type`, `unknown`. */
  readonly type: string;
}

/** The request itself is wrong; nothing was done. */
export class InvalidRequestError extends TrainerError<'request.invalid', { issues: readonly Issue[] }> {
  constructor(issues: readonly Issue[]) {
    super('request.invalid', issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '), { issues });
  }
}

/** What was asked for does not exist. */
export class NotFoundError extends TrainerError<'not-found', { kind: string; id: string }> {
  constructor(kind: string, id: string) {
    super('not-found', `${kind} ${id} not found`, { kind, id });
  }
}

/** Told by its shape: two bundles in one process (an actor's runtime and a rank's code) have a class of their own each. */
export function isTrainerError(thrown: unknown): thrown is TrainerError {
  if (thrown instanceof TrainerError) return true;
  const isShaped = typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'facts' in thrown && 'retry' in thrown;
  return isShaped && 'message' in thrown && typeof thrown.code === 'string' && typeof thrown.facts === 'object';
}
