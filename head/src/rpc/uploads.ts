import { createHash } from 'node:crypto';
import type { ServerReadableStream } from '@grpc/grpc-js';
import { TrainerError } from '@trainer/model';
import type { Clock, Millis } from '@trainer/model';
import { deferred } from '@trainer/runtime';
import type { Deferred } from '@trainer/runtime';

/** Uploads that are received at once: each holds some megabytes of the head's memory, whatever its size. */
const MOST_AT_ONCE = 4;
/** Those beyond wait, unread, so that their clients wait too; more are told to come back. */
const MOST_WAITING = 256;

/** Too many upload at once. */
export class UploadsBusyError extends TrainerError<'queue.full', { limit: number }> {
  constructor() {
    const limit = MOST_AT_ONCE + MOST_WAITING;
    super('queue.full', `${limit} uploads are on their way to this head already; upload again in a moment.`, { limit }, 'same');
  }
}

/** The client sends no more. */
export class UploadStalledError extends TrainerError<'upload.stalled', { idleMs: Millis }> {
  constructor(idleMs: Millis) {
    super(
      'upload.stalled',
      `The upload stood still for ${idleMs} ms, or took ${LONGEST_IDLES} times as long in all, and was given up; upload it again.`,
      { idleMs },
      'same',
    );
  }
}

/** It ended before its last chunk, or its client left. */
export class UploadIncompleteError extends TrainerError<'upload.incomplete', { bytes: number }> {
  constructor(bytes: number) {
    super('upload.incomplete', `The upload ended after ${bytes} bytes, before it was whole; upload it again.`, { bytes }, 'same');
  }
}

/** It has more bytes than its first chunk, or the rules, say. */
export class UploadTooLargeError extends TrainerError<'value.too-large', { limitBytes: number }> {
  constructor(what: string, limitBytes: number) {
    super('value.too-large', `${what} has more than ${limitBytes} bytes, as many as it may have.`, { limitBytes });
  }
}

/** What came is not what its name says. */
export class UploadHashError extends TrainerError<'upload.hash', { hash: string; found: string }> {
  constructor(hash: string, found: string) {
    super('upload.hash', `The upload's SHA-256 is ${found}, not ${hash}; upload it again.`, { hash, found }, 'same');
  }
}

/** Lets some uploads run, and the others wait for their turn. */
export class UploadGate {
  #running = 0;
  readonly #waiting: Deferred<void>[] = [];

  /** @throws UploadsBusyError */
  async run<T>(upload: () => Promise<T>): Promise<T> {
    if (this.#running >= MOST_AT_ONCE) await this.#turn();
    else this.#running += 1;
    try {
      return await upload();
    } finally {
      // The place goes to the next one, if there is one.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next.resolve();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) throw new UploadsBusyError();
    const turn = deferred<void>();
    this.#waiting.push(turn);
    return turn.promise;
  }
}

/** All of an upload may take so many times the longest standstill, or a trickle of bytes would keep the place of others: 64 MiB in 180 s. */
const LONGEST_IDLES = 6;

export interface UploadRules {
  readonly clock: Clock;
  /** A client that sends nothing for so long is given up. */
  readonly idleMs: Millis;
}

type Upload<Chunk> = ServerReadableStream<Chunk, unknown>;

/**
 * The chunks of an upload, read only as fast as they are taken. @throws UploadStalledError, UploadIncompleteError
 * @returns nothing after the client's half-close
 */
export async function* chunksOf<Chunk extends { readonly data: Uint8Array }>(
  call: Upload<Chunk>,
  { clock, idleMs }: UploadRules,
): AsyncGenerator<Chunk, void> {
  const chunks = (call as AsyncIterable<Chunk>)[Symbol.asyncIterator]();
  const untilMs = clock.monotonicMs() + LONGEST_IDLES * idleMs;
  let bytes = 0;
  for (;;) {
    const idle = deferred<never>();
    const waitMs = Math.min(idleMs, Math.max(0, untilMs - clock.monotonicMs()));
    const timer = clock.after(waitMs, () => idle.reject(new UploadStalledError(idleMs)));
    const next = await Promise.race([chunks.next(), idle.promise])
      .catch((error: unknown) => {
        throw error instanceof TrainerError ? error : new UploadIncompleteError(bytes);
      })
      .finally(() => timer.cancel());
    if (next.done === true) {
      if (call.cancelled) throw new UploadIncompleteError(bytes);
      return;
    }
    bytes += next.value.data.length;
    yield next.value;
  }
}

export interface UploadSize {
  readonly what: string;
  /** Its bytes: exactly, or at most. */
  readonly bytes: number;
  readonly isExact: boolean;
  readonly sha256: string;
}

/** The bytes of the first chunk and of those after it; throws at the end, or before, where they are not what they should be. */
export async function* checkedBody(
  first: Uint8Array,
  rest: AsyncIterable<{ readonly data: Uint8Array }>,
  { what, bytes: limit, isExact, sha256 }: UploadSize,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  const checked = (data: Uint8Array): Uint8Array => {
    bytes += data.length;
    if (bytes > limit) throw new UploadTooLargeError(what, limit);
    hash.update(data);
    return data;
  };
  yield checked(first);
  for await (const { data } of rest) yield checked(data);
  if (isExact && bytes < limit) throw new UploadIncompleteError(bytes);
  const found = hash.digest('hex');
  if (found !== sha256) throw new UploadHashError(sha256, found);
}
