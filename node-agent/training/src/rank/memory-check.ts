import { TrainerError, type ModelDescription, type TableShape, type TrainingAssignment } from '@trainer/model';

/** The table is larger than was guessed from its file: the attempt ends before it trains, and the next one gets what it needs. */
export class NeedsMemoryError extends TrainerError<
  'rank.needs-memory',
  { rows: number; columns: number; classes: number; neededBytes: number; givenBytes: number }
> {
  constructor({ rows, columns, classes }: TableShape, neededBytes: number, givenBytes: number) {
    const what = `${count(rows)} rows of ${count(columns)} columns${classes > 2 ? ` and ${count(classes)} classes` : ''}`;
    super(
      'rank.needs-memory',
      `Training on ${what} may need ${mib(neededBytes)}; the attempt had ${mib(givenBytes)}`,
      { rows, columns, classes, neededBytes, givenBytes },
      'same',
    );
  }
}

/**
 * Trainings really take 50 to 80 % of their upper estimate (docs/adr/0014): an attempt that has at least so much is not given up, as
 * starting again costs more than it saves.
 */
const MOST_TAKEN = 0.8;

/** @throws NeedsMemoryError where the table, now that it is read, may take more than the lease holds */
export function checkMemory(model: ModelDescription, { memoryBytes, request }: TrainingAssignment, table: TableShape): void {
  const needed = model.limits(table, request.hyperparameters).memoryBytes;
  if (memoryBytes !== null && needed * MOST_TAKEN > memoryBytes) throw new NeedsMemoryError(table, needed, memoryBytes);
}

/** What reading takes at its peak, as a multiple of the columns as doubles: they, what a pass reads beside them, and the encoded matrix's first rows. */
const READING_PEAK = 1.5;

/** @returns what reading so many columns takes at its peak */
export function readingBytes(rows: number, columns: number): number {
  return READING_PEAK * rows * columns * Float64Array.BYTES_PER_ELEMENT;
}

/**
 * Looks before anything of the table is held; its classes are not known then.
 * @throws NeedsMemoryError where its columns alone do not fit into the lease
 */
export function checkReading(model: ModelDescription, { memoryBytes, request }: TrainingAssignment, rows: number, columns: number): void {
  const reading = readingBytes(rows, columns);
  if (memoryBytes === null || reading <= memoryBytes) return;
  const table = { rows, columns: columns - 1, classes: 2 };
  throw new NeedsMemoryError(table, Math.max(reading, model.limits(table, request.hyperparameters).memoryBytes), memoryBytes);
}

function count(n: number): string {
  return n.toLocaleString('en');
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`;
}
