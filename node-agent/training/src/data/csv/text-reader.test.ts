import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { textsOf } from './merge-dictionaries.js';
import { TextReader } from './text-reader.js';
import { textBytes } from './text-words.fixture.js';

const SEPARATOR = 0x3b;
const value = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b', 'é', '\u{1f600}', '\x09', '\x0b', '\x3a', '\x3c', '\x8a') });
/** How a value is written: as it is, or in quotes where it then holds anything. */
const written = fc.oneof(
  value.map((text) => ({ text, raw: text })),
  fc.tuple(value, fc.constantFrom('', ';', '\n', '\r\n', '"', '""'), value).map(([before, special, after]) => {
    const text = before + special + after;
    return { text, raw: `"${text.replaceAll('"', '""')}"` };
  }),
  fc.tuple(value, value).map(([quoted, behind]) => ({ text: quoted + behind, raw: `"${quoted}"${behind}` })),
);

test('values end at separator, LF or CR, wherever in a word they stand, and are what is written', () => {
  const line = fc.tuple(written, fc.constantFrom(';', '\n', '\r'));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 60 }), fc.nat({ max: 3 }), fc.nat({ max: 60 }), (lines, shift, cut) => {
      const { bytes, view } = textBytes(`${'.'.repeat(shift)}${lines.map(([{ raw }, end]) => raw + end).join('')}\n`);
      const codes = new Int32Array(lines.length);
      const reader = new TextReader(codes, SEPARATOR);
      let at = shift;
      lines.forEach(([{ raw }], row) => {
        if (row === cut) reader.flush(view);
        const end = reader.read(bytes, view, at, bytes.length - 5, row);
        expect(end - at).toBe(Buffer.byteLength(raw));
        at = end + 1;
      });
      reader.flush(view);
      const texts = textsOf(reader.dictionary.content());
      expect([...codes].map((code) => texts[code])).toEqual(lines.map(([{ text }]) => text));
    }),
  );
});
test('more values than are noted at a time keep their order', () => {
  const texts = Array.from({ length: 2_500 }, (_, row) => (row % 1_024 === 1_000 ? `"q""${row}"` : `t${row % 1_300}`));
  const { bytes, view } = textBytes(`${texts.join('\n')}\n\n`);
  const codes = new Int32Array(texts.length);
  const reader = new TextReader(codes, SEPARATOR);
  let at = 0;
  for (let row = 0; row < texts.length; row += 1) at = reader.read(bytes, view, at, bytes.length - 5, row) + 1;
  reader.flush(view);
  const plain = texts.map((text) => text.replace(/^"q""(.*)"$/, 'q"$1'));
  const known = textsOf(reader.dictionary.content());
  expect([...codes].map((code) => known[code])).toEqual(plain);
  expect(known).toEqual([...new Set(plain)]);
});
