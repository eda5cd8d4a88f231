import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BrokenGzipError, EmptyDatasetError, EncodingError, UnpackedTooLargeError, UnreadableDatasetError } from './errors.js';

/** A dataset's file, unpacked where it was packed, checked to be UTF-8 where it is text. */
export interface SourceFile {
  readonly format: 'csv' | 'parquet';
  readonly path: string;
  /** `sha256:` and hex, of the file as it was stored. */
  readonly fingerprint: string;
}

/** Bytes that are read at once: large enough that the calls don't count, small beside a lease's memory. */
const CHUNK_BYTES = 1 << 20;

/**
 * Finds out what the file is by its content (gzip, Parquet, else text), unpacks gzip to `path` + `.unpacked`.
 * @throws EmptyDatasetError, BrokenGzipError, UnpackedTooLargeError, EncodingError, UnreadableDatasetError
 */
export async function inspectFile(path: string, maxUnpackedBytes: number): Promise<SourceFile> {
  const kind = await kindOf(path);
  if (kind !== 'gzip') {
    const hash = createHash('sha256');
    await scan(path, kind === 'csv', (chunk) => hash.update(chunk));
    return { format: kind, path, fingerprint: `sha256:${hash.digest('hex')}` };
  }
  const hash = createHash('sha256');
  const unpacked = `${path}.unpacked`;
  await unpack(path, unpacked, maxUnpackedBytes, (chunk) => hash.update(chunk));
  const inner = await kindOf(unpacked);
  if (inner === 'gzip') throw new UnreadableDatasetError('it is a gzip file inside a gzip file. Pack it once.');
  await scan(unpacked, inner === 'csv', () => undefined);
  return { format: inner, path: unpacked, fingerprint: `sha256:${hash.digest('hex')}` };
}

async function kindOf(path: string): Promise<'csv' | 'parquet' | 'gzip'> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead === 0) throw new EmptyDatasetError();
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'gzip';
    const magic = buffer.toString('latin1', 0, bytesRead);
    if (magic === 'PK\x03\x04') throw new UnreadableDatasetError('it is an Excel file or a zip archive. Save the table as CSV or Parquet.');
    return magic === 'PAR1' ? 'parquet' : 'csv';
  } finally {
    await file.close();
  }
}

async function unpack(from: string, to: string, maxBytes: number, seen: (chunk: Buffer) => void): Promise<void> {
  let bytes = 0;
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen(chunk);
      done(null, chunk);
    },
  });
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(new UnpackedTooLargeError(maxBytes));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(from, { highWaterMark: CHUNK_BYTES }), watch, createGunzip(), limit, createWriteStream(to));
  } catch (error) {
    const reason = zlibReason(error);
    if (reason !== null) throw new BrokenGzipError(reason, { cause: error });
    throw error;
  }
}

/** zlib's own words, told apart by its codes. */
function zlibReason(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return null;
  return String(error.code).startsWith('Z_') ? String(error.message) : null;
}

/** Reads the file once; text must be UTF-8. */
async function scan(path: string, isText: boolean, seen: (chunk: Buffer) => void): Promise<void> {
  let carried: Buffer = Buffer.alloc(0);
  let lines = 1;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    seen(chunk);
    if (!isText) continue;
    const text = carried.length > 0 ? Buffer.concat([carried, chunk]) : chunk;
    const whole = text.subarray(0, text.length - openBytes(text));
    if (!isUtf8(whole)) throw new EncodingError(lines + linesBeforeBreak(whole));
    lines += countLines(whole);
    carried = Buffer.from(text.subarray(whole.length));
  }
  if (carried.length > 0) throw new EncodingError(lines);
}

/** How many bytes at the end begin a character that the next chunk may finish. */
function openBytes(text: Buffer): number {
  for (let back = 1; back <= Math.min(3, text.length); back += 1) {
    const byte = text[text.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** Line feeds before the first line that is not UTF-8. */
function linesBeforeBreak(text: Buffer): number {
  let lines = 0;
  for (let start = 0; start < text.length; lines += 1) {
    const end = text.indexOf(10, start);
    if (!isUtf8(text.subarray(start, end < 0 ? text.length : end)) || end < 0) return lines;
    start = end + 1;
  }
  return lines;
}

function countLines(text: Buffer): number {
  let lines = 0;
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) lines += 1;
  return lines;
}
