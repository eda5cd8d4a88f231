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
import { iterationOf, leave, pump, type Iteration } from './stream-pump.js';
import { isThenable } from './thenable.js';
import { TURN_MS, type Turns } from './turns.js';

/** What calls are made of. */
export interface RunnerTarget {
  readonly className: string;
  readonly instance: object;
  readonly methods: MethodTable;
  readonly handles: HandleHook;
  /** null: it has no state that survives it. */
  readonly keeper: StateKeeper | null;
}

/**
 * Runs calls in the order they came, `concurrency` at once. A place is taken until the method has really ended, also when its
 * caller has given up: the next call must not meet it half done. Whatever a method returns or throws, its call is settled in
 * `#finished`: all that reads values of users is caught there and then, and nothing on the way from there to the link reads any.
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
      result = Reflect.apply(method, this.#target.instance, args);
    } catch (error) {
      this.#ended(call, threw(error));
      return;
    }
    if (!isThenable(result)) {
      this.#returned(call, result);
      return;
    }
    // Through a promise of ours: a thenable of the user may throw, settle twice, or have a constructor that throws.
    new Promise((resolve) => resolve(result)).then(
      (value) => this.#returned(call, value),
      (error: unknown) => this.#ended(call, threw(error)),
    );
  }

  #returned(call: ActorCall, value: unknown): void {
    const { className, handles } = this.#target;
    let iteration: Iteration | null;
    try {
      iteration = iterationOf(value);
    } catch (error) {
      this.#ended(call, threw(error));
      return;
    }
    if (iteration === null) {
      this.#ended(call, answer(call, value, handles));
      return;
    }
    if (call.incoming.windowBytes === 0) {
      void leave(iteration);
      this.#ended(call, failure(call, new StreamExpectedError(className, call.incoming.method)));
      return;
    }
    pump(call, iteration, this.#turns, handles, (error) => refuse(call, error)).then(
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
