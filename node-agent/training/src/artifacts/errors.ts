import { TrainerError } from '@trainer/model';

/** The exported file predicts something else than the trainer: the model is not given out. */
export class VerificationError extends TrainerError<
  'artifact.verification',
  { output: string; row: number; expected: string; found: string; failedRows: number; rows: number }
> {
  constructor(facts: { output: string; row: number; expected: string; found: string; failedRows: number; rows: number }) {
    super(
      'artifact.verification',
      `The exported model differs from the trained model in ${facts.failedRows} of ${facts.rows} rows, first in row ${facts.row}: ` +
        `${facts.output} is ${facts.found}, not ${facts.expected}. This is a fault of the exporter: report it with the job's request.`,
      facts,
    );
  }
}

/** The model outgrew what the service keeps and a protobuf file can hold. */
export class ModelTooLargeError extends TrainerError<'artifact.too-large', { bytes: number; limitBytes: number }> {
  constructor(bytes: number, limitBytes: number) {
    super(
      'artifact.too-large',
      `The trained model has ${bytes} bytes; the limit is ${limitBytes}. Train fewer or shallower trees (n_estimators, max_depth).`,
      { bytes, limitBytes },
    );
  }
}
