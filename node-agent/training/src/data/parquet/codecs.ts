import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { unpackLiterals } from './snappy.js';
import { unpackZstd } from './zstd.js';

/** Bytes of one page at most: writers make some of a MiB, or of a whole column in a group of rows. */
export const MAX_PAGE_BYTES = 1 << 30;

/** A page of snappy that is this share of its size has few pieces that refer to others. */
const HARDLY_PACKED = 0.9;

/** @returns the page unpacked, until the next is: of just so many bytes @throws where it holds other ones */
export function unpackedPage(codec: CompressionCodec, packed: Uint8Array, bytes: number): Uint8Array {
  // Not all decoders take the stream of nothing.
  if (bytes === 0) return new Uint8Array(0);
  const page = unpacked(codec, packed, bytes);
  if (page.length !== bytes) throw new Error(`a page has ${page.length} bytes where it says ${bytes}`);
  return page;
}

function unpacked(codec: CompressionCodec, packed: Uint8Array, bytes: number): Uint8Array {
  switch (codec) {
    case 'UNCOMPRESSED':
      return packed;
    // Node has these two, which are faster.
    case 'GZIP':
      return gunzipSync(packed, { maxOutputLength: bytes });
    case 'BROTLI':
      return brotliDecompressSync(packed, { maxOutputLength: bytes });
    case 'ZSTD':
      return unpackZstd(packed, bytes);
    case 'SNAPPY':
      // The decoder trusts the length in front.
      if (snappyLength(packed) !== bytes) throw new Error('a page of snappy has another length than it says');
      if (packed.length > HARDLY_PACKED * bytes) return unpackLiterals(packed, room(bytes));
      break;
    default:
      break;
  }
  const unpack = compressors[codec];
  if (!unpack) throw new Error(`its compression is not known: ${String(codec ?? 'none')}`);
  return unpack(packed, bytes);
}

/** Memory for one page after the other: memory that is new costs as much as what is done with it. */
const KEPT_BYTES = 1 << 20;
let kept = new Uint8Array(0);

function room(bytes: number): Uint8Array {
  if (bytes > KEPT_BYTES) return new Uint8Array(bytes);
  if (kept.length === 0) kept = new Uint8Array(KEPT_BYTES);
  return kept.subarray(0, bytes);
}

function snappyLength(packed: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = packed[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  return length;
}
