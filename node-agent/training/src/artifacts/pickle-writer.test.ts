import { expect, test } from '@jest/globals';
import { PickleWriter, type PickleValue } from './pickle-writer.js';

function hexOf(value: PickleValue): string {
  return Buffer.concat(new PickleWriter().value(value).finish()).toString('hex');
}

// Right sides: protocol 4 header, the value's opcodes by Lib/pickletools.py, STOP.
test.each<[string, PickleValue, string]>([
  ['nothing', null, '80044e2e'],
  ['true', true, '8004882e'],
  ['false', false, '8004892e'],
  ['a small integer', -2, '80044afeffffff2e'],
  ['a large integer', 2 ** 40, '80048a080000000000010000' + '2e'],
  ['a fraction', 0.5, '8004473fe00000000000002e'],
  ['minus zero', -0, '80044780000000000000002e'],
  ['a text', 'ä', '80045802000000c3a42e'],
  ['an empty list', [], '80045d28652e'],
  ['a list', [true], '80045d2888652e'],
  ['a table', { a: null }, '80047d285801000000614e752e'],
])('%s is written as Python reads it', (_, value, hex) => {
  expect(hexOf(value)).toBe(hex);
});

test('bytes are kept without a copy', () => {
  const large = Uint8Array.of(1, 2, 3);
  expect(new PickleWriter().bytes(large).finish()).toContain(large);
});
