import { expect, test } from '@jest/globals';
import { decodeErrorData, encodeErrorData } from './common.codec.js';
import { plainFacts } from './facts.js';
import { clippedText, describeThrown } from './thrown.js';

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test('facts that can travel stay as they are', () => {
  const facts = { size: 2n ** 80n, at: new Date(0), deep: [{ map: new Map([[1, undefined]]) }] };
  expect(plainFacts(facts)).toStrictEqual(facts);
});

test('what of the facts cannot travel is told as text, and hides nothing else', () => {
  const socket = (): number => 1;
  const facts = {
    kept: 1,
    draft: revoked(),
    when: new Date(Number.NaN),
    socket,
    half: 'a\ud800',
    ['key \udc00']: 2,
    get lazy(): never {
      throw new Error('session is closed');
    },
  };
  expect(plainFacts(facts)).toEqual({
    kept: 1,
    draft: 'a value that has no text',
    when: 'Invalid Date',
    socket: String(socket),
    half: 'a\ufffd',
    'key \ufffd': 2,
    lazy: 'could not be read: Error: session is closed',
  });
});

test('a value that reads otherwise each time is told as it was first', () => {
  let reads = 0;
  const facts = {
    broken: Symbol('s'),
    once: {
      get n(): number {
        reads += 1;
        if (reads > 2) throw new Error('read again');
        return reads;
      },
    },
  };
  expect(plainFacts(facts)).toEqual({ broken: 'Symbol(s)', once: { n: 1 } });
});

test('facts are bounded: 10,000 large ones still make an error that travels', () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`fact ${i}`, 'x'.repeat(50_000)]));
  const wire = encodeErrorData({ code: 'internal', message: 'm', facts: many, retry: 'never' });
  expect(wire.facts.length).toBeLessThan(3 * 2 ** 20);
  expect(Object.keys(decodeErrorData(wire, 'error').facts)).toHaveLength(1_000);
});

test.each([
  ['an error', new TypeError('no'), 'TypeError: no'],
  ['nothing', undefined, 'undefined'],
  ['an object without text', Object.create(null), 'a value that has no text'],
  ['a revoked proxy', revoked(), 'a value that has no text'],
  ['an error whose message is none', Object.assign(new Error(), { message: Symbol('s') }), 'a value that has no text'],
  ['a long text', 'x'.repeat(1_001), `${'x'.repeat(1_000)}...`],
])('%s thrown has a text', (_, thrown, text) => {
  expect(describeThrown(thrown)).toBe(text);
});

test('a text that is cut within a character stays UTF-8', () => {
  expect(clippedText('ab😀', 3)).toBe('ab\ufffd...');
});
