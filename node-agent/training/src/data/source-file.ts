import { createHash } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { sniff, SNIFFED_BYTES } from '@trainer/model';
import { BrokenGzipError, EmptyDatasetError, NotATableError, UnpackedTooLargeError, UnreadableDatasetError } from './errors.js';

/** A dataset's file, unpacked where it was packed. */
export interface SourceFile {
  readonly format: 'csv' | 'parquet';
  readonly path: string;
  /** `sha256:` and hex, of the file as it was stored; null where that is not known yet. */
  readonly fingerprint: string | null;
}

/** Bytes that are read at once: large enough that the calls don't count, small beside a lease's memory. */
const CHUNK_BYTES = 1 << 20;

/**
 * Finds out what the file is by its content (gzip, Parquet, else text), unpacks gzip to `path` + `.unpacked`.
 * @throws EmptyDatasetError, NotATableError, BrokenGzipError, UnpackedTooLargeError, UnreadableDatasetError
 */
export async function openSource(path: string, maxUnpackedBytes: number): Promise<SourceFile> {
  const format = await formatOf(path);
  if (format !== 'gzip') return { format, path, fingerprint: null };
  const hash = createHash('sha256');
  const unpacked = `${path}.unpacked`;
  await unpack(path, unpacked, maxUnpackedBytes, (chunk) => hash.update(chunk));
  const inner = await formatOf(unpacked);
  if (inner === 'gzip') throw new UnreadableDatasetError('it is a gzip file inside a gzip file. Pack it once.');
  return { format: inner, path: unpacked, fingerprint: `sha256:${hash.digest('hex')}` };
}

/** @returns `sha256:` and hex. Synchronous: threads beside this one have work meanwhile. */
export function fingerprintOf(path: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function formatOf(path: string): Promise<'csv' | 'parquet' | 'gzip'> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    const sniffed = sniff(buffer.subarray(0, bytesRead), bytesRead < SNIFFED_BYTES);
    switch (sniffed.format) {
      case 'empty':
        throw new EmptyDatasetError();
      case 'other':
        throw new NotATableError(sniffed.what, sniffed.mend);
      case 'text':
        return 'csv';
      default:
        return sniffed.format;
    }
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
