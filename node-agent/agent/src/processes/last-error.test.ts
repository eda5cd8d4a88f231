import { describe, expect, test } from '@jest/globals';
import { MAX_LAST_ERROR_BYTES } from '@trainer/model';
import fc from 'fast-check';
import { LastError } from './last-error.js';

function lastOf(lines: readonly string[], thrown?: string): string | null {
  const last = new LastError();
  for (const line of lines) last.line(line);
  if (thrown !== undefined) last.threw(thrown);
  return last.text;
}

describe('the last error of a process', () => {
  test('is absent where it wrote nothing', () => {
    expect(lastOf([])).toBeNull();
    expect(lastOf(['', '   ', 'Node.js v20.20.0'])).toBeNull();
  });
  test('is what nobody caught, rather than what else it wrote', () => {
    expect(lastOf(['Error: an old one'], 'TypeError: new\n    at f (a.mjs:1)')).toBe('TypeError: new\n    at f (a.mjs:1)');
  });
  test('begins with the line that names the error, and goes on from there', () => {
    expect(lastOf(['starting', "terminate called after throwing an instance of 'std::bad_alloc'", '  what():  std::bad_alloc'])).toBe(
      "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
    );
  });
  test('is the last line where no line names an error', () => {
    expect(lastOf(['one', 'port 80 is taken', ''])).toBe('port 80 is taken');
  });
  test('holds no colours and no control characters', () => {
    expect(lastOf(['\u001b[31mError:\u001b[0m a\u0000b\u0007'])).toBe('Error: ab');
  });
  test('is bounded in bytes, whatever was written, and is proper text', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud800', '\udc00', 'é'.repeat(5_000), '\u{1f600}'.repeat(4_000)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.option(piece, { nil: undefined }), (lines, thrown) => {
        const text = lastOf(lines, thrown) ?? '';
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LAST_ERROR_BYTES);
        expect(Buffer.from(text).toString()).toBe(text);
        expect(text).not.toContain('\u0000');
      }),
    );
  });
});
