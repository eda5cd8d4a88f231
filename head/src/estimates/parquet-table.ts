import { DATE_PARTS } from '@trainer/model';
import type { EstimatedTable, WhatTakesPart } from './estimated-table.js';
import { readCompactStruct, type CompactStruct } from './thrift-compact.js';

/** A file ends with the length of its metadata, four bytes little-endian, and the magic `PAR1`. Source: the format's specification. */
export const PARQUET_TAIL_BYTES = 8;
/** Fields of FileMetaData and SchemaElement. Source: parquet.thrift. */
const [SCHEMA, NUM_ROWS] = [2, 3];
const ELEMENT = { type: 1, name: 4, children: 5, convertedType: 6, logicalType: 10 };
const [INT96, BYTE_ARRAY] = [3, 6];
/** DATE, TIMESTAMP_MILLIS and TIMESTAMP_MICROS; of the newer annotation the fields DATE and TIMESTAMP. */
const DATE_CONVERSIONS = [6, 9, 10];
const DATE_FIELDS = [6, 8];
/** Of a target whose values nobody has looked at. */
const GUESSED_CLASSES = 2;
/** What a column of text becomes, whose levels nobody has looked at: from 1 (a mean) to 32 (one a level). */
const GUESSED_TEXT_COLUMNS = 8;

/** @returns where the metadata begins and ends; null where the file is none of Parquet's */
export function parquetMetadataSpan(tail: Uint8Array, fileBytes: number): { readonly first: number; readonly end: number } | null {
  if (tail.length !== PARQUET_TAIL_BYTES || String.fromCharCode(...tail.subarray(4)) !== 'PAR1') return null;
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const end = fileBytes - PARQUET_TAIL_BYTES;
  return length > end ? null : { first: end - length, end };
}

/** @param metadata its beginning: the schema and the number of rows come first. @returns null where it can't be read */
export function tableOfParquet(metadata: Uint8Array, { target, hasTarget, excluded, hasClasses }: WhatTakesPart): EstimatedTable | null {
  const found = readCompactStruct(metadata, NUM_ROWS);
  const schema = found?.get(SCHEMA);
  const rows = found?.get(NUM_ROWS);
  if (!Array.isArray(schema) || typeof rows !== 'number' || rows < 0) return null;
  const leaves = schema.filter(
    (element): element is CompactStruct => element instanceof Map && element.get(ELEMENT.children) === undefined,
  );
  const nameOf = (leaf: CompactStruct): unknown => leaf.get(ELEMENT.name);
  const taking = leaves.filter((leaf) => !excluded.some((name) => name === nameOf(leaf)));
  const targetName = target ?? (hasTarget ? taking.map(nameOf).at(-1) : undefined);
  const columns = taking.filter((leaf) => nameOf(leaf) !== targetName).reduce((sum, leaf) => sum + encodedColumns(leaf), 0);
  return { rows, columns: Math.max(1, columns), classes: hasClasses ? GUESSED_CLASSES : 0 };
}

function encodedColumns(leaf: CompactStruct): number {
  const [type, converted, logical] = [ELEMENT.type, ELEMENT.convertedType, ELEMENT.logicalType].map((field) => leaf.get(field));
  const isDate =
    type === INT96 ||
    (typeof converted === 'number' && DATE_CONVERSIONS.includes(converted)) ||
    (logical instanceof Map && DATE_FIELDS.some((field) => logical.has(field)));
  if (isDate) return DATE_PARTS.length;
  return type === BYTE_ARRAY ? GUESSED_TEXT_COLUMNS : 1;
}
