import { TrainerError } from '@trainer/model';

/** A checkpoint's state does not belong to this training. */
export class TrainingStateError extends TrainerError<'checkpoint.mismatch', { epoch: number; due: number; held: number }> {
  constructor(facts: { epoch: number; due: number; held: number }) {
    super(
      'checkpoint.mismatch',
      `The training state holds ${facts.held} rounds, but epoch ${facts.epoch} ends at ${facts.due}: it belongs to another job. Start the job anew.`,
      facts,
    );
  }
}

/** The library's model file is not as the version we know writes it. */
export class ModelFormatError extends TrainerError<'engine.format', { found: string }> {
  constructor(found: string) {
    super('engine.format', `XGBoost's model file can't be read: ${found}. Use the version of the library that the set-up installs.`, {
      found,
    });
  }
}
