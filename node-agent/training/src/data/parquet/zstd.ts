import { decompress, Decompress } from 'fzstd';

/** The largest window that zstd's own programs take unasked. */
const MAX_WINDOW_BYTES = 128 * 2 ** 20;

/**
 * Unpacks a page of zstd, never to more than it says. @returns what it holds, which may be less than `bytes`
 * @throws where it holds more, or is no frame of zstd
 */
export function unpackZstd(packed: Uint8Array, bytes: number): Uint8Array {
  const page = new Uint8Array(bytes);
  const { windowBytes, contentBytes } = frameHead(packed);
  // What one frame says of its length is all that it can write to memory that is given.
  if (contentBytes === bytes) return decompress(packed, page);
  if (windowBytes > MAX_WINDOW_BYTES) throw new Error('a page of zstd wants too much memory');
  let filled = 0;
  const stream = new Decompress((piece) => {
    if (filled + piece.length > bytes) throw new Error(`a page has more than the ${bytes} bytes that it says`);
    page.set(piece, filled);
    filled += piece.length;
  });
  stream.push(packed, true);
  return page.subarray(0, filled);
}

interface FrameHead {
  readonly windowBytes: number;
  /** null: it does not say. */
  readonly contentBytes: number | null;
}

/** RFC 8878, 3.1.1.1: magic, descriptor, window, dictionary, length of the content. */
function frameHead(packed: Uint8Array): FrameHead {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw new Error('a page is not of zstd');
  const descriptor = view.getUint8(4);
  const isOneSegment = (descriptor & 0x20) !== 0;
  const contentKind = descriptor >> 6;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (isOneSegment ? 0 : 1) + dictionaryBytes;
  const contentBytes = contentLength(view, at, contentKind, isOneSegment);
  return { contentBytes, windowBytes: isOneSegment ? (contentBytes ?? 0) : windowLength(view.getUint8(5)) };
}

function contentLength(view: DataView, at: number, kind: number, isOneSegment: boolean): number | null {
  switch (kind) {
    case 0:
      return isOneSegment ? view.getUint8(at) : null;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

function windowLength(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
