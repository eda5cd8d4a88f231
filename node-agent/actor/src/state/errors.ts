import { TrainerError } from '@trainer/model';

/** With `'call'`: the method ran, and what it did could not be stored. The next incarnation may not know of it. */
export class CheckpointFailedError extends TrainerError<'checkpoint.failed', { className: string; outcome: 'unknown' }> {
  constructor(className: string, why: string, cause?: unknown) {
    super(
      'checkpoint.failed',
      `The method ran, but the state of ${className} was not stored: ${why}`,
      { className, outcome: 'unknown' },
      'never',
      {
        cause,
      },
    );
  }
}

/** With `'call'` there are no streams: a state between two values would have to be stored before each of them. */
export class StreamRefusedError extends TrainerError<'call.no-method', { className: string; method: string; outcome: 'not-run' }> {
  constructor(className: string, method: string) {
    super(
      'call.no-method',
      `${className} stores its state before each answer (checkpointEvery: 'call'), so ${method} cannot be read as a stream. Answer with an array, or create it with a checkpointEvery in milliseconds.`,
      { className, method, outcome: 'not-run' },
    );
  }
}
