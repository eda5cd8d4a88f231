import type { DataPageHeader, DictionaryPageHeader, Encoding, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { byteStreamSplit } from 'hyparquet/src/encoding.js';
import type { FileWindow } from '../csv/file-window.js';
import { MAX_PAGE_BYTES, unpackedPage } from './codecs.js';
import type { ParquetChunk, ParquetColumn } from './parquet-file.js';
import { oneRun, readRuns } from './runs.js';

/** One page of a column; its bytes hold until the next is read. */
export type Page =
  /** The distinct values, plain, that the pages behind it have numbers for. */
  { readonly kind: 'dictionary'; readonly values: number; readonly bytes: Uint8Array } | DataPage;

export interface DataPage {
  readonly kind: 'data';
  readonly rows: number;
  /** For each row 1 where it has a value and 0 where it is null; null where all have one. */
  readonly present: Int32Array | null;
  /** Values that are not null. */
  readonly values: number;
  /** Plain values, runs of truth values, or numbers of the dictionary: a byte of their width, then runs. */
  readonly encoding: 'plain' | 'runs' | 'dictionary';
  readonly bytes: Uint8Array;
}

type DataPageHeaderV2 = NonNullable<PageHeader['data_page_header_v2']>;

/** Read at once for a page's head, and for the page too where it is no longer. */
const HEAD_BYTES = 16 << 10;
/** A head that is longer is none. */
const MOST_HEAD_BYTES = 8 << 20;

/** Goes through the pages of one chunk. @throws anything where the file is broken */
export function* pagesOf(file: FileWindow, column: ParquetColumn, chunk: ParquetChunk): Generator<Page, void> {
  let at = chunk.start;
  for (let rows = 0; rows < chunk.rows;) {
    const { header, start, bytes } = pageAt(file, at);
    at = start + header.compressed_page_size;
    const dictionary = header.dictionary_page_header;
    if (header.type === 'DICTIONARY_PAGE' && dictionary) yield dictionaryPage(chunk, header, dictionary, bytes);
    const { data_page_header: v1, data_page_header_v2: v2 } = header;
    const head = header.type === 'DATA_PAGE' ? v1 : header.type === 'DATA_PAGE_V2' ? v2 : null;
    if (!head) continue;
    // Also what keeps the arrays of a page within bounds.
    rows += whole(head.num_values, chunk.rows - rows, 'a page has more values than there are rows');
    if (head === v1) yield pageV1(column, chunk, header, v1, bytes);
    else if (head === v2) yield pageV2(column, chunk, header, v2, bytes);
  }
}

function pageAt(file: FileWindow, at: number): { readonly header: PageHeader; readonly start: number; readonly bytes: Uint8Array } {
  for (let ahead = HEAD_BYTES; ; ahead *= 8) {
    whole(at, file.size - 1, 'a page is not in the file');
    const { bytes, length } = file.load(at, at + ahead);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, length), offset: 0 };
    let header: PageHeader;
    try {
      header = parquetHeader(reader);
    } catch (error) {
      // A head has the least and the greatest value in it, which may be long.
      if (at + length >= file.size || ahead > MOST_HEAD_BYTES) throw error;
      continue;
    }
    const start = at + reader.offset;
    const packed = whole(header.compressed_page_size, file.size - start, 'a page is cut off');
    whole(header.uncompressed_page_size, MAX_PAGE_BYTES, 'a page is too large');
    if (reader.offset + packed <= length) return { header, start, bytes: bytes.subarray(reader.offset, reader.offset + packed) };
    const page = file.load(start, start + packed);
    return { header, start, bytes: page.bytes.subarray(0, page.length) };
  }
}

/** What a file says of itself may be anything, even of another type. @returns the number @throws where it is none from 0 to `most` */
function whole(number: number, most: number, otherwise: string): number {
  if (!Number.isSafeInteger(number) || number < 0 || number > most) throw new Error(otherwise);
  return number;
}

function dictionaryPage(
  { codec }: ParquetChunk,
  header: PageHeader,
  { num_values: values }: DictionaryPageHeader,
  bytes: Uint8Array,
): Page {
  // A value takes a bit at least.
  whole(values, 8 * header.uncompressed_page_size, 'a dictionary ends early');
  return { kind: 'dictionary', values, bytes: unpackedPage(codec, bytes, header.uncompressed_page_size) };
}

/** Levels and values are packed together. */
function pageV1(column: ParquetColumn, chunk: ParquetChunk, header: PageHeader, head: DataPageHeader, packed: Uint8Array): DataPage {
  const bytes = unpackedPage(chunk.codec, packed, header.uncompressed_page_size);
  if (!column.isOptional) return dataPage(column, chunk, head, null, bytes);
  if (head.definition_level_encoding === 'BIT_PACKED') throw new Error('its levels are written in an old way that is not known');
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  return dataPage(column, chunk, head, presentRows(bytes, 4, end, head.num_values), bytes.subarray(end));
}

/** Only the values are packed. */
function pageV2(column: ParquetColumn, chunk: ParquetChunk, header: PageHeader, head: DataPageHeaderV2, bytes: Uint8Array): DataPage {
  const { repetition_levels_byte_length: skipped, definition_levels_byte_length: levels, is_compressed: isPacked = true } = head;
  const end = whole(skipped, bytes.length, CUT_LEVELS) + whole(levels, bytes.length - skipped, CUT_LEVELS);
  const present = column.isOptional ? presentRows(bytes, skipped, end, head.num_values) : null;
  const packed = bytes.subarray(end);
  const size = header.uncompressed_page_size - end;
  // A page of nulls alone may have no values to unpack.
  return dataPage(column, chunk, head, present, isPacked && size > 0 ? unpackedPage(chunk.codec, packed, size) : packed);
}

const CUT_LEVELS = 'the levels of a page end early';

function presentRows(bytes: Uint8Array, start: number, end: number, rows: number): Int32Array | null {
  if (end > bytes.length) throw new Error(CUT_LEVELS);
  if (oneRun(bytes, start, end, 1, rows) === 1) return null;
  const present = new Int32Array(rows);
  readRuns(bytes, start, end, 1, rows, present);
  return present;
}

function dataPage(
  column: ParquetColumn,
  chunk: ParquetChunk,
  { num_values: rows, encoding }: { readonly num_values: number; readonly encoding: Encoding },
  present: Int32Array | null,
  bytes: Uint8Array,
): DataPage {
  const values = present ? present.reduce((sum, one) => sum + one, 0) : rows;
  const page = { kind: 'data', rows, present, values } as const;
  switch (encoding) {
    case 'PLAIN':
      return { ...page, encoding: 'plain', bytes };
    case 'RLE_DICTIONARY':
    case 'PLAIN_DICTIONARY':
      return { ...page, encoding: 'dictionary', bytes };
    case 'RLE':
      return { ...page, encoding: 'runs', bytes: bytes.subarray(4) };
    default:
      return { ...page, encoding: 'plain', bytes: values === 0 ? bytes : madePlain(encoding, column, chunk, values, bytes) };
  }
}

/** Rare encodings: as if the values had been written plain. */
function madePlain(
  encoding: Encoding,
  column: ParquetColumn,
  { physicalType }: ParquetChunk,
  values: number,
  bytes: Uint8Array,
): Uint8Array {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  switch (encoding) {
    case 'BYTE_STREAM_SPLIT': {
      const joined = byteStreamSplit(reader, values, physicalType, column.valueBytes);
      const whole: unknown = ArrayBuffer.isView(joined) ? joined : joined[0];
      if (!ArrayBuffer.isView(whole)) throw new Error('a page of split values has none');
      return new Uint8Array(whole.buffer);
    }
    case 'DELTA_BINARY_PACKED': {
      const numbers = physicalType === 'INT32' ? new Int32Array(values) : new BigInt64Array(values);
      deltaBinaryUnpack(reader, values, numbers);
      return new Uint8Array(numbers.buffer);
    }
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY': {
      const parts = new Array<Uint8Array>(values);
      if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(reader, values, parts);
      else deltaLengthByteArray(reader, values, parts);
      return physicalType === 'BYTE_ARRAY' ? counted(parts) : Buffer.concat(parts);
    }
    default:
      throw new Error(`its encoding is not known: ${String(encoding ?? 'none')}`);
  }
}

/** Each part behind its length, as plain texts are written. */
function counted(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    at = bytes.writeUInt32LE(part.length, at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
