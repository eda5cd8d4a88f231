import { toErrorData, type ErrorData } from '@trainer/model';
import { asDiskError } from './disk-full.js';

/**
 * @returns what the head is told of what was thrown. Our errors say themselves whether another attempt would end alike; what nobody
 * foresaw may have been chance, and is tried again as often as a crash is.
 */
export function failureOf(thrown: unknown): ErrorData {
  const error = toErrorData(asDiskError(thrown, 'the data folder of its agent'));
  return error.code === 'internal' ? { ...error, retry: 'same' } : error;
}
