import { TrainerError, type EpochMetrics } from '@trainer/model';
import type { BestEpoch } from './early-stopping.js';

/** Training state after an epoch: the learner's, and the loop's own. */
export interface CheckpointState {
  readonly epoch: number;
  /** Of the epoch itself. */
  readonly metrics: EpochMetrics;
  /** Null where early stopping is off. */
  readonly best: BestEpoch | null;
  readonly learner: Uint8Array;
}

/** The stored checkpoint is not one that this version wrote. */
export class CheckpointError extends TrainerError<'checkpoint.unreadable', { reason: string }> {
  constructor(reason: string) {
    super('checkpoint.unreadable', `The checkpoint can't be read: ${reason}. The job starts anew without it.`, { reason });
  }
}

const MAGIC = 'TRAINER-CHECKPOINT-1\n';

/** A checkpoint as bytes: a line that names the format, a line of JSON, the learner's bytes. */
export function encodeCheckpoint(state: CheckpointState): Uint8Array {
  const { learner, ...loop } = state;
  const head = Buffer.from(`${MAGIC}${JSON.stringify(loop)}\n`);
  return Buffer.concat([head, learner]);
}

/** @throws CheckpointError */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointState {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('utf8', 0, MAGIC.length) !== MAGIC) throw new CheckpointError('it is of another format');
  const end = buffer.indexOf('\n', MAGIC.length);
  if (end < 0) throw new CheckpointError('it is cut off');
  const loop: unknown = JSON.parse(buffer.toString('utf8', MAGIC.length, end));
  if (!isLoopState(loop)) throw new CheckpointError('its state is incomplete');
  return { ...loop, learner: new Uint8Array(buffer.subarray(end + 1)) };
}

function isLoopState(value: unknown): value is Omit<CheckpointState, 'learner'> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'epoch' in value &&
    Number.isInteger(value.epoch) &&
    'metrics' in value &&
    'best' in value
  );
}
