import { crc32 } from 'node:zlib';
import type { DateSpelling } from '../dates.js';
import type { Column, Dataset } from '../table.js';
import { DamagedEntryError } from './errors.js';

/*
 * An entry is one file, in the byte order of the machine that reads it:
 *
 *   MAGIC, version, checksum of all up to the data, length of the description, number of parts
 *   the description, JSON
 *   the checksums of the parts, four bytes each
 *   the parts: each at a multiple of 8 bytes, so that numbers can be read where they lie
 *
 * It is written under another name and renamed when it is whole. It is not synced: what a machine that loses its power leaves of it
 * is found by the checksums, which cover every byte that is used, and the file is read again.
 */

const MAGIC = Buffer.from('trn-cols', 'latin1');
const VERSION = 1;
const PREAMBLE_BYTES = 32;
const [AT_VERSION, AT_CHECKSUM, AT_DESCRIPTION, AT_PARTS] = [8, 12, 16, 24] as const;
const CHECKSUM_BYTES = 4;
/** 16,384 columns, each with a name of 1,024 characters and all its missing texts, take a third of it. */
const MAX_DESCRIPTION_BYTES = 128 << 20;
/** What is written, and checked, at once. */
const PIECE_BYTES = 1 << 20;

/** Which object an entry was read from. */
export interface DatasetId {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
}

/** A column without its values. */
export type StoredColumn = { readonly name: string; readonly missingTexts: Readonly<Record<string, number>> } & (
  | { readonly kind: 'number'; readonly isInteger: boolean; readonly isExact: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date'; readonly spelling: DateSpelling }
  | { readonly kind: 'text'; readonly labels: number; readonly labelBytes: number }
);

/** All that is known of a table but its values. */
export interface EntryDescription {
  readonly dataset: DatasetId;
  readonly format: Dataset['format'];
  readonly fingerprint: string;
  readonly rows: number;
  /** Of the file, also those that are not kept. */
  readonly columnNames: readonly string[];
  readonly warnings: readonly string[];
  /** Told when exactly the kept columns are read: a warning does not say which column it belongs to. */
  readonly tableWarnings: readonly string[];
  /** Those that are kept. */
  readonly columns: readonly StoredColumn[];
}

/** Where the bytes of something lie in the file. */
export interface Part {
  readonly at: number;
  readonly bytes: number;
  readonly checksum: number;
}

/** What stands before the data. */
export interface EntryHead {
  readonly description: EntryDescription;
  /** Of each column, in order: see `partsOf`. */
  readonly parts: readonly (readonly Part[])[];
  readonly fileBytes: number;
}

/** Bytes that make up one part, in pieces of some MiB. */
export interface PartContent {
  readonly bytes: number;
  pieces(): Iterable<Uint8Array>;
}

/** The column without its values. */
export function describeColumn(column: Column, missingTexts: Readonly<Record<string, number>>): StoredColumn {
  const { name } = column;
  switch (column.kind) {
    case 'number':
      return { name, missingTexts, kind: 'number', isInteger: column.isInteger, isExact: column.exact !== null };
    case 'boolean':
      return { name, missingTexts, kind: 'boolean' };
    case 'date':
      return { name, missingTexts, kind: 'date', spelling: column.spelling };
    case 'text': {
      const labelBytes = column.labels.reduce((sum, label) => sum + Buffer.byteLength(label), 0);
      return { name, missingTexts, kind: 'text', labels: column.labels.length, labelBytes };
    }
  }
}

/** The bytes of each part of a column, in order: its values or codes; exact integers; of texts where each ends, and their UTF-8. */
export function partBytes(column: StoredColumn, rows: number): readonly number[] {
  switch (column.kind) {
    case 'number':
      return column.isExact ? [8 * rows, 8 * rows] : [8 * rows];
    case 'boolean':
      return [rows];
    case 'date':
      return [8 * rows];
    case 'text':
      return [4 * rows, 8 * column.labels, column.labelBytes];
  }
}

/** The parts of a column, as `partBytes` counts them. */
export function partsOf(column: Column): readonly PartContent[] {
  switch (column.kind) {
    case 'number':
      return column.exact === null ? [plain(column.values)] : [plain(column.values), plain(column.exact)];
    case 'boolean':
    case 'date':
      return [plain(column.values)];
    case 'text':
      return [plain(column.codes), plain(endsOf(column.labels)), textPart(column.labels)];
  }
}

/** An entry whose place for everything is known. */
export interface EntryPlan {
  readonly layout: EntryLayout;
  /** @param checksums of all parts, in order @returns what stands before the data, `layout.dataAt` bytes */
  head(checksums: readonly number[]): Buffer;
}

export function planEntry(description: EntryDescription): EntryPlan {
  const json = Buffer.from(JSON.stringify(description), 'utf8');
  const layout = layoutOf(description, json.length);
  return {
    layout,
    head(checksums) {
      const head = Buffer.alloc(layout.dataAt);
      MAGIC.copy(head);
      head.writeUInt32LE(VERSION, AT_VERSION);
      head.writeDoubleLE(json.length, AT_DESCRIPTION);
      head.writeDoubleLE(checksums.length, AT_PARTS);
      json.copy(head, PREAMBLE_BYTES);
      checksums.forEach((checksum, index) => head.writeUInt32LE(checksum, layout.checksumsAt + index * CHECKSUM_BYTES));
      head.writeUInt32LE(crc32(head), AT_CHECKSUM);
      return head;
    },
  };
}

/**
 * Reads what stands before the data.
 * @param read gives so many bytes of the file's beginning, fewer where it is shorter
 * @throws DamagedEntryError for all that was not written by `EntryPlan.head`, whole
 */
export function decodeHead(read: (bytes: number) => Buffer, fileBytes: number): EntryHead {
  const preamble = read(PREAMBLE_BYTES);
  if (preamble.length < PREAMBLE_BYTES || !preamble.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedEntryError('it is no entry');
  if (preamble.readUInt32LE(AT_VERSION) !== VERSION) throw new DamagedEntryError('another version wrote it');
  const [jsonBytes, partCount] = [preamble.readDoubleLE(AT_DESCRIPTION), preamble.readDoubleLE(AT_PARTS)];
  const isPlausible = Number.isSafeInteger(jsonBytes) && Number.isSafeInteger(partCount) && jsonBytes >= 0 && partCount >= 0;
  const dataAt = aligned(aligned(PREAMBLE_BYTES + jsonBytes) + partCount * CHECKSUM_BYTES);
  if (!isPlausible || jsonBytes > MAX_DESCRIPTION_BYTES || dataAt > fileBytes) throw new DamagedEntryError('its beginning is damaged');
  const head = Buffer.from(read(dataAt));
  const checksum = head.length === dataAt ? head.readUInt32LE(AT_CHECKSUM) : null;
  head.writeUInt32LE(0, AT_CHECKSUM);
  if (checksum !== crc32(head)) throw new DamagedEntryError('its beginning is damaged');
  // What bears the right checksum was written by `EntryPlan.head`.
  const description = JSON.parse(head.toString('utf8', PREAMBLE_BYTES, PREAMBLE_BYTES + jsonBytes)) as EntryDescription;
  const layout = layoutOf(description, jsonBytes);
  if (layout.fileBytes !== fileBytes) throw new DamagedEntryError(`it has ${fileBytes} bytes of ${layout.fileBytes}`);
  let index = 0;
  const parts = layout.parts.map((column) =>
    column.map((part) => ({ ...part, checksum: head.readUInt32LE(layout.checksumsAt + CHECKSUM_BYTES * index++) })),
  );
  return { description, parts, fileBytes };
}

/** Where everything lies. */
export interface EntryLayout {
  readonly checksumsAt: number;
  readonly dataAt: number;
  /** Of each column, in order. */
  readonly parts: readonly (readonly Omit<Part, 'checksum'>[])[];
  readonly fileBytes: number;
}

function layoutOf(description: EntryDescription, jsonBytes: number): EntryLayout {
  const bytesOf = description.columns.map((column) => partBytes(column, description.rows));
  const checksumsAt = aligned(PREAMBLE_BYTES + jsonBytes);
  const dataAt = aligned(checksumsAt + CHECKSUM_BYTES * bytesOf.reduce((sum, column) => sum + column.length, 0));
  let fileBytes = dataAt;
  const parts = bytesOf.map((column) =>
    column.map((bytes) => {
      const at = fileBytes;
      fileBytes = aligned(at + bytes);
      return { at, bytes };
    }),
  );
  return { checksumsAt, dataAt, parts, fileBytes };
}

/** The column whose parts lie in these bytes, without a copy but for texts; nothing of them is checked. */
export function columnIn(buffer: ArrayBuffer, column: StoredColumn, parts: readonly Part[], rows: number): Column {
  const { name } = column;
  const at = (index: number): number => parts[index]?.at ?? 0;
  switch (column.kind) {
    case 'number': {
      const exact = column.isExact ? new BigInt64Array(buffer, at(1), rows) : null;
      return { kind: 'number', name, values: new Float64Array(buffer, at(0), rows), isInteger: column.isInteger, exact };
    }
    case 'boolean':
      return { kind: 'boolean', name, values: new Uint8Array(buffer, at(0), rows) };
    case 'date':
      return { kind: 'date', name, values: new Float64Array(buffer, at(0), rows), spelling: column.spelling };
    case 'text': {
      const ends = new Float64Array(buffer, at(1), column.labels);
      const text = Buffer.from(buffer, at(2), column.labelBytes);
      const labels = Array.from(ends, (end, index) => text.toString('utf8', ends[index - 1] ?? 0, end));
      return { kind: 'text', name, codes: new Int32Array(buffer, at(0), rows), labels };
    }
  }
}

/** @throws DamagedEntryError where the bytes are not those that were written */
export function checkPart(buffer: ArrayBuffer, { at, bytes, checksum }: Part, column: string): void {
  if (crc32(new Uint8Array(buffer, at, bytes)) !== checksum)
    throw new DamagedEntryError(`the values of column ${JSON.stringify(column.slice(0, 60))} are damaged`);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function plain(values: Float64Array | BigInt64Array | Int32Array | Uint8Array): PartContent {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    bytes: bytes.length,
    *pieces() {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
    },
  };
}

function endsOf(labels: readonly string[]): Float64Array {
  let end = 0;
  return Float64Array.from(labels, (label) => (end += Buffer.byteLength(label)));
}

function textPart(labels: readonly string[]): PartContent {
  return {
    bytes: labels.reduce((sum, label) => sum + Buffer.byteLength(label), 0),
    *pieces() {
      let [waiting, chars]: [string[], number] = [[], 0];
      for (const label of labels) {
        waiting.push(label);
        chars += label.length;
        if (chars < PIECE_BYTES) continue;
        yield Buffer.from(waiting.join(''), 'utf8');
        [waiting, chars] = [[], 0];
      }
      if (chars > 0) yield Buffer.from(waiting.join(''), 'utf8');
    },
  };
}
