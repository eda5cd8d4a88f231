import type { ErrorCode, ErrorData } from '@trainer/model';

/** Codes of errors that only this door makes. */
type DoorCode =
  | 'host.refused'
  | 'origin.refused'
  | 'request.stalled'
  | 'upload.too-large'
  | 'upload.too-many'
  | 'upload.incomplete'
  | 'upload.not-a-table'
  | 'range.not-satisfiable'
  | 'result.not-ready'
  | 'caller.gone'
  | 'profile.refused'
  | 'profile.too-large'
  | 'profile.changed'
  | 'profile.busy'
  | 'profile.no-room'
  | 'profile.died'
  | 'profile.timeout';

/** The HTTP status of each code that can come here; a new code does not compile until it has one. 500: a fault of ours. */
const STATUS_OF: Readonly<Record<ErrorCode | DoorCode, number>> = {
  internal: 500,
  'request.invalid': 422,
  'id.invalid': 404,
  'quantity.invalid': 422,
  'wire.format': 500,
  'value.not-transferable': 422,
  'value.too-large': 413,
  'not-found': 404,
  'auth.missing': 401,
  'auth.refused': 401,
  'auth.forbidden': 403,
  'token.not-found': 404,
  'token.too-many': 409,
  'protocol.version': 500,
  'config.invalid': 500,
  'cluster.unavailable': 503,
  'head.suspended': 503,
  'head.fenced': 503,
  'messages.unavailable': 503,
  'queue.full': 429,
  'idempotency.conflict': 409,
  'placement.infeasible': 422,
  'placement.timeout': 503,
  'session.unknown': 500,
  'session.ended': 500,
  'bundle.unknown': 404,
  'bundle.invalid': 422,
  'args.unknown': 404,
  'log.not-found': 404,
  'upload.stalled': 408,
  'upload.hash': 422,
  'env.refused': 422,
  'actor.died': 500,
  'actor.not-found': 404,
  'actor.name-taken': 409,
  'actor.load-failed': 500,
  'call.timeout': 504,
  'call.cancelled': 500,
  'call.threw': 500,
  'call.no-method': 500,
  'job.not-cancellable': 400,
  'job.not-completed': 400,
  'model.none': 400,
  'object.not-found': 404,
  'object.precondition-failed': 412,
  'object.key-invalid': 422,
  'store.full': 507,
  'node.disk-full': 507,
  'store.unavailable': 503,
  'host.refused': 403,
  'origin.refused': 403,
  'request.stalled': 408,
  'upload.too-large': 413,
  'upload.too-many': 503,
  'upload.incomplete': 400,
  'upload.not-a-table': 422,
  'range.not-satisfiable': 416,
  'result.not-ready': 404,
  // As nginx has it: the client closed the connection.
  'caller.gone': 499,
  'profile.refused': 422,
  'profile.too-large': 422,
  'profile.changed': 409,
  'profile.busy': 503,
  'profile.no-room': 503,
  'profile.died': 503,
  'profile.timeout': 504,
};

export function httpStatus(error: ErrorData): number {
  return Object.hasOwn(STATUS_OF, error.code) ? STATUS_OF[error.code as keyof typeof STATUS_OF] : 500;
}
