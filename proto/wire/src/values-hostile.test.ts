import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyTransferable } from './testing/index.js';
import { decodeValue, encodeValue } from './values.js';

function refusal(value: unknown): unknown {
  try {
    encodeValue(value, { at: 'args' });
  } catch (error) {
    return error;
  }
  return null;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({ n: 1 }, {});
  revoke();
  return proxy;
}

const throwing = (message: string) => (): never => {
  throw new Error(message);
};

/** A proxy each of whose traps throws, also while its own error is looked at. */
function biting(): object {
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'isExtensible'] as const;
  return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, () => Reflect.apply(throwing('trap'), null, [])])));
}

const LONE = '\ud800';
const NOT_UTF8 = 'a text that is not UTF-8 (half of a surrogate pair)';

afterEach(() => {
  // Whatever was refused, the writer that is used again is as before.
  expect(decodeValue(encodeValue([1, { two: 'three' }]))).toEqual([1, { two: 'three' }]);
});

describe('a value that bites is refused with its path', () => {
  it.each<[string, unknown, string, string]>([
    ['a revoked proxy', [{ draft: revoked() }], 'args[0].draft', 'unreadable (TypeError: Cannot perform'],
    ['a revoked proxy as a key of a Map', [new Map([[revoked(), 1]])], 'args[0].get(an object)', 'unreadable (TypeError: Cannot perform'],
    ['a proxy whose traps throw', [biting()], 'args[0]', 'unreadable (Error: trap)'],
    [
      'a getter that throws',
      [
        {
          get rows() {
            return throwing('session is closed')();
          },
        },
      ],
      'args[0].rows',
      'unreadable (Error: session is closed)',
    ],
    [
      'a getter that throws null',
      [
        {
          get rows(): never {
            throw null;
          },
        },
      ],
      'args[0].rows',
      'unreadable (null)',
    ],
    [
      'a getter that throws a revoked proxy',
      [
        {
          get rows(): never {
            throw revoked();
          },
        },
      ],
      'args[0].rows',
      'unreadable (a value that has no text)',
    ],
    ['a proxy with keys that throw', [{ a: new Proxy({}, { ownKeys: throwing('no keys') }) }], 'args[0].a', 'unreadable (Error: no keys)'],
    ['a list of -1 items', [new Proxy([], { get: () => -1 })], 'args[0]', 'an instance of '],
    [
      'a hostile class',
      [
        Object.create({
          get constructor() {
            return throwing('no class')();
          },
        }),
      ],
      'args[0]',
      'unreadable (Error: no class)',
    ],
    ['a function under a key that has no text', [new Map([[Object.create(null), () => 1]])], 'args[0].get(an object)', 'a function'],
  ])('%s', (_, value, path, type) => {
    expect(refusal(value)).toMatchObject({ code: 'value.not-transferable', facts: { path, type: expect.stringContaining(type) } });
  });

  it.each<[string, unknown, string]>([
    ['a text', [{ name: `${LONE}!` }], 'args[0].name'],
    ['a long text', ['x'.repeat(100_000) + LONE], 'args[0]'],
    ['a text with the halves the wrong way round', ['\udc00\ud800'], 'args[0]'],
    ['a key', [{ [LONE]: 1 }], String.raw`args[0]["\ud800"]`],
    ['a key of a Map', [new Map([[LONE, 1]])], String.raw`args[0].get("\ud800")`],
    ['an item of a Set', [new Set(['a', LONE])], 'args[0][1]'],
  ])('%s that is not UTF-8', (_, value, path) => {
    expect(refusal(value)).toMatchObject({ code: 'value.not-transferable', facts: { path, type: NOT_UTF8 } });
  });

  it('and every text that is UTF-8 travels', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => expect(decodeValue(encodeValue(text))).toBe(text)));
  });

  it('and a text of any code units travels whole or not at all', () => {
    const anyUnits = fc.array(fc.oneof(fc.integer({ min: 0xd700, max: 0xe000 }), fc.nat(0xffff)), { maxLength: 60 });
    fc.assert(
      fc.property(anyUnits, (units) => {
        const text = String.fromCharCode(...units);
        if (text.isWellFormed()) expect(decodeValue(encodeValue(text))).toBe(text);
        else expect(refusal(text)).toMatchObject({ code: 'value.not-transferable', facts: { path: 'args' } });
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a value that changes while it is read', () => {
  it('arrives as a list of the items that it had', () => {
    const list: unknown[] = [
      {
        get first() {
          list.length = 1;
          return 1;
        },
      },
      2,
    ];
    expect(decodeValue(encodeValue(list))).toEqual([{ first: 1 }, undefined]);
  });

  it('arrives as a Map of the entries that it had', () => {
    const map = new Map<string, unknown>();
    map.set('a', {
      get a() {
        map.set('b', 2);
        return 1;
      },
    });
    expect(decodeValue(encodeValue(map))).toEqual(new Map([['a', { a: 1 }]]));
  });

  it('is read by its class, not by what its instance says of itself', () => {
    const lying = { value: 1_000_000, enumerable: true };
    const bytes = Object.defineProperties(Uint8Array.of(1, 2), { length: lying, byteLength: lying });
    const floats = Object.defineProperties(Float32Array.of(1), {
      byteLength: lying,
      byteOffset: lying,
      [Symbol.toStringTag]: { value: 'X' },
    });
    const date = Object.defineProperty(new Date(5), 'getTime', { value: () => 'never' });
    const map = Object.defineProperties(new Map([[1, 2]]), { size: lying, [Symbol.iterator]: { value: throwing('own') } });
    expect(decodeValue(encodeValue([bytes, floats, date, map]))).toEqual([
      Uint8Array.of(1, 2),
      Float32Array.of(1),
      new Date(5),
      new Map([[1, 2]]),
    ]);
  });
});

/** Decodes; anything but a value or our own error fails the test. */
function isBounded(bytes: Uint8Array): boolean {
  try {
    decodeValue(bytes);
  } catch (error) {
    expect(error).toMatchObject({ code: 'wire.format' });
  }
  return true;
}

describe('bytes that are no value of ours', () => {
  it('of any kind are an error of the wire', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), isBounded), { numRuns: 5_000 });
  });

  it('are an error of the wire, or another value, when a value is changed on its way', () => {
    const anyChange = fc.record({
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      drop: fc.nat(3),
      add: fc.uint8Array({ maxLength: 6 }),
    });
    fc.assert(
      fc.property(anyTransferable, fc.array(anyChange, { minLength: 1, maxLength: 4 }), (value, changes) => {
        let bytes = [...encodeValue(value)];
        for (const { at, drop, add } of changes) {
          const from = Math.floor(at * bytes.length);
          bytes = [...bytes.slice(0, from), ...add, ...bytes.slice(from + drop)];
        }
        return isBounded(Uint8Array.from(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([0xc6, 0xc9, 0xdb, 0xdd, 0xdf])(
    'that claim four billion of what code %d holds are cut short, and nothing is made for them',
    (code) => {
      const before = process.memoryUsage();
      for (const rest of [[], [0, 0, 0, 0]]) {
        expect(() => decodeValue(Uint8Array.from([code, 0xff, 0xff, 0xff, 0xff, ...rest]))).toThrow('cut short');
      }
      const after = process.memoryUsage();
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50 * 2 ** 20);
    },
  );

  const levels = 200_000;
  it.each([
    ['lists', [0x91]],
    ['objects', [0x81, 0x01]],
    ['Sets', [0xc9, 0, 0, 0xff, 0xff, 3, 0x91]],
    ['extensions', [0xc9, 0, 0, 0xff, 0xff, 3]],
  ])('that nest %s 200,000 deep are refused, and no stack overflows', (_, level) => {
    const deep = Buffer.concat([Buffer.from(Array.from({ length: levels }, () => level).flat()), Buffer.from([0xc0])]);
    // The lengths of extensions fall from the outside in.
    for (let i = 0; level.length > 4 && i < levels; i += 1) {
      const at = i * level.length;
      deep.writeUInt32BE(deep.length - at - 6, at + 1);
    }
    expect(() => decodeValue(deep)).toThrow(expect.objectContaining({ code: 'wire.format' }));
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('with the key %s set nothing but that property', (key) => {
    const bytes = Buffer.concat([Buffer.from([0x81]), encodeValue(key), encodeValue({ isAdmin: true })]);
    const decoded = decodeValue(bytes) as Record<string, unknown>;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Object.keys(decoded)).toEqual([key]);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});
