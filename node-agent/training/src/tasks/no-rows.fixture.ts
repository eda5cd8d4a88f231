import type { EncodedRows } from './task.js';

/** For scores that look at no features. */
export const noRows: EncodedRows = () => {
  throw new RangeError('These scores look at no features.');
};
