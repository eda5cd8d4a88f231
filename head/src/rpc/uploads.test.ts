import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { ServerReadableStream } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { deferred, type Deferred } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { checkedBody, chunksOf, UploadGate } from './uploads.js';

interface Chunk {
  readonly data: Buffer;
}
const chunk = (text: string): Chunk => ({ data: Buffer.from(text) });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function* listed(...texts: string[]): AsyncGenerator<Chunk> {
  for (const text of texts) yield await Promise.resolve(chunk(text));
}
async function whole(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** As grpc-js gives a client's stream: objects to be read, and a flag that it was cancelled. */
function aCall(): PassThrough & { cancelled: boolean } {
  return Object.assign(new PassThrough({ objectMode: true }), { cancelled: false });
}
const asUpload = (call: PassThrough): ServerReadableStream<Chunk, unknown> => call as unknown as ServerReadableStream<Chunk, unknown>;

describe('the body of an upload', () => {
  const size = { what: 'It', bytes: 6, isExact: true, sha256: sha256('abcdef') };

  test('is what came, where size and hash are right', async () => {
    expect(await whole(checkedBody(Buffer.from('ab'), listed('cd', '', 'ef'), size))).toBe('abcdef');
  });

  test.each([
    ['a byte too many', 'value.too-large', ['cd', 'efg'], {}],
    ['a byte too few', 'upload.incomplete', ['cd', 'e'], {}],
    ['other bytes', 'upload.hash', ['cd', 'eF'], {}],
    ['fewer than allowed, and others', 'upload.hash', ['cd'], { isExact: false }],
  ])('is refused at its end or before: %s', async (_, code, rest, change) => {
    await expect(whole(checkedBody(Buffer.from('ab'), listed(...rest), { ...size, ...change }))).rejects.toMatchObject({ code });
  });
});

describe('the chunks of an upload', () => {
  const idleMs = 1_000;

  test('end with the half-close', async () => {
    const call = aCall();
    call.write(chunk('a'));
    call.end(chunk('b'));
    const seen: string[] = [];
    for await (const { data } of chunksOf(asUpload(call), { clock: manualClock(), idleMs })) seen.push(data.toString());
    expect(seen).toEqual(['a', 'b']);
  });

  test('that do not come are waited for no longer than the rules say', async () => {
    const clock = manualClock();
    const call = aCall();
    call.write(chunk('a'));
    const chunks = chunksOf(asUpload(call), { clock, idleMs });
    await chunks.next();
    const second = chunks.next();
    const failed = expect(second).rejects.toMatchObject({ code: 'upload.stalled' });
    await Promise.resolve();
    clock.advance(idleMs);
    await failed;
  });

  test('of a client that leaves are no upload', async () => {
    const call = aCall();
    call.write(chunk('a'));
    const chunks = chunksOf(asUpload(call), { clock: manualClock(), idleMs });
    await chunks.next();
    call.cancelled = true;
    call.destroy();
    await expect(chunks.next()).rejects.toMatchObject({ code: 'upload.incomplete', facts: { bytes: 1 } });
  });
});

describe('the gate', () => {
  /** So many uploads, none of which ends by itself. */
  function begun(gate: UploadGate, count: number): { runs: Deferred<void>[]; ends: Promise<unknown>[] } {
    const runs: Deferred<void>[] = [];
    const ends = Array.from({ length: count }, () =>
      gate
        .run(() => {
          const run = deferred<void>();
          runs.push(run);
          return run.promise;
        })
        .catch((error: unknown) => error),
    );
    return { runs, ends };
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('lets four run; the next one runs when one of them has ended, however it ended', async () => {
    const { runs } = begun(new UploadGate(), 6);
    expect(runs).toHaveLength(4);
    runs[0]?.resolve();
    runs[1]?.reject(new Error('it broke'));
    await settled();
    expect(runs).toHaveLength(6);
  });

  test('refuses those for whom there is no room to wait, and takes others once there is', async () => {
    const gate = new UploadGate();
    const { runs, ends } = begun(gate, 4 + 256 + 1);
    expect(await ends.at(-1)).toMatchObject({ code: 'queue.full', retry: 'same' });
    runs[0]?.resolve();
    await settled();
    const later = begun(gate, 1);
    for (let i = 0; i < 261; i += 1) {
      for (const run of [...runs, ...later.runs]) run.resolve();
      await settled();
    }
    await later.ends[0];
    expect(later.runs).toHaveLength(1);
  });
});
