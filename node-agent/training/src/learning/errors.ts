import { TrainerError } from '@trainer/model';

/** A checkpoint's state does not belong to this training. */
export class TrainingStateError extends TrainerError<'checkpoint.mismatch', { epoch: number; due: number; held: number }> {
  constructor(facts: { epoch: number; due: number; held: number }) {
    super(
      'checkpoint.mismatch',
      `The training state holds ${facts.held} parts of a model, but after epoch ${facts.epoch} there are ${facts.due}: it belongs to another job. Start the job anew.`,
      facts,
    );
  }
}
