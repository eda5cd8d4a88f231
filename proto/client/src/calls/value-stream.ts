import { TrainerError, windowCost } from '@trainer/model';
import { Fifo } from '@trainer/runtime';
import type { AnswerSink } from './pending-call.js';

/** What an actor may send ahead of its reader at first (`windowCost`). */
export const FIRST_WINDOW_BYTES = 256 * 2 ** 10;
/** What it may send ahead at most, once its values have shown to be large (actors.md). */
const MAX_WINDOW_BYTES = 16 * 2 ** 20;
/** The window is made to hold so many values of the size seen so far, which does without a pause. */
const WINDOW_ITEMS = 4_096;
/** Room is given back in quarters of the window: rarely, and long before the actor runs dry. */
const CREDIT_SHARE = 1 / 4;

/** The call behind a stream, once it is made. */
export interface StreamCall {
  /** The reader has taken so much. */
  credit(bytes: number): void;
  /** The reader wants no more. */
  cancel(): void;
}

interface Waiter<Value> {
  readonly resolve: (result: IteratorResult<Value, undefined>) => void;
  readonly reject: (error: unknown) => void;
  readonly reader: object;
}

type StreamState =
  | { readonly at: 'new' }
  | { readonly at: 'running'; readonly call: StreamCall }
  | { readonly at: 'failed'; readonly error: TrainerError }
  | { readonly at: 'done' };

/**
 * Ends the stream of a reader that was dropped without a word. No limit of idle time does it: that could not tell a reader that is gone from
 * one that works on a value for an hour. What is garbage is surely not read; until it is collected its actor waits.
 */
const dropped = new FinalizationRegistry<{ leave(): void }>((buffer) => buffer.leave());

/** The values of a generator in an actor. The call is made when the first value is asked for; leaving the loop cancels it. */
export class ValueStream<Value> implements AsyncIterableIterator<Value> {
  // The link holds the buffer alone, so that the collector sees when nobody holds this.
  readonly #buffer: StreamBuffer<Value>;

  constructor(buffer: StreamBuffer<Value>) {
    this.#buffer = buffer;
    dropped.register(this, buffer);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    return this.#buffer.next(this);
  }

  async return(): Promise<IteratorResult<Value, undefined>> {
    this.#buffer.leave();
    return { done: true, value: undefined };
  }
}

/** What has come of a stream and waits for its reader. */
export class StreamBuffer<Value> implements AnswerSink {
  readonly #begin: (sink: AnswerSink) => StreamCall;
  readonly #decode: (bytes: Uint8Array) => Value;
  readonly #items = new Fifo<Uint8Array>();
  readonly #waiters = new Fifo<Waiter<Value>>();
  #state: StreamState = { at: 'new' };
  #takenBytes = 0;
  /** What waits for its reader takes so much of the window. */
  #unreadBytes = 0;
  #windowBytes = FIRST_WINDOW_BYTES;
  #seenBytes = 0;
  #seenItems = 0;

  constructor(begin: (sink: AnswerSink) => StreamCall, decode: (bytes: Uint8Array) => Value) {
    this.#begin = begin;
    this.#decode = decode;
  }

  /** `reader` is held until its value is there. */
  async next(reader: object): Promise<IteratorResult<Value, undefined>> {
    if (this.#state.at === 'new') this.#state = this.#started();
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#unreadBytes -= windowCost(item.byteLength);
      return { done: false, value: this.#take(item) };
    }
    if (this.#state.at === 'failed') {
      const { error } = this.#state;
      this.#state = { at: 'done' };
      throw error;
    }
    if (this.#state.at === 'done') return { done: true, value: undefined };
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject, reader }));
  }

  /** Nobody reads on: what waits is let go, and the actor told. Idempotent. */
  leave(): void {
    const before = this.#state;
    this.#state = { at: 'done' };
    this.#dropUnread();
    if (before.at === 'running') before.call.cancel();
    this.#wakeAll();
  }

  /** A generator answers with items; a single value is the whole of it. */
  value(bytes: Uint8Array): void {
    this.item(bytes);
    this.done();
  }

  item(bytes: Uint8Array): void {
    const cost = windowCost(bytes.byteLength);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      if (this.#state.at === 'done' || this.#state.at === 'failed') return;
      // An actor sends while it has room left, so that one value may be above it.
      if (this.#state.at === 'running' && this.#unreadBytes >= this.#windowBytes) return this.#overrun(this.#state.call);
      this.#unreadBytes += cost;
      this.#items.push(bytes);
      this.#widen(cost);
      return;
    }
    this.#widen(cost);
    try {
      waiter.resolve({ done: false, value: this.#take(bytes) });
    } catch (error) {
      waiter.reject(error);
    }
  }

  done(): void {
    if (this.#state.at !== 'failed') this.#state = { at: 'done' };
    this.#wakeAll();
  }

  fail(error: TrainerError): void {
    if (this.#state.at === 'done') return;
    const waiter = this.#waiters.shift();
    this.#state = waiter === undefined ? { at: 'failed', error } : { at: 'done' };
    waiter?.reject(error);
    this.#wakeAll();
  }

  /** The actor sends more than it was given room for: nothing of its stream is believed. */
  #overrun(call: StreamCall): void {
    this.#dropUnread();
    const why = `The actor sent more of a stream than the ${this.#windowBytes} bytes it was given room for.`;
    this.fail(new TrainerError('wire.format', why, {}));
    call.cancel();
  }

  #dropUnread(): void {
    while (this.#items.shift() !== undefined);
    this.#unreadBytes = 0;
  }

  /** A call that is refused at once fails while it begins. */
  #started(): StreamState {
    const call = this.#begin(this);
    return this.#state.at === 'new' ? { at: 'running', call } : this.#state;
  }

  #widen(bytes: number): void {
    this.#seenBytes += bytes;
    this.#seenItems += 1;
    const wanted = Math.min(MAX_WINDOW_BYTES, Math.ceil((this.#seenBytes / this.#seenItems) * WINDOW_ITEMS));
    if (wanted < this.#windowBytes * 2 && wanted < MAX_WINDOW_BYTES) return;
    if (this.#state.at !== 'running' || wanted <= this.#windowBytes) return;
    this.#state.call.credit(wanted - this.#windowBytes);
    this.#windowBytes = wanted;
  }

  #take(bytes: Uint8Array): Value {
    this.#takenBytes += windowCost(bytes.byteLength);
    if (this.#takenBytes >= this.#windowBytes * CREDIT_SHARE && this.#state.at === 'running') {
      this.#state.call.credit(this.#takenBytes);
      this.#takenBytes = 0;
    }
    try {
      return this.#decode(bytes);
    } catch (error) {
      // The reader's loop is over, without a `return` of it.
      this.leave();
      throw error;
    }
  }

  #wakeAll(): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift())
      waiter.resolve({ done: true, value: undefined });
  }
}
