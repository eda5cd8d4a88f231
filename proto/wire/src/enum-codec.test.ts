import { describe, expect, it } from '@jest/globals';
import { enumCodec } from './enum-codec.js';

enum Wire {
  UNSPECIFIED = 0,
  A = 1,
  B = 2,
  UNRECOGNIZED = -1,
}

describe('a table of an enum', () => {
  const codec = enumCodec<'a' | 'b', Wire>()({ a: Wire.A, b: Wire.B });

  it('goes both ways', () => {
    expect(codec.decode(codec.encode('b'), 'x')).toBe('b');
  });

  it('refuses what is unspecified, naming the field', () => {
    expect(() => codec.decode(Wire.UNSPECIFIED, 'fact.state')).toThrow('fact.state: is unspecified.');
  });

  it('refuses what a newer version may know', () => {
    expect(() => codec.decode(7 as Wire, 'fact.state')).toThrow('fact.state: 7 is unknown.');
  });

  it('does not compile when either side has a member more', () => {
    // @ts-expect-error the model has a member that the table lacks
    enumCodec<'a' | 'b' | 'c', Wire>()({ a: Wire.A, b: Wire.B });
    // @ts-expect-error the wire has a member that the table lacks
    enumCodec<'a', Wire>()({ a: Wire.A });
    // @ts-expect-error the unspecified member means nothing
    enumCodec<'a' | 'b', Wire>()({ a: Wire.UNSPECIFIED, b: Wire.B });
    expect(codec.encode('a')).toBe(1);
  });
});
