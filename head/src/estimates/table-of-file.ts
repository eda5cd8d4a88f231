import { constants, createGunzip } from 'node:zlib';
import { sniff, SNIFFED_BYTES, textSample, type TextSample } from '@trainer/model';
import type { ByteSpan } from '@trainer/storage';
import type { AskedTable, EstimatedTable } from './estimated-table.js';
import { PARQUET_TAIL_BYTES, parquetMetadataSpan, tableOfParquet } from './parquet-table.js';
import { tableOfText } from './text-table.js';

/** What is read of a file's beginning, or of Parquet's metadata. */
const SAMPLE_BYTES = 1 << 20;

/** Estimates a table by its file's first MiB, or Parquet's metadata. @returns null where nothing can be told */
export async function tableOfFile(asked: AskedTable, read: (span: ByteSpan) => Promise<Buffer>): Promise<EstimatedTable | null> {
  if (asked.bytes === 0) return null;
  const first = await read({ first: 0, last: Math.min(asked.bytes, SAMPLE_BYTES) - 1 });
  switch (formatOf(first, asked.bytes)) {
    case 'parquet':
      return tableOfMetadata(asked, read);
    case 'gzip': {
      const { bytes, readBytes, isWhole } = await unpacked(first, asked.bytes);
      if (formatOf(bytes, isWhole ? bytes.length : Infinity) !== 'text') return null;
      return tableOfText(sampleOf(bytes, isWhole, asked.key), (asked.bytes * bytes.length) / readBytes, asked);
    }
    case 'text':
      return tableOfText(sampleOf(first, first.length >= asked.bytes, asked.key), asked.bytes, asked);
    default:
      return null;
  }
}

async function tableOfMetadata(asked: AskedTable, read: (span: ByteSpan) => Promise<Buffer>): Promise<EstimatedTable | null> {
  const tail = await read({ first: Math.max(0, asked.bytes - PARQUET_TAIL_BYTES), last: asked.bytes - 1 });
  const span = parquetMetadataSpan(tail, asked.bytes);
  if (span === null || span.end === span.first) return null;
  return tableOfParquet(await read({ first: span.first, last: Math.min(span.end, span.first + SAMPLE_BYTES) - 1 }), asked);
}

function formatOf(bytes: Uint8Array, totalBytes: number): string {
  return sniff(bytes.subarray(0, SNIFFED_BYTES), totalBytes < SNIFFED_BYTES).format;
}

/** The functions of records want an LF behind the content. */
function sampleOf(bytes: Uint8Array, isWhole: boolean, name: string): TextSample {
  const content = new Uint8Array(bytes.length + 1);
  content.set(bytes);
  content[bytes.length] = '\n'.charCodeAt(0);
  return textSample(content, bytes.length, isWhole, name);
}

/** @returns at most a sample's bytes of what the gzip file begins with, and how many of its own bytes these take */
async function unpacked(packed: Uint8Array, packedBytes: number): Promise<{ bytes: Buffer; readBytes: number; isWhole: boolean }> {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  gunzip.end(packed);
  const pieces: Buffer[] = [];
  let length = 0;
  let isEnded = true;
  for await (const piece of gunzip as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    isEnded = length < SAMPLE_BYTES;
    if (!isEnded) break;
  }
  return { bytes: Buffer.concat(pieces), readBytes: Math.max(1, gunzip.bytesWritten), isWhole: isEnded && packed.length >= packedBytes };
}
