import { TrainerError, type Issue } from '@trainer/model';

/** A fault of the dataset, or of the target that was named for it, in the words of its reader. */
export class ProfileRefusedError extends TrainerError<'profile.refused', { issues: readonly Issue[] }> {
  constructor(field: 'data_id' | 'target_column', message: string) {
    super('profile.refused', message, { issues: [{ path: [field], message, type: 'value' }] });
  }
}

/** Reading the table takes more memory than a profile may have. */
export class ProfileTooLargeError extends TrainerError<'profile.too-large', { limitBytes: number; issues: readonly Issue[] }> {
  constructor(what: string, limitBytes: number) {
    const message = `${what} more than ${mebibytes(limitBytes)}, which is the most for a profile. Raise TRAINER_PROFILE_MEMORY, or take a sample.`;
    super('profile.too-large', message, { limitBytes, issues: [{ path: ['data_id'], message, type: 'value' }] });
  }
}

/** The dataset was overwritten again and again while it was read. */
export class ProfileChangedError extends TrainerError<'profile.changed', { key: string }> {
  constructor(key: string) {
    super('profile.changed', `Dataset ${key} was overwritten while it was read; ask again.`, { key }, 'same');
  }
}

/** As many datasets are looked at as the service does at once. */
export class ProfilesBusyError extends TrainerError<'profile.busy', { most: number }> {
  constructor(most: number) {
    super('profile.busy', `${most} datasets are being looked at, which is the most; try again in a moment.`, { most }, 'same');
  }
}

/** The cluster has no room for the actor that reads. */
export class NoRoomForProfileError extends TrainerError<'profile.no-room', { reason: string }> {
  constructor(reason: string) {
    super('profile.no-room', `The cluster has no room to read the dataset: ${reason}`, { reason }, 'same');
  }
}

/** The actor that reads died twice. */
export class ProfilerDiedError extends TrainerError<'profile.died', { cause: string }> {
  constructor(cause: string) {
    super('profile.died', `The process that read the dataset ended twice before it had an answer: ${cause}. Try again.`, { cause }, 'same');
  }
}

/** It took too long. */
export class ProfileTimeoutError extends TrainerError<'profile.timeout', { withinMs: number }> {
  constructor(withinMs: number) {
    const message = `The dataset was not read within ${withinMs / 1000} s. Raise TRAINER_PROFILE_WITHIN_S, or take a sample.`;
    super('profile.timeout', message, { withinMs }, 'same');
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
