import { TrainerError } from '@trainer/model';

/** An entry of the cache is not what was written: cut, damaged, or not ours. It is removed, and its dataset is read anew. */
export class DamagedEntryError extends TrainerError<'cache.damaged', { why: string }> {
  constructor(why: string) {
    super('cache.damaged', `The entry of the dataset cache can't be used: ${why}.`, { why }, 'same');
  }
}

/** The job was cancelled while another rank read its dataset. */
export class WaitCancelledError extends TrainerError<'cache.cancelled', Record<string, never>> {
  constructor() {
    super('cache.cancelled', 'The job was cancelled while another rank read its dataset.', {});
  }
}
