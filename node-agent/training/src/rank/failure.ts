import { toErrorData, type ErrorData, type FailureClass } from '@trainer/model';
import { DatasetError } from '../data/errors.js';

/** Why an attempt ended without a model. */
export interface Failure {
  readonly failure: FailureClass;
  readonly error: ErrorData;
}

/** Codes of errors that say the request can't be met, whoever throws them; a new attempt would end alike. */
const REQUEST_CODES = new Set(['request.invalid', 'artifact.too-large']);

/** Tells a wrong request (data, parameters, limits) from a crash, and both from the end of another rank. */
export function failureOf(thrown: unknown): Failure {
  const error = toErrorData(thrown);
  return { failure: thrown instanceof DatasetError ? 'request' : classOf(error.code), error };
}

function classOf(code: string): FailureClass {
  if (code === 'rank.peer-lost') return 'peer';
  return REQUEST_CODES.has(code) ? 'request' : 'crash';
}
