import { inspect } from 'node:util';
import type { Clock, TrainerError } from '@trainer/model';
import {
  decodeValue,
  encodeValue,
  HALF_A_PAIR,
  NotTransferableError,
  type EncodeOptions,
  type HandleData,
  type HandleHook,
} from '@trainer/wire';
import type { CallsOf, StreamsOf } from '../actor-spec.js';
import type { ActorLink } from '../calls/actor-link.js';
import { CallScope } from '../calls/call-scope.js';
import { PendingCall, type AnswerSink } from '../calls/pending-call.js';
import { FIRST_WINDOW_BYTES, StreamBuffer, ValueStream, type StreamCall } from '../calls/value-stream.js';
import { CallCancelledError } from '../errors.js';
import type { ActorListing } from '../head/head-door.js';
import { checkCallOptions, type CallOptions } from './options.js';

/**
 * An actor, from outside. It is bound to the actor's id, over all its restarts, and stays usable until the cluster connection is
 * closed. It may be passed to actors, as an argument and within one.
 */
export interface ActorHandle<Instance extends object> {
  readonly id: string;
  /** null: it is found by its id alone. */
  readonly name: string | null;
  /**
   * The methods that answer with one value. Calls run in the order in which they are made, each at most once (unless the actor has
   * `maxCallRetries`). While the actor restarts they wait for it.
   * A call rejects with `RemoteError` (the method threw), `ActorDiedError`, `NotTransferableError`, `ValueTooLargeError` (64 MiB)
   * or `ClusterUnavailableError`.
   */
  readonly call: CallsOf<Instance>;
  /** The generators. A stream begins when its first value is asked for; leaving the loop ends the generator in the actor. */
  readonly stream: StreamsOf<Instance>;
  /** The same actor, whose calls keep to these options. */
  with(options: CallOptions): ActorHandle<Instance>;
  /** Ends the actor; returns when its process is gone. Idempotent. @throws ClusterUnavailableError */
  kill(): Promise<void>;
  /** Where it is, since when, how often it restarted, and why it died. @throws ActorNotFoundError, ClusterUnavailableError */
  state(): Promise<ActorListing>;
}

/** What a handle can ask of the head. */
export interface ActorControl {
  kill(id: string): Promise<ActorListing>;
  get(id: string): Promise<ActorListing>;
}

/** What a handle is made of. */
export interface HandleParts {
  readonly data: HandleData;
  readonly link: ActorLink;
  readonly control: ActorControl;
  readonly clock: Clock;
  /** How handles travel in the values of its calls. */
  readonly handles: HandleHook;
  /** Told of the handle, and of each that is made `with` options. */
  readonly onMade: (handle: object) => void;
}

export function makeHandle<Instance extends object>(parts: HandleParts, options: CallOptions = {}): ActorHandle<Instance> {
  const handle = new LinkedHandle<Instance>(parts, options);
  parts.onMade(handle);
  return handle;
}

class LinkedHandle<Instance extends object> implements ActorHandle<Instance> {
  readonly id: string;
  readonly name: string | null;
  // Behind accessors, so that what shows or compares a handle sees its id and name, and no proxies.
  readonly #call: CallsOf<Instance>;
  readonly #stream: StreamsOf<Instance>;
  readonly #parts: HandleParts;
  readonly #options: CallOptions;

  constructor(parts: HandleParts, options: CallOptions) {
    this.#parts = parts;
    this.#options = options;
    this.id = parts.data.id;
    this.name = parts.data.name;
    const isPlain = options.timeoutMs === undefined && options.signal === undefined;
    const scope = isPlain ? null : new CallScope(parts.clock, parts.link, options.timeoutMs ?? 0, options.signal ?? null);
    const caller = new Caller(parts.link, scope, parts.handles);
    // The compiler knows the methods, the proxy makes them: what a name means is decided in the actor.
    this.#call = methods(
      `calls of ${this.id}`,
      (method) =>
        (...args) =>
          caller.value(method, args),
    ) as CallsOf<Instance>;
    this.#stream = methods(
      `streams of ${this.id}`,
      (method) =>
        (...args) =>
          caller.stream(method, args),
    ) as StreamsOf<Instance>;
  }

  get call(): CallsOf<Instance> {
    return this.#call;
  }

  get stream(): StreamsOf<Instance> {
    return this.#stream;
  }

  [inspect.custom](): string {
    return `ActorHandle(${this.name === null ? this.id : `${this.id}, ${JSON.stringify(this.name)}`})`;
  }

  with(more: CallOptions): ActorHandle<Instance> {
    return makeHandle<Instance>(this.#parts, { ...this.#options, ...checkCallOptions(more) });
  }

  async kill(): Promise<void> {
    const { control, link } = this.#parts;
    const { state } = await control.kill(this.id);
    if (state.at === 'dead') link.died(state.cause);
  }

  state(): Promise<ActorListing> {
    return this.#parts.control.get(this.id);
  }
}

/**
 * What the language and its tools ask of any object: awaiting, JSON, conversion to text, the comparisons of test frameworks. None of it
 * may become a call of the actor.
 */
const NOT_METHODS: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...['then', 'toJSON', 'asymmetricMatch', 'hasAttribute'],
]);
/** Programs use the names that a class has; one that makes names up gets a new function each time beyond these. */
const MAX_KEPT_NAMES = 1_000;

function methods(label: string, make: (method: string) => (...args: unknown[]) => unknown): object {
  const made = new Map<string, unknown>();
  // Frozen, so that nothing is set on it. Consoles look past the proxy, at what it stands before.
  const shown: object = Object.freeze(Object.assign(Object.create(null) as object, { [inspect.custom]: () => label }));
  return new Proxy(shown, {
    get: (_, name): unknown => {
      if (typeof name === 'symbol') return Reflect.get(shown, name) as unknown;
      if (NOT_METHODS.has(name)) return undefined;
      const known = made.get(name);
      if (known !== undefined) return known;
      const method = make(name);
      if (made.size < MAX_KEPT_NAMES) made.set(name, method);
      return method;
    },
  });
}

/** The name of a method is text of the program's, as its arguments are. */
function checkName(method: string): void {
  if (!method.isWellFormed()) throw new NotTransferableError(`call[${JSON.stringify(method)}]`, HALF_A_PAIR);
}

class PromiseSink implements AnswerSink {
  constructor(
    readonly decode: (bytes: Uint8Array) => unknown,
    readonly resolve: (value: unknown) => void,
    readonly fail: (error: unknown) => void,
  ) {}

  value(bytes: Uint8Array): void {
    try {
      this.resolve(this.decode(bytes));
    } catch (error) {
      this.fail(error);
    }
  }

  // Only calls that ask for a stream are answered with one.
  item(): void {}

  done(): void {
    this.resolve(undefined);
  }
}

/** Makes the calls of one handle. */
class Caller {
  readonly #link: ActorLink;
  readonly #scope: CallScope | null;
  readonly #args: EncodeOptions;
  readonly #decode: (bytes: Uint8Array) => unknown;
  readonly #decodeItem: (bytes: Uint8Array) => unknown;

  constructor(link: ActorLink, scope: CallScope | null, handles: HandleHook) {
    this.#link = link;
    this.#scope = scope;
    this.#args = { at: 'args', handles };
    const [result, item] = [
      { at: 'result', handles },
      { at: 'item', handles },
    ];
    this.#decode = (bytes) => decodeValue(bytes, result);
    this.#decodeItem = (bytes) => decodeValue(bytes, item);
  }

  value(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const scope = this.#scope;
      if (scope !== null && !scope.isOpen) throw scope.refusal(method);
      checkName(method);
      const encoded = encodeValue(args, this.#args);
      const call = new PendingCall(method, encoded, 0, scope?.timeoutMs ?? 0, new PromiseSink(this.#decode, resolve, reject));
      scope?.watch(call);
      this.#link.submit(call);
    });
  }

  stream(method: string, args: readonly unknown[]): ValueStream<unknown> {
    const [link, scope] = [this.#link, this.#scope];
    checkName(method);
    // Encoded when it is written down, not when it begins: the program may change its arguments in between.
    const encoded = encodeValue(args, this.#args);
    const begin = (sink: AnswerSink): StreamCall => {
      if (scope !== null && !scope.isOpen) return refused(sink, scope.refusal(method));
      const call = new PendingCall(method, encoded, FIRST_WINDOW_BYTES, scope?.timeoutMs ?? 0, sink);
      scope?.watch(call);
      link.submit(call);
      return {
        credit: (bytes) => link.credit(call, bytes),
        cancel: () => link.abandon(call, (outcome) => new CallCancelledError(method, 'its reader left', outcome)),
      };
    };
    return new ValueStream(new StreamBuffer(begin, this.#decodeItem));
  }
}

function refused(sink: AnswerSink, error: TrainerError): StreamCall {
  sink.fail(error);
  return { credit: () => undefined, cancel: () => undefined };
}
