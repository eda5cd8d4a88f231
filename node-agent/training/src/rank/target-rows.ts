import type { TaskType } from '@trainer/model';
import { InfinityError } from '../data/errors.js';
import type { Column, Table } from '../data/table.js';
import { allTrain, splitRows, type Split } from '../split/split.js';
import type { ReadTarget, Task } from '../tasks/task.js';
import { taskOf } from '../tasks/tasks.js';

/** The target of a table, and which of its rows train and validate. */
export interface TargetRows {
  readonly target: ReadTarget;
  readonly split: Split;
  /** Rows of the table. */
  readonly trainRows: Int32Array;
  readonly validationRows: Int32Array;
  /** By row of the table; only rows that have one are read. */
  readonly targetOf: Float64Array;
}

/** What of a request decides about rows. */
export interface TargetRequest {
  readonly taskType: TaskType;
  readonly validationSplit: number | null;
  readonly seed: number;
}

/**
 * Reads the target and splits the rows that take part. Deterministic.
 * @param column null: none is given
 * @throws TargetError, TooFewRowsError, InfinityError
 */
export async function targetRowsOf(table: Table, column: Column | null, request: TargetRequest): Promise<TargetRows> {
  const task = taskOf(request.taskType);
  const target = column === null ? task.withoutTarget?.(table.rows) : task.readTarget(column);
  if (target === undefined) throw new RangeError('A task that needs a target has been given none.');
  await checkTarget(table, target);
  const split = task.holdsOut ? heldOut(task, target, request) : allTrain(target.rows.length, request.seed);
  return {
    target,
    split,
    trainRows: split.train.map((at) => target.rows[at] ?? 0),
    validationRows: split.validation.map((at) => target.rows[at] ?? 0),
    targetOf: byRow(target, table.rows),
  };
}

function heldOut(task: Task, target: ReadTarget, { validationSplit, seed }: TargetRequest): Split {
  const { encoding, rows } = target;
  return splitRows({
    rows: rows.length,
    classOf: task.strataOf(target),
    classNames: encoding.kind === 'classes' ? encoding.classes : [],
    target: encoding.kind === 'clusters' ? '' : encoding.name,
    validationSplit,
    seed,
  });
}

/** Engines hold targets as float32 numbers. @throws InfinityError */
async function checkTarget(table: Table, { encoding, rows, values }: ReadTarget): Promise<void> {
  if (encoding.kind !== 'number') return;
  const at = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (at >= 0) throw new InfinityError(encoding.name, await table.locate(rows[at] ?? 0));
}

function byRow({ rows, values }: ReadTarget, total: number): Float64Array {
  const all = new Float64Array(total);
  rows.forEach((row, at) => (all[row] = values[at] ?? NaN));
  return all;
}
