import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MISSING_TOKENS } from '../values.js';
import { mergeDictionaries, textsOf } from './merge-dictionaries.js';
import { TextDictionary } from './text-dictionary.js';
import { textBytes } from './text-words.fixture.js';
import { hashOf } from './text-words.js';

const add = (dictionary: TextDictionary, text: string, row: number): number => {
  const { view, end } = textBytes(text);
  return dictionary.numberOf(view, 0, end, hashOf(view, 0, end), row);
};
/** Short ones that often meet again, of every length around a word, and some that are longer than what is decoded at a time. */
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ maxLength: 3, unit: 'binary' }) },
  { weight: 10, arbitrary: fc.string({ maxLength: 9, unit: fc.constantFrom('a', 'b', '\0', 'é') }) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_540 }).map((length) => 'x'.repeat(length)) },
);

test('each distinct text has one number, in the order met', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 600 }), (texts) => {
      const dictionary = new TextDictionary();
      const numbers = texts.map((one, row) => add(dictionary, one, row));
      const content = dictionary.content();
      const known = textsOf(content);
      const whole = texts.map((one) => Buffer.from(one).toString());
      expect(numbers.map((number) => known[number])).toEqual(whole);
      expect(known).toEqual([...new Set(whole)]);
      expect(content.size).toBe(known.length);
      expect([...content.firstRows]).toEqual(known.map((one) => whole.indexOf(one)));
    }),
  );
});
test('texts of one hash are told apart', () => {
  const dictionary = new TextDictionary();
  const numbers = ['a', 'b', 'a', 'ab', ''].map((one, row) => {
    const { view, end } = textBytes(one);
    return dictionary.numberOf(view, 0, end, 7, row);
  });
  expect(numbers).toEqual([0, 1, 0, 2, 3]);
});
test('the dictionaries of several threads give the labels in the order of their first row', () => {
  const rows = fc.array(fc.record({ text, thread: fc.nat({ max: 2 }) }), { maxLength: 200 });
  fc.assert(
    fc.property(rows, (entries) => {
      const threads = [new TextDictionary(), new TextDictionary(), new TextDictionary()];
      const numbers = entries.map((entry, row) => add(threads[entry.thread] ?? new TextDictionary(), entry.text, row));
      const { labels, codes } = mergeDictionaries(threads.map((thread) => thread.content()));
      const whole = entries.map((entry) => Buffer.from(entry.text).toString());
      expect(labels).toEqual([...new Set(whole)].filter((one) => one.trim() !== ''));
      entries.forEach(({ thread }, row) => {
        const code = codes[thread]?.[numbers[row] ?? 0] ?? NaN;
        expect(code < 0 ? '' : labels[code]).toBe(whole[row]?.trim() === '' ? '' : whole[row]);
      });
    }),
  );
});
test('missing texts have no labels, and say which they are', () => {
  const [one, two] = [new TextDictionary(), new TextDictionary()];
  ['b', ' NA\t', 'a'].forEach((entry, index) => add(one, entry, 10 + index));
  ['c', 'b', ''].forEach((entry, index) => add(two, entry, index));
  const { labels, codes } = mergeDictionaries([one.content(), two.content()]);
  expect(labels).toEqual(['c', 'b', 'a']);
  expect(codes.map((code) => [...code])).toEqual([
    [1, -1 - MISSING_TOKENS.indexOf('NA'), 2],
    [0, 1, -1],
  ]);
});
