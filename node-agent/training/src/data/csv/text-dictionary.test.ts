import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergeDictionaries, TextDictionary } from './text-dictionary.js';

test('each distinct text has one number, in the order met', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3, unit: 'binary' }), { maxLength: 600 }), (texts) => {
      const dictionary = new TextDictionary();
      const numbers = texts.map((text, row) => {
        const bytes = Buffer.from(text);
        return dictionary.numberOf(bytes, 0, bytes.length, row);
      });
      const { texts: known, firstRows, counts } = dictionary.content();
      const whole = texts.map((text) => Buffer.from(text).toString());
      expect(numbers.map((number) => known[number])).toEqual(whole);
      expect(known).toEqual([...new Set(whole)]);
      expect([...firstRows]).toEqual(known.map((text) => whole.indexOf(text)));
      expect([...counts]).toEqual(known.map((text) => whole.filter((one) => one === text).length));
    }),
  );
});
test('the dictionaries of two threads give the labels in the order of their first row', () => {
  const [one, two] = [new TextDictionary(), new TextDictionary()];
  const add = (dictionary: TextDictionary, text: string, row: number): number =>
    dictionary.numberOf(Buffer.from(text), 0, Buffer.byteLength(text), row);
  ['b', 'NA', 'a'].forEach((text, index) => add(one, text, 10 + index));
  ['c', 'b', ''].forEach((text, index) => add(two, text, index));
  const { labels, codes } = mergeDictionaries([one.content(), two.content()], new Float64Array(19));
  expect(labels).toEqual(['c', 'b', 'a']);
  expect(codes.map((code) => [...code])).toEqual([
    [1, -1, 2],
    [0, 1, -1],
  ]);
});
