import { describe, expect, it } from '@jest/globals';
import { INLINE_STATE_BYTES, MAX_LAST_ERROR_BYTES, type FromActorProcess } from '@trainer/model';
import fc from 'fast-check';
import { decodeFromActorProcess, encodeFromActorProcess } from './actor-process.codec.js';
import { anyFromActorProcess } from './testing/index.js';

const refused = (message: FromActorProcess): void => {
  expect(() => decodeFromActorProcess(encodeFromActorProcess(message))).toThrow(expect.objectContaining({ code: 'wire.format' }));
};

describe("what an actor's process says", () => {
  it('comes out of its bytes as it went in', () => {
    fc.assert(
      fc.property(anyFromActorProcess, (message) => {
        expect(decodeFromActorProcess(encodeFromActorProcess(message))).toStrictEqual(message);
      }),
    );
  });

  it('is refused, and never anything worse, for bytes of somebody else', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.tuple(anyFromActorProcess, fc.nat(), fc.nat(255)).map(([message, at, byte]) => {
        const bytes = encodeFromActorProcess(message);
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    const read = (bytes: Uint8Array): string => {
      try {
        return decodeFromActorProcess(bytes).kind;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const known = ['ready', 'failed', 'report', 'state', 'sign', 'beat', 'threw', 'finished', 'wire.format'];
    fc.assert(fc.property(anyBytes, (bytes) => expect(known).toContain(read(bytes))));
  });

  it('is refused above its limits, and read at them', () => {
    const state = (bytes: number): FromActorProcess => ({
      kind: 'state',
      number: 1,
      state: { kind: 'inline', bytes: Buffer.alloc(bytes) },
    });
    expect(decodeFromActorProcess(encodeFromActorProcess(state(INLINE_STATE_BYTES)))).toEqual(state(INLINE_STATE_BYTES));
    refused(state(INLINE_STATE_BYTES + 1));
    refused({ kind: 'threw', text: 'x'.repeat(MAX_LAST_ERROR_BYTES + 1) });
    refused({ kind: 'report', number: 1, report: { kind: 'warning', message: 'x'.repeat(2 ** 20) } });
    refused({ kind: 'ready', address: `${'x'.repeat(300)}:1` });
    refused({ kind: 'ready', address: 'nowhere' });
    refused({ kind: 'ready', address: '' });
    const request = { method: 'PUT', bucket: 'b'.repeat(63), key: 'k'.repeat(1024), query: { partNumber: '1', uploadId: 'x' } } as const;
    const sign = (other: object): FromActorProcess => ({ kind: 'sign', number: 1, request: { ...request, ...other } });
    expect(decodeFromActorProcess(encodeFromActorProcess(sign({})))).toEqual(sign({}));
    for (const other of [{ method: 'PATCH' }, { bucket: 'b'.repeat(64) }, { key: 'k'.repeat(1025) }, { query: { a: '', b: '', c: '' } }])
      refused(sign(other));
    refused(sign({ query: { uploadId: 'x'.repeat(2048) } }));
  });

  it('is an error without its own fields where those are too large, as of a constructor that threw a buffer', () => {
    const error = { name: 'E', message: 'm', stack: '', fields: { held: new Uint8Array(2 ** 21) } };
    const bytes = encodeFromActorProcess({ kind: 'failed', cause: { kind: 'constructor-threw', error } });
    expect(decodeFromActorProcess(bytes)).toEqual({
      kind: 'failed',
      cause: { kind: 'constructor-threw', error: { ...error, fields: {} } },
    });
  });
});
