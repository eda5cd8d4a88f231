/*
 * What ranks write to each other after the handshake: frames of a header and up to 1 MiB. All numbers are big-endian.
 *
 *   0 u32 bytes of payload   4 u8 kind   5 u8 operation   6 u8 kind of array   7 u8 reduction
 *   8 u32 number of the operation   12 u32 part (rank or step)   16 u32 elements   20 u32 bytes of the whole message   24 u32 offset in it
 */
export const HEADER_BYTES = 28;
export const MAX_PAYLOAD_BYTES = 2 ** 20;

export const FRAME = { data: 1, beat: 2, lost: 3, bye: 4 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** What a message belongs to; both ends of a link must name the same. */
export interface Tag {
  readonly operation: number;
  readonly arrayKind: number;
  readonly reduction: number;
  /** Of the operation, from 0 in each gang. */
  readonly number: number;
  /** The rank it comes from, or the step of the operation. */
  readonly part: number;
  /** Elements of the whole array, where all ranks must have as many; else 0. */
  readonly elements: number;
}

export const NO_TAG: Tag = { operation: 0, arrayKind: 0, reduction: 0, number: 0, part: 0, elements: 0 };

export interface Frame {
  readonly kind: FrameKind;
  readonly tag: Tag;
  readonly messageBytes: number;
  readonly offset: number;
  /** Valid until the next read. */
  readonly payload: Uint8Array;
}

export function encodeHeader(kind: FrameKind, tag: Tag, payloadBytes: number, messageBytes: number, offset: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payloadBytes, 0);
  header.writeUInt8(kind, 4);
  header.writeUInt8(tag.operation, 5);
  header.writeUInt8(tag.arrayKind, 6);
  header.writeUInt8(tag.reduction, 7);
  header.writeUInt32BE(tag.number, 8);
  header.writeUInt32BE(tag.part, 12);
  header.writeUInt32BE(tag.elements, 16);
  header.writeUInt32BE(messageBytes, 20);
  header.writeUInt32BE(offset, 24);
  return header;
}

/** The bytes that came are no frames, or break a bound. */
export class FrameError extends Error {}

/** Cuts a stream of bytes into frames; the payload of a frame is handed on as it comes in, so nothing is held but a header. */
export class FrameReader {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;
  #offset = 0;

  /**
   * @param onFrame called for every piece of a frame's payload (once with none where it has none), `offset` moved on accordingly
   * @throws FrameError
   */
  read(bytes: Buffer, onFrame: (frame: Frame) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#payloadLeft === 0) {
        const taken = Math.min(HEADER_BYTES - this.#headerBytes, bytes.length - at);
        bytes.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes < HEADER_BYTES) return;
        this.#headerBytes = 0;
        this.#begin();
        if (this.#payloadLeft === 0) onFrame(this.#frame(bytes.subarray(0, 0)));
        continue;
      }
      const taken = Math.min(this.#payloadLeft, bytes.length - at);
      onFrame(this.#frame(bytes.subarray(at, at + taken)));
      this.#payloadLeft -= taken;
      this.#offset += taken;
      at += taken;
    }
  }

  #begin(): void {
    this.#payloadLeft = this.#header.readUInt32BE(0);
    this.#offset = this.#header.readUInt32BE(24);
    const end = this.#offset + this.#payloadLeft;
    if (this.#payloadLeft > MAX_PAYLOAD_BYTES || end > this.#header.readUInt32BE(20)) {
      throw new FrameError(`a frame of ${this.#payloadLeft} bytes at ${this.#offset}`);
    }
  }

  #frame(payload: Uint8Array): Frame {
    const header = this.#header;
    return {
      kind: kindOfFrame(header.readUInt8(4)),
      tag: {
        operation: header.readUInt8(5),
        arrayKind: header.readUInt8(6),
        reduction: header.readUInt8(7),
        number: header.readUInt32BE(8),
        part: header.readUInt32BE(12),
        elements: header.readUInt32BE(16),
      },
      messageBytes: header.readUInt32BE(20),
      offset: this.#offset,
      payload,
    };
  }
}

function kindOfFrame(value: number): FrameKind {
  const kind = Object.values(FRAME).find((known) => known === value);
  if (kind === undefined) throw new FrameError(`a frame of kind ${value}`);
  return kind;
}
