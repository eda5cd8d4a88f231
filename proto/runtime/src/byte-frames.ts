import { TrainerError } from '@trainer/model';

/** A frame says that it is longer than its reader allows. */
export class FrameTooLargeError extends TrainerError<'frame.too-large', { bytes: number; limitBytes: number }> {
  constructor(bytes: number, limitBytes: number) {
    super('frame.too-large', `A message of ${bytes} bytes is above the limit of ${limitBytes}.`, { bytes, limitBytes });
  }
}

const HEAD_BYTES = 4;

/** @returns the bytes behind their length (32 bits, big-endian), as `FrameReader` takes them apart */
export function byteFrame(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + bytes.length);
  frame.writeUInt32BE(bytes.length);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

/** Cuts a stream of bytes into the frames in it, however they came. Holds at most one frame, and never one above the limit. */
export class FrameReader {
  readonly #limitBytes: number;
  readonly #onFrame: (bytes: Buffer) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the frame that is being read; null: its length has not come yet. */
  #wanted: number | null = null;

  constructor(limitBytes: number, onFrame: (bytes: Buffer) => void) {
    this.#limitBytes = limitBytes;
    this.#onFrame = onFrame;
  }

  /** @throws FrameTooLargeError as soon as a length is read that is above the limit; what `onFrame` throws */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (;;) {
      if (this.#wanted === null) {
        if (this.#bytes < HEAD_BYTES) return;
        this.#wanted = this.#take(HEAD_BYTES).readUInt32BE();
        if (this.#wanted > this.#limitBytes) throw new FrameTooLargeError(this.#wanted, this.#limitBytes);
      }
      if (this.#bytes < this.#wanted) return;
      const frame = this.#take(this.#wanted);
      this.#wanted = null;
      this.#onFrame(frame);
    }
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
    const rest = all.subarray(count);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return all.subarray(0, count);
  }
}
