import type { ErrorData } from '@trainer/model';

/**
 * The HTTP status of an error's code. Codes that a door of ours answers are listed; every other one is a fault of ours (500),
 * whose message stays in the log.
 */
export function httpStatus(error: ErrorData): number {
  return STATUS_OF[error.code] ?? 500;
}

const STATUS_OF: Readonly<Record<string, number>> = {
  'request.invalid': 422,
  'id.invalid': 404,
  'not-found': 404,
  'object.not-found': 404,
  'idempotency.conflict': 409,
  'queue.full': 429,
  'job.not-cancellable': 400,
  'job.not-completed': 400,
  'host.refused': 403,
  'origin.refused': 403,
  'upload.too-large': 413,
  'upload.incomplete': 400,
  'range.not-satisfiable': 416,
  'object.precondition-failed': 412,
  'object.key-invalid': 422,
  'auth.missing': 401,
  'auth.refused': 401,
  'auth.forbidden': 403,
  'cluster.unavailable': 503,
  'head.suspended': 503,
  'store.unavailable': 503,
  'store.full': 507,
};
