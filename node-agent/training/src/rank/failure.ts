import { TrainerError, toErrorData, type ErrorData, type FailureClass } from '@trainer/model';
import { DatasetError } from '../data/errors.js';

/** Why an attempt ended without a model. */
export interface Failure {
  readonly failure: FailureClass;
  readonly error: ErrorData;
}

/** Codes of errors that say the request can't be met, whoever throws them; a new attempt would end alike. */
const REQUEST_CODES = new Set(['request.invalid', 'artifact.too-large']);

/** Tells a wrong request (data, parameters, limits) from a crash. */
export function failureOf(thrown: unknown): Failure {
  const isRequest = thrown instanceof DatasetError || (thrown instanceof TrainerError && REQUEST_CODES.has(String(thrown.code)));
  return { failure: isRequest ? 'request' : 'crash', error: toErrorData(thrown) };
}
