import { toErrorData, type TrainerError } from '@trainer/model';
import { decodeValue, encodeValue, type HandleHook } from '@trainer/wire';
import { StreamRefusedError } from '../state/errors.js';
import type { StateKeeper } from '../state/state-keeper.js';
import type { ActorCall } from './actor-call.js';
import type { AnswerBody } from './answer.js';
import { NoMethodError, StreamExpectedError } from './errors.js';
import { Fifo } from '@trainer/runtime';
import type { Method, MethodTable } from './method-table.js';
import { toRemoteFailure } from './remote-failure.js';

/** The main loop's time, as far as the runner needs it. */
export interface Turns {
  monotonicMs(): number;
  /** Runs the function in a later turn of the event loop, after what has arrived meanwhile. */
  later(run: () => void): void;
}

/** What calls are made of. */
export interface RunnerTarget {
  readonly className: string;
  readonly instance: object;
  readonly methods: MethodTable;
  readonly handles: HandleHook;
  /** null: it has no state that survives it. */
  readonly keeper: StateKeeper | null;
}

/** After so long a turn answers go out and messages come in before the next call starts. */
const TURN_MS = 5;

type Iteration = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Runs calls in the order they came, `concurrency` at once. A place is taken until the method has really ended, also when its
 * caller has given up: the next call must not meet it half done.
 */
export class CallRunner {
  readonly #target: RunnerTarget;
  readonly #concurrency: number;
  readonly #turns: Turns;
  readonly #queue = new Fifo<ActorCall>();
  #running = 0;
  #isDraining = false;
  #turnStartedMs: number | null = null;
  #isHeld = false;
  #pauses = 0;
  #whenIdle: (() => void) | null = null;

  constructor(target: RunnerTarget, concurrency: number, turns: Turns) {
    this.#target = target;
    this.#concurrency = concurrency;
    this.#turns = turns;
  }

  submit(call: ActorCall): void {
    this.#queue.push(call);
    this.#drain();
  }

  /** While held no further call starts: callers don't read the answers there are. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#drain();
  }

  /** Whether a method runs. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** No further call starts until the promise settles. */
  pause(until: Promise<unknown>): void {
    this.#pauses += 1;
    const over = (): void => {
      this.#pauses -= 1;
      this.#drain();
    };
    until.then(over, over);
  }

  /** No further call starts; resolves when none runs. */
  close(): Promise<void> {
    this.#pauses += 1;
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#whenIdle = resolve));
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    while (this.#queue.size > 0 && this.#running < this.#concurrency && !this.#isHeld && this.#pauses === 0 && this.#isTurnLeft()) {
      const call = this.#queue.shift();
      if (call !== undefined && call.phase !== 'settled') this.#start(call);
    }
    this.#isDraining = false;
  }

  /** A turn spans all that runs before the event loop comes round, also over several batches and the ends of async methods. */
  #isTurnLeft(): boolean {
    const now = this.#turns.monotonicMs();
    if (this.#turnStartedMs !== null) return now - this.#turnStartedMs <= TURN_MS;
    this.#turnStartedMs = now;
    this.#turns.later(() => {
      this.#turnStartedMs = null;
      this.#drain();
    });
    return true;
  }

  #start(call: ActorCall): void {
    const { className, methods, handles, keeper } = this.#target;
    const { incoming } = call;
    const method = methods.find(incoming.method);
    if (method === null) {
      refuse(call, new NoMethodError(className, incoming.method));
      return;
    }
    if (incoming.windowBytes > 0 && keeper?.isEachCallStored === true) {
      refuse(call, new StreamRefusedError(className, incoming.method));
      return;
    }
    let args: readonly unknown[];
    try {
      const decoded = decodeValue(incoming.args, { at: 'args', handles });
      args = Array.isArray(decoded) ? (decoded as unknown[]) : [decoded];
    } catch (error) {
      refuse(call, error as TrainerError);
      return;
    }
    call.phase = 'running';
    this.#running += 1;
    this.#enter(call, method, args);
  }

  #enter(call: ActorCall, method: Method, args: readonly unknown[]): void {
    let result: unknown;
    try {
      result = method.apply(this.#target.instance, args as unknown[]);
    } catch (error) {
      this.#ended(call, threw(error));
      return;
    }
    if (!isThenable(result)) this.#returned(call, result);
    else {
      Promise.resolve(result).then(
        (value) => this.#returned(call, value),
        (error: unknown) => this.#ended(call, threw(error)),
      );
    }
  }

  #returned(call: ActorCall, value: unknown): void {
    const { className, handles } = this.#target;
    const iteration = iterationOf(value);
    if (iteration === null) {
      this.#ended(call, answer(call, value, handles));
      return;
    }
    if (call.incoming.windowBytes === 0) {
      void Promise.resolve(iteration.return?.()).catch(() => undefined);
      this.#ended(call, failure(call, new StreamExpectedError(className, call.incoming.method)));
      return;
    }
    pump(call, iteration, this.#turns, handles).then(
      () => this.#ended(call, { kind: 'done' }),
      (error: unknown) => this.#ended(call, threw(error)),
    );
  }

  /** The method has ended, and what it did stands: with `'call'` its state is stored before the answer goes out. */
  #ended(call: ActorCall, body: AnswerBody): void {
    const { keeper } = this.#target;
    if (keeper?.isEachCallStored !== true) {
      this.#finished(call, body);
      return;
    }
    keeper.stored().then(
      () => this.#finished(call, body),
      (error: TrainerError) => this.#finished(call, failure(call, error)),
    );
  }

  #finished(call: ActorCall, body: AnswerBody): void {
    call.settle(body);
    this.#running -= 1;
    this.#target.keeper?.answered();
    if (this.#running === 0) this.#whenIdle?.();
    this.#drain();
  }
}

/**
 * Sends a generator's values as far as its reader has room for them, until its end or until the call is settled otherwise. One
 * that waits for nothing still lets the event loop come round, so that its items leave and credit and cancels come in.
 */
async function pump(call: ActorCall, iteration: Iteration, turns: Turns, handles: HandleHook): Promise<void> {
  let turnStartedMs = turns.monotonicMs();
  for (;;) {
    if (turns.monotonicMs() - turnStartedMs > TURN_MS) {
      await new Promise<void>((resolve) => turns.later(resolve));
      turnStartedMs = turns.monotonicMs();
    }
    // Settled by a cancel or a deadline: the generator's own finally blocks run before the next call.
    if (call.phase === 'settled') {
      await iteration.return?.();
      return;
    }
    if (call.creditBytes <= 0) {
      await woken(call);
      continue;
    }
    const next = await iteration.next();
    if (next.done === true) return;
    let value: Buffer;
    try {
      value = encodeValue(await next.value, { at: 'item', handles });
    } catch (error) {
      await iteration.return?.();
      refuse(call, error as TrainerError);
      return;
    }
    while ((call.phase as string) !== 'settled' && !call.taker.item(call, value)) await woken(call);
    call.creditBytes -= value.length;
    call.hasItems = true;
  }
}

function woken(call: ActorCall): Promise<void> {
  return new Promise((resolve) => {
    call.wake = () => {
      call.wake = null;
      resolve();
    };
  });
}

function answer(call: ActorCall, value: unknown, handles: HandleHook): AnswerBody {
  try {
    return { kind: 'value', value: encodeValue(value, { at: 'result', handles }) };
  } catch (error) {
    return failure(call, error as TrainerError);
  }
}

function threw(error: unknown): AnswerBody {
  return { kind: 'threw', failure: toRemoteFailure(error) };
}

function failure(call: ActorCall, error: TrainerError): AnswerBody {
  const { facts, ...data } = toErrorData(error);
  return { kind: 'failed', error: { ...data, facts: { method: call.incoming.method, outcome: call.outcome, ...facts } } };
}

function refuse(call: ActorCall, error: TrainerError): void {
  call.settle(failure(call, error));
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Generators and other async iterables are streams; arrays, strings, Maps and the like are values. */
function iterationOf(value: unknown): Iteration | null {
  if (typeof value !== 'object' || value === null) return null;
  const candidate = value as Partial<AsyncIterable<unknown> & Iterable<unknown> & Iterator<unknown>>;
  if (typeof candidate[Symbol.asyncIterator] === 'function') return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  if (typeof candidate[Symbol.iterator] === 'function' && typeof candidate.next === 'function') return value as Iterator<unknown>;
  return null;
}
