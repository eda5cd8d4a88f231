import type { IncomingMessage } from 'node:http';
import { UploadIncompleteError, UploadTooLargeError } from '../http/errors.js';

/**
 * The body of a request, counted. However it ends, no error of it is left without a listener, and what is not read is thrown away,
 * so that the client can be answered.
 * @throws UploadTooLargeError as soon as more than `limitBytes` have come
 * @throws UploadIncompleteError when it broke off
 */
export async function* receivedBody(body: IncomingMessage, limitBytes: number): AsyncGenerator<Uint8Array> {
  let seenBytes = 0;
  try {
    for await (const chunk of chunksOf(body, () => seenBytes)) {
      seenBytes += chunk.length;
      if (seenBytes > limitBytes) throw new UploadTooLargeError(limitBytes);
      yield chunk;
    }
    if (!body.complete) throw new UploadIncompleteError(seenBytes);
  } finally {
    body.resume();
  }
}

/** Destroying the body would close the connection before the answer. */
async function* chunksOf(body: IncomingMessage, seenBytes: () => number): AsyncGenerator<Uint8Array> {
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch {
    throw new UploadIncompleteError(seenBytes());
  }
}
