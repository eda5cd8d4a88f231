import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { fromErrorData, toErrorData, TrainerError, type ErrorCode, type ErrorData, type Retry } from '@trainer/model';
import { decodeErrorData, encodeErrorData } from './common.codec.js';
import { fromBytes, toBytes } from './fields.js';
import { Error as WireError } from './gen/trainer/v1/common.js';

/** The trailer that carries an error's code, message, facts and retry, as protobuf. */
const ERROR_TRAILER = 'trainer-error-bin';
/** HTTP/2 peers refuse header blocks above 64 KiB; base64 makes a third more of it, and the message travels twice. */
const MAX_TRAILER_BYTES = 24 * 2 ** 10;
const MAX_MESSAGE_CHARS = 4096;

/** The gRPC status of each code: what clients that know nothing of ours go by. */
const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  internal: status.INTERNAL,
  'request.invalid': status.INVALID_ARGUMENT,
  'id.invalid': status.INVALID_ARGUMENT,
  'quantity.invalid': status.INVALID_ARGUMENT,
  'wire.format': status.INVALID_ARGUMENT,
  'value.not-transferable': status.INVALID_ARGUMENT,
  'value.too-large': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'auth.missing': status.UNAUTHENTICATED,
  'auth.refused': status.UNAUTHENTICATED,
  'auth.forbidden': status.PERMISSION_DENIED,
  'token.not-found': status.NOT_FOUND,
  'token.too-many': status.RESOURCE_EXHAUSTED,
  'protocol.version': status.FAILED_PRECONDITION,
  'config.invalid': status.FAILED_PRECONDITION,
  'cluster.unavailable': status.UNAVAILABLE,
  'head.suspended': status.UNAVAILABLE,
  'head.fenced': status.UNAVAILABLE,
  'messages.unavailable': status.UNAVAILABLE,
  'queue.full': status.RESOURCE_EXHAUSTED,
  'idempotency.conflict': status.ALREADY_EXISTS,
  'placement.infeasible': status.FAILED_PRECONDITION,
  'placement.timeout': status.DEADLINE_EXCEEDED,
  'session.unknown': status.FAILED_PRECONDITION,
  'session.ended': status.FAILED_PRECONDITION,
  'bundle.unknown': status.NOT_FOUND,
  'bundle.invalid': status.INVALID_ARGUMENT,
  'args.unknown': status.NOT_FOUND,
  'log.not-found': status.NOT_FOUND,
  'upload.stalled': status.DEADLINE_EXCEEDED,
  'upload.incomplete': status.ABORTED,
  'upload.hash': status.DATA_LOSS,
  'env.refused': status.INVALID_ARGUMENT,
  'actor.died': status.ABORTED,
  'actor.not-found': status.NOT_FOUND,
  'actor.name-taken': status.ALREADY_EXISTS,
  'actor.load-failed': status.FAILED_PRECONDITION,
  'call.timeout': status.DEADLINE_EXCEEDED,
  'call.cancelled': status.CANCELLED,
  'call.threw': status.UNKNOWN,
  'call.no-method': status.UNIMPLEMENTED,
  'job.not-cancellable': status.FAILED_PRECONDITION,
  'job.not-completed': status.FAILED_PRECONDITION,
  'model.none': status.FAILED_PRECONDITION,
  'object.not-found': status.NOT_FOUND,
  'object.precondition-failed': status.FAILED_PRECONDITION,
  'object.key-invalid': status.INVALID_ARGUMENT,
  'store.full': status.RESOURCE_EXHAUSTED,
  'node.disk-full': status.RESOURCE_EXHAUSTED,
  'store.unavailable': status.UNAVAILABLE,
};

/** What a gRPC handler calls back with. */
export interface ErrorStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** @returns the status of anything thrown; facts that are too long for a trailer are left out. */
export function errorToStatus(thrown: unknown): ErrorStatus {
  const whole = toErrorData(thrown);
  // What cuts a text may cut a pair of surrogates, and gRPC throws where a half of one is to become a header.
  const data = { ...whole, message: Buffer.from(whole.message.slice(0, MAX_MESSAGE_CHARS)).toString() };
  const metadata = new Metadata();
  metadata.set(ERROR_TRAILER, trailerOf(data));
  const code = Object.hasOwn(STATUS_OF, data.code) ? STATUS_OF[data.code as ErrorCode] : status.UNKNOWN;
  return { code, details: data.message, metadata };
}

function trailerOf(data: ErrorData): Buffer {
  const bytes = toBytes(WireError, encodeErrorData(data));
  return bytes.length <= MAX_TRAILER_BYTES ? bytes : toBytes(WireError, encodeErrorData({ ...data, facts: {} }));
}

/**
 * @returns the error that the other side threw; where gRPC itself failed, one of ours by its status, with the status as a fact.
 * What is no gRPC error is returned as `internal`, and a TrainerError as it is.
 */
export function statusToError(thrown: unknown): TrainerError {
  if (thrown instanceof TrainerError) return thrown as TrainerError;
  if (!isServiceError(thrown)) return fromErrorData(toErrorData(thrown));
  const [trailer] = thrown.metadata?.get(ERROR_TRAILER) ?? [];
  const sent = trailer instanceof Uint8Array ? readTrailer(trailer) : null;
  if (sent) return fromErrorData(sent);
  const { code, retry } = codeOf(thrown.code);
  return new TrainerError(code, thrown.details || thrown.message, { grpcStatus: status[thrown.code] ?? thrown.code }, retry, {
    cause: thrown,
  });
}

/** A trailer that cannot be read is as good as none: the status still says what happened. */
function readTrailer(trailer: Uint8Array): ErrorData | null {
  try {
    return decodeErrorData(fromBytes(WireError, trailer, ERROR_TRAILER), ERROR_TRAILER);
  } catch {
    return null;
  }
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && typeof (thrown as Partial<ServiceError>).code === 'number';
}

function codeOf(code: status): { code: ErrorCode; retry: Retry } {
  switch (code) {
    case status.UNAVAILABLE:
      return { code: 'cluster.unavailable', retry: 'same' };
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return { code: 'auth.refused', retry: 'never' };
    case status.DEADLINE_EXCEEDED:
      return { code: 'call.timeout', retry: 'same' };
    case status.CANCELLED:
      return { code: 'call.cancelled', retry: 'never' };
    case status.NOT_FOUND:
      return { code: 'not-found', retry: 'never' };
    case status.UNIMPLEMENTED:
      return { code: 'protocol.version', retry: 'never' };
    case status.RESOURCE_EXHAUSTED:
      return { code: 'value.too-large', retry: 'never' };
    default:
      return { code: 'internal', retry: 'never' };
  }
}
