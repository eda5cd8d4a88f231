import { TrainerError } from '@trainer/model';

/** A single column of the table takes more than the lease holds. */
export class ColumnTooLargeError extends TrainerError<'profile.needs-memory', { rows: number; neededBytes: number }> {
  constructor(rows: number, neededBytes: number) {
    super('profile.needs-memory', `A column of ${rows} rows needs ${neededBytes} bytes.`, { rows, neededBytes });
  }
}
