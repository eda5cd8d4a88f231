import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { fromErrorData, toErrorData, type ErrorData } from '@trainer/model';
import { deferred, type Deferred } from '@trainer/runtime';
import type { Collective, Numbers, Reduction, ThreadCollective } from './collective.js';
import { arrayOver, bytesOf } from './reduce.js';

/*
 * A gang's connections live on the main thread, which is always free to beat; the work is on another. These two ends carry the
 * operations between them: what they say to each other are messages, the numbers lie in memory that both see.
 */

type Operation =
  | { readonly operation: 'allReduce'; readonly reduction: Reduction }
  | { readonly operation: 'broadcast' | 'gather'; readonly root: number }
  | { readonly operation: 'allGather' | 'barrier' };
/** `values` lie in shared memory; `wake` is counted up when the answer to one who can't hear messages is there. */
type Asked = Operation & { readonly values: Numbers; readonly wake: Int32Array | null };
/** What an all-reduce gives lies where its argument does. */
type Answer = { readonly value: Numbers | readonly Numbers[] | undefined } | { readonly error: ErrorData };

/** The main thread's end: runs what the other thread asks for, in its order. */
export function serveCollective(port: MessagePort, gang: Collective): void {
  port.on('message', (asked: Asked) => {
    const answer = (sent: Answer, transferred: readonly ArrayBuffer[]): void => {
      port.postMessage(sent, transferred);
      if (asked.wake === null) return;
      Atomics.add(asked.wake, 0, 1);
      Atomics.notify(asked.wake, 0);
    };
    run(gang, asked).then(
      // What came from elsewhere is this end's own, so it can be handed over whole.
      (value) => answer({ value }, gang.worldSize === 1 ? [] : buffersOf(value)),
      (error: unknown) => answer({ error: toErrorData(error) }, []),
    );
  });
}

function buffersOf(value: Numbers | readonly Numbers[] | undefined): ArrayBuffer[] {
  const arrays = value === undefined ? [] : Array.isArray(value) ? (value as readonly Numbers[]) : [value as Numbers];
  return [...new Set(arrays.map((array) => array.buffer as ArrayBuffer))];
}

function run(gang: Collective, asked: Asked): Promise<Numbers | readonly Numbers[] | undefined> {
  const { values } = asked;
  switch (asked.operation) {
    case 'allReduce':
      return gang.allReduce(values, asked.reduction).then(() => undefined);
    case 'broadcast':
      return gang.broadcast(values, asked.root);
    case 'gather':
      return gang.gather(values, asked.root);
    case 'allGather':
      return gang.allGather(values);
    case 'barrier':
      return gang.barrier().then(() => undefined);
  }
}

/** The working thread's end. Arrays in shared memory are not copied. Close `port` when the work is over. */
export function threadCollective(port: MessagePort, place: { readonly rank: number; readonly worldSize: number }): ThreadCollective {
  const end = new ThreadEnd(port);
  return {
    ...place,
    allReduce: <A extends Numbers>(values: A, reduction: Reduction) => end.ask({ operation: 'allReduce', reduction }, values) as Promise<A>,
    broadcast: <A extends Numbers>(values: A, root: number) => end.ask({ operation: 'broadcast', root }, values) as Promise<A>,
    gather: <A extends Numbers>(values: A, root: number) => end.ask({ operation: 'gather', root }, values) as Promise<readonly A[]>,
    allGather: <A extends Numbers>(values: A) => end.ask({ operation: 'allGather' }, values) as Promise<readonly A[]>,
    barrier: () => end.ask({ operation: 'barrier' }, new Uint8Array(0)).then(() => undefined),
    blocking: {
      allReduce: <A extends Numbers>(values: A, reduction: Reduction) => end.block({ operation: 'allReduce', reduction }, values) as A,
      allGather: <A extends Numbers>(values: A) => end.block({ operation: 'allGather' }, values) as readonly A[],
    },
  };
}

/** Shared memory up to this size is kept for the next operation. */
const MAX_KEPT_BYTES = 16 * 2 ** 20;

class ThreadEnd {
  readonly #waiting: Deferred<Answer>[] = [];
  readonly #wake = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #kept = new SharedArrayBuffer(0);

  constructor(private readonly port: MessagePort) {
    port.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
  }

  async ask(operation: Operation, values: Numbers): Promise<unknown> {
    const shared = this.#shared(values);
    const answered = deferred<Answer>();
    this.#waiting.push(answered);
    this.port.postMessage({ ...operation, values: shared, wake: null } satisfies Asked);
    return this.#result(await answered.promise, values, shared);
  }

  /** Stands still until the answer is there. */
  block(operation: Operation, values: Numbers): unknown {
    const shared = this.#shared(values);
    this.port.postMessage({ ...operation, values: shared, wake: this.#wake } satisfies Asked);
    for (;;) {
      const seen = Atomics.load(this.#wake, 0);
      const received = receiveMessageOnPort(this.port) as { readonly message: Answer } | undefined;
      // Answers to earlier questions come first.
      const earlier = received && this.#waiting.shift();
      if (earlier) earlier.resolve(received.message);
      else if (received) return this.#result(received.message, values, shared);
      else Atomics.wait(this.#wake, 0, seen);
    }
  }

  /** @returns the same numbers in memory that the other thread sees */
  #shared(values: Numbers): Numbers {
    if (isShared(values)) return values;
    const memory = this.#kept.byteLength >= values.byteLength ? this.#kept : new SharedArrayBuffer(values.byteLength);
    // It comes back with the result; operations may be asked for before earlier ones have ended.
    if (memory === this.#kept) this.#kept = new SharedArrayBuffer(0);
    const bytes = new Uint8Array(memory, 0, values.byteLength);
    bytes.set(bytesOf(values));
    return arrayOver(values, bytes);
  }

  #result(answer: Answer, values: Numbers, shared: Numbers): unknown {
    if ('error' in answer) throw fromErrorData(answer.error);
    const { value } = answer;
    if (shared !== values) {
      if (value === undefined) values.set(shared);
      const memory = shared.buffer as SharedArrayBuffer;
      if (memory.byteLength > this.#kept.byteLength && memory.byteLength <= MAX_KEPT_BYTES) this.#kept = memory;
    }
    return value ?? values;
  }
}

/** Asked by name: memory of another realm is of another class. */
function isShared(values: Numbers): boolean {
  return values.buffer[Symbol.toStringTag] === 'SharedArrayBuffer';
}
