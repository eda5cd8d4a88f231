/**
 * What a file is by its first bytes. `other`: it is no table that is read here; `what` says what it is instead (`is compressed with
 * bzip2`) and `mend` what to do.
 */
export type Sniffed =
  { readonly format: 'empty' | 'gzip' | 'parquet' | 'text' } | { readonly format: 'other'; readonly what: string; readonly mend: string };

/** Bytes from a file's beginning that `sniff` wants to see; fewer only where the file has fewer. */
export const SNIFFED_BYTES = 4096;

/** Begins with these bytes (of Latin-1) at `at`. */
interface Signature {
  readonly bytes: string;
  readonly at?: number;
  readonly what: string;
  readonly mend: string;
}

const AS_TABLE = 'Save the table as CSV or Parquet.';
const UNPACK = 'Unpack it, or pack it with gzip.';
const UNPACK_TABLE = 'Unpack it and upload the table in it.';

/** In the order in which they are tried. Sources: the formats' own specifications, and file(1)'s magic. */
const SIGNATURES: readonly Signature[] = [
  { bytes: 'BZh', what: 'is compressed with bzip2', mend: UNPACK },
  { bytes: '\xfd7zXZ\0', what: 'is compressed with xz', mend: UNPACK },
  { bytes: '\x28\xb5\x2f\xfd', what: 'is compressed with Zstandard', mend: UNPACK },
  { bytes: '\x04\x22\x4d\x18', what: 'is compressed with LZ4', mend: UNPACK },
  { bytes: '\xff\x06\0\0sNaPpY', what: 'is compressed with Snappy', mend: UNPACK },
  { bytes: 'PK\x03\x04', what: 'is an Excel file (.xlsx) or a zip archive', mend: AS_TABLE },
  { bytes: 'PK\x05\x06', what: 'is an empty zip archive', mend: AS_TABLE },
  { bytes: '7z\xbc\xaf\x27\x1c', what: 'is a 7-Zip archive', mend: UNPACK_TABLE },
  { bytes: 'Rar!\x1a\x07', what: 'is a RAR archive', mend: UNPACK_TABLE },
  { bytes: 'ustar', at: 257, what: 'is a tar archive', mend: UNPACK_TABLE },
  { bytes: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', what: 'is an old Excel file (.xls)', mend: AS_TABLE },
  { bytes: 'SQLite format 3\0', what: 'is an SQLite database', mend: AS_TABLE },
  { bytes: '\x89HDF\r\n\x1a\n', what: 'is an HDF5 file', mend: AS_TABLE },
  { bytes: '\x93NUMPY', what: 'is an array of NumPy (.npy)', mend: 'Save it as CSV or Parquet, with names of columns.' },
  { bytes: 'ARROW1\0\0', what: 'is an Arrow or Feather file', mend: 'Save the table as Parquet or CSV.' },
  { bytes: 'FEA1\0', what: 'is a Feather file', mend: 'Save the table as Parquet or CSV.' },
  { bytes: 'Obj\x01', what: 'is an Avro file', mend: AS_TABLE },
  { bytes: 'PARE', what: 'is an encrypted Parquet file', mend: 'Save it without encryption.' },
  { bytes: '%PDF-', what: 'is a PDF', mend: AS_TABLE },
  { bytes: '\x80\x02', what: 'is a pickle of Python', mend: AS_TABLE },
  { bytes: '\x80\x03', what: 'is a pickle of Python', mend: AS_TABLE },
  { bytes: '\x80\x04', what: 'is a pickle of Python', mend: AS_TABLE },
  { bytes: '\x80\x05', what: 'is a pickle of Python', mend: AS_TABLE },
  { bytes: 'RDX2\n', what: "is a file of R's own format", mend: AS_TABLE },
  { bytes: 'RDX3\n', what: "is a file of R's own format", mend: AS_TABLE },
  { bytes: '<stata_dta>', what: 'is a Stata file', mend: AS_TABLE },
  { bytes: '$FL2@(#)', what: 'is an SPSS file', mend: AS_TABLE },
  { bytes: '\x89PNG\r\n', what: 'is an image (PNG)', mend: AS_TABLE },
  { bytes: '\xff\xd8\xff', what: 'is an image (JPEG)', mend: AS_TABLE },
  { bytes: 'GIF8', what: 'is an image (GIF)', mend: AS_TABLE },
  { bytes: '\xff\xfe\0\0', what: 'is text in UTF-32', mend: 'Save it as CSV in UTF-8.' },
  { bytes: '\xff\xfe', what: 'is text in UTF-16', mend: 'Save it as CSV in UTF-8.' },
  { bytes: '\xfe\xff', what: 'is text in UTF-16', mend: 'Save it as CSV in UTF-8.' },
  {
    bytes: 'version https://git-lfs.github.com/spec/',
    what: 'is a pointer of Git LFS, not the table itself',
    mend: 'Fetch the table with "git lfs pull" and upload that.',
  },
];

/** Text that is no table, by its beginning without white space. */
const TEXTS: readonly { readonly pattern: RegExp; readonly what: string; readonly mend: string }[] = [
  {
    pattern: /^--[^\r\n]{1,70}\r?\ncontent-disposition: *form-data/i,
    what: 'is the body of a form (multipart/form-data)',
    mend: 'Send the file itself as the body: curl --upload-file table.csv URL.',
  },
  {
    pattern: /^<(!doctype html|html|head|body)\b/i,
    what: 'is a page of HTML',
    mend: 'Upload the table itself: its link may lead to a page about it.',
  },
  { pattern: /^<\?xml\b/i, what: 'is XML', mend: AS_TABLE },
  { pattern: /^\{\s*(?:\}|"[^"]*"\s*:)[^]*\}\s*\n\s*\{/, what: 'is JSON lines', mend: AS_TABLE },
  {
    pattern: /^(?:\{\s*(?:\}|"[^"\n]*"\s*:)|\[\s*[{["\]]|\[\s*(?:-?\d[\d.eE+-]*|true|false|null)\s*[,\]]\s*(?:[-\d{["tfn]|$))/,
    what: 'is JSON',
    mend: AS_TABLE,
  },
];

/** A form's fields, on one line: what `curl --data` makes of a table, too. */
const FORM = /^[^\s=&,;"]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)+\s*$|^[^\s=&,;"]+=[^\s&]*%[0-9a-fA-F]{2}[^\s&]*\s*$/;

/** Says what a file is by its first SNIFFED_BYTES bytes, or all of them; `isWhole`: they are all. */
export function sniff(head: Uint8Array, isWhole: boolean): Sniffed {
  if (head.length === 0) return { format: 'empty' };
  const text = latin1(head);
  if (text.startsWith('\x1f\x8b')) return { format: 'gzip' };
  if (text.startsWith('PAR1')) return { format: 'parquet' };
  const signature = SIGNATURES.find(({ bytes, at = 0 }) => text.startsWith(bytes, at) && isSure(bytes, text));
  if (signature) return { format: 'other', what: signature.what, mend: signature.mend };
  if (text.includes('\0')) return { format: 'other', ...binary(text) };
  const shown = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  const found = TEXTS.find(({ pattern }) => pattern.test(shown));
  if (found) return { format: 'other', what: found.what, mend: found.mend };
  if (isWhole && FORM.test(shown)) {
    const mend = 'Send the file itself as the body: curl --upload-file table.csv URL.';
    return { format: 'other', what: 'is the body of a form (application/x-www-form-urlencoded)', mend };
  }
  return { format: 'text' };
}

/** Short signatures are letters that a header may begin with: what follows them must be no text. */
function isSure(bytes: string, text: string): boolean {
  if (bytes === 'BZh') return /^BZh[1-9](1AY&SY|\x17rE8P\x90)/.test(text);
  return bytes !== 'PARE' || !/^[\t\n\r -\xff]*$/.test(text.slice(0, 64));
}

/** Text in two bytes a character has a NUL beside each letter; in other files they stand anywhere. */
function binary(text: string): { what: string; mend: string } {
  const places = [0, 0];
  for (let at = text.indexOf('\0'); at >= 0; at = text.indexOf('\0', at + 1)) places[at % 2] = (places[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = places;
  const isWide = Math.max(even, odd) * 4 >= text.length && Math.min(even, odd) * 20 <= Math.max(even, odd);
  if (isWide) return { what: 'is text in UTF-16', mend: 'Save it as CSV in UTF-8.' };
  if (text.startsWith('ORC')) return { what: 'is an ORC file', mend: AS_TABLE };
  return { what: 'is a binary file of a kind that is not read here', mend: AS_TABLE };
}

/** Each byte a character of the same number. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, SNIFFED_BYTES)) text += String.fromCharCode(byte);
  return text;
}
