import { describe, expect, test } from '@jest/globals';
import { sniff, SNIFFED_BYTES } from './sniff.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const what = (text: string): string => {
  const sniffed = sniff(bytes(text), text.length < SNIFFED_BYTES);
  return sniffed.format === 'other' ? sniffed.what : sniffed.format;
};
const utf16 = (text: string): string => [...text].map((char) => `${char}\0`).join('');

test.each([
  ['', 'empty'],
  ['\x1f\x8b\x08\0\0\0\0\0', 'gzip'],
  ['PAR1\x15\x04', 'parquet'],
  ['BZh91AY&SY\0\0', 'is compressed with bzip2'],
  ['\xfd7zXZ\0\0\x04', 'is compressed with xz'],
  ['PK\x03\x04\x14\0', 'is an Excel file (.xlsx) or a zip archive'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0', 'is an old Excel file (.xls)'],
  ['SQLite format 3\0\x10', 'is an SQLite database'],
  ['\x89HDF\r\n\x1a\n\0', 'is an HDF5 file'],
  ['\x93NUMPY\x01\0v\0', 'is an array of NumPy (.npy)'],
  ['ARROW1\0\0\xff', 'is an Arrow or Feather file'],
  ['ORC\x11\0\0\x0a', 'is an ORC file'],
  ['Obj\x01\x04', 'is an Avro file'],
  ['%PDF-1.7\n', 'is a PDF'],
  [`a,b\n${'\0'.repeat(300)}`, 'is a binary file of a kind that is not read here'],
  [`${'n\0'.repeat(128)}\0ustar`.padStart(262, 'x'), 'is a tar archive'],
  ['\xff\xfea\0,\0', 'is text in UTF-16'],
  ['\xfe\xff\0a\0,', 'is text in UTF-16'],
  [utf16('a,b\n1,2\n'), 'is text in UTF-16'],
  [`\0${utf16('a,b\n1,2\n')}`, 'is text in UTF-16'],
  ['{"a":1,"b":2}\n{"a":2,"b":3}\n', 'is JSON lines'],
  ['{\n "a": [1]}', 'is JSON'],
  ['[{"a":1}]', 'is JSON'],
  ['[[1,2],[3,4]]', 'is JSON'],
  ['[1, 2, 3]', 'is JSON'],
  ['version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 1\n', 'is a pointer of Git LFS, not the table itself'],
  ['<!DOCTYPE html>\n<html>', 'is a page of HTML'],
  ['<?xml version="1.0"?>', 'is XML'],
  ['--AaB03x\r\nContent-Disposition: form-data; name="file"\r\n\r\na,b\r\n', 'is the body of a form (multipart/form-data)'],
  ['a=1&b=2', 'is the body of a form (application/x-www-form-urlencoded)'],
  ['file=a%2Cb%0A1%2C2', 'is the body of a form (application/x-www-form-urlencoded)'],
])('%j %s', (text, expected) => expect(what(text)).toBe(expected));

describe('tables that look a little like something else', () => {
  test.each([
    'a,b\n1,2\n',
    '\xef\xbb\xbfa,b\n',
    'BZh,b\n1,2\n',
    'ORC,elf\n1,2\n',
    'PARE,b\n1,2\n',
    'FEA1,b\n1,2\n',
    'GIF,b\n1,2\n',
    '[id],[name]\n1,x\n',
    '[1],b\n1,x\n',
    '{a},b\n1,x\n',
    '<DATE>,<OPEN>\n20240101,5\n',
    '--,b\n1,x\n',
    'a=b,c\n1,2\n',
    'x=1&y,b\n1,2\n',
    'url\nhttp://x/?a=1&b=2\n',
    'caf\xc3\xa9,b\n',
  ])('%j is text', (text) => expect(what(text)).toBe('text'));
});
