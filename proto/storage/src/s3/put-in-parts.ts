import type { ObjectBody } from '../object-store.js';
import { cutToParts } from './cut-to-parts.js';

/** What an upload holds in memory; with S3's most parts, 10,000, an object has at most 78 GiB. */
export const PART_BYTES = 8 * 2 ** 20;

/** How one object comes onto the server; each resolves with an etag, but for `begin`, which gives the id of an upload. */
export interface Upload {
  whole(bytes: Buffer): Promise<string>;
  begin(): Promise<string>;
  part(id: string, number: number, bytes: Buffer): Promise<string>;
  complete(id: string, etags: readonly string[]): Promise<string>;
  abort(id: string): Promise<void>;
}

/**
 * Stores a small body in one request and a larger one in parts, as an upload of its own: two at once to one key don't mix.
 * @throws what the body or the upload throws; nothing of it is left then
 */
export async function putInParts(body: ObjectBody, upload: Upload): Promise<{ readonly bytes: number; readonly etag: string }> {
  const parts = cutToParts(body, PART_BYTES);
  try {
    const [first, second] = [await parts.next(), await parts.next()];
    if (first.done || second.done) {
      const bytes = first.value ?? Buffer.alloc(0);
      return { bytes: bytes.length, etag: await upload.whole(bytes) };
    }
    return await inParts([first.value, second.value], parts, upload);
  } finally {
    await parts.return();
  }
}

async function inParts(first: Buffer[], rest: AsyncIterable<Buffer>, upload: Upload): ReturnType<typeof putInParts> {
  const id = await upload.begin();
  try {
    const etags: string[] = [];
    let bytes = 0;
    const store = async (part: Buffer): Promise<void> => {
      bytes += part.length;
      etags.push(await upload.part(id, etags.length + 1, part));
    };
    for (let part = first.shift(); part !== undefined; part = first.shift()) await store(part);
    for await (const part of rest) await store(part);
    return { bytes, etag: await upload.complete(id, etags) };
  } catch (error) {
    await upload.abort(id).catch(() => undefined); // the server drops it in time
    throw error;
  }
}
