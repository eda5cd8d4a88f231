import { TrainerError } from '@trainer/model';
import { deferred, type Deferred } from './deferred.js';

/** The queue takes nothing more. */
export class QueueClosedError extends TrainerError<'queue.closed', Record<string, never>> {
  constructor() {
    super('queue.closed', 'The queue is closed and takes nothing more.', {});
  }
}

/**
 * A queue between tasks of one process that never holds more than `capacity`: who pushes into a full one waits. Items leave in
 * the order in which their pushes began.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #pushers: { readonly item: T; readonly done: Deferred<void> }[] = [];
  readonly #pullers: Deferred<IteratorResult<T, undefined>>[] = [];
  #isClosed = false;

  constructor(readonly capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity is ${capacity}; give an integer from 1`);
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds an item unless the queue is full or others wait. @throws QueueClosedError */
  tryPush(item: T): boolean {
    if (this.#isClosed) throw new QueueClosedError();
    const puller = this.#pullers.shift();
    if (puller) puller.resolve({ value: item, done: false });
    else if (this.#items.length < this.capacity) this.#items.push(item);
    else return false;
    return true;
  }

  /** Resolves when the item is in. @throws QueueClosedError, also when closed meanwhile; and the signal's reason */
  async push(item: T, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryPush(item)) return;
    const waiting = { item, done: deferred<void>() };
    this.#pushers.push(waiting);
    await abortable(waiting.done, signal, () => remove(this.#pushers, waiting));
  }

  /** Resolves with the next item; `done` when the queue is closed and empty. @throws the signal's reason */
  async pull(signal?: AbortSignal): Promise<IteratorResult<T, undefined>> {
    signal?.throwIfAborted();
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T;
      const pusher = this.#pushers.shift();
      if (pusher) {
        this.#items.push(pusher.item);
        pusher.done.resolve();
      }
      return { value, done: false };
    }
    if (this.#isClosed) return { value: undefined, done: true };
    const puller = deferred<IteratorResult<T, undefined>>();
    this.#pullers.push(puller);
    return abortable(puller, signal, () => remove(this.#pullers, puller));
  }

  /** Takes nothing more; what is in can still be pulled, who waits to push is refused. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const pusher of this.#pushers.splice(0)) pusher.done.reject(new QueueClosedError());
    for (const puller of this.#pullers.splice(0)) puller.resolve({ value: undefined, done: true });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const next = await this.pull();
      if (next.done) return;
      yield next.value;
    }
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

async function abortable<T>(waiting: Deferred<T>, signal: AbortSignal | undefined, forget: () => void): Promise<T> {
  if (!signal) return waiting.promise;
  const abort = (): void => {
    if (waiting.isSettled) return;
    forget();
    waiting.reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await waiting.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
