import type { Readable } from 'node:stream';
import type { Clock, Timer } from '@trainer/model';

/** How much of a stream is taken in. What counts as one unit is its reader's to say. */
export interface Pace {
  /** So much after a rest. */
  readonly burst: number;
  /** So much in the long run. */
  readonly perSecond: number;
  /** About so much in one turn of the loop, which is others' too. */
  readonly perTurn: number;
}

/** What is handed on at once: a chunk of the system's may hold 30,000 lines. */
const PIECE_BYTES = 4096;

export interface PacedReader {
  /** @returns how much of the pace the piece has used */
  onData(piece: Buffer): number;
  /** All was read, and the stream is closed; or the rest was dropped. Once. */
  onOver(): void;
}

/**
 * Reads a stream no faster than its pace: what is above it waits in the stream, and at last in its writer. One process that floods
 * its agent then costs itself time, not the others. Data within the pace is handed on in the turn in which it came.
 *
 * @returns what to call when the writer is gone: what then still waits for its time is dropped
 */
export function readPaced(stream: Readable, pace: Pace, clock: Clock, reader: PacedReader): () => void {
  let isClosed = false;
  let waiting: Timer | null = null;
  let left = pace.burst;
  let atMs = clock.monotonicMs();
  let rest: Buffer = Buffer.alloc(0);
  const goOn = (): void => {
    waiting = null;
    const now = clock.monotonicMs();
    left = Math.min(pace.burst, left + ((now - atMs) * pace.perSecond) / 1000);
    atMs = now;
    let turn = 0;
    while (rest.length > 0 && turn < pace.perTurn && left >= 0) {
      const used = reader.onData(rest.subarray(0, PIECE_BYTES));
      rest = rest.subarray(PIECE_BYTES);
      turn += used;
      left -= used;
    }
    if (rest.length === 0 && (left >= 0 || isClosed)) {
      if (isClosed) reader.onOver();
      else stream.resume();
      return;
    }
    stream.pause();
    waiting = clock.after(left >= 0 ? 0 : Math.ceil((-left * 1000) / pace.perSecond), goOn);
  };
  stream.on('data', (bytes: Buffer) => {
    rest = bytes;
    goOn();
  });
  // The end of a stream shows even while it is paused.
  stream.once('close', () => {
    isClosed = true;
    if (waiting === null) reader.onOver();
  });
  return () => {
    if (waiting === null) return;
    waiting.cancel();
    waiting = null;
    rest = rest.subarray(rest.length);
    if (isClosed) reader.onOver();
    else stream.destroy();
  };
}
