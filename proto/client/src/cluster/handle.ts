import type { Clock, TrainerError } from '@trainer/model';
import { decodeValue, encodeValue } from '@trainer/wire';
import type { CallsOf, StreamsOf } from '../actor-spec.js';
import type { ActorLink } from '../calls/actor-link.js';
import { CallScope } from '../calls/call-scope.js';
import { PendingCall, type AnswerSink } from '../calls/pending-call.js';
import { FIRST_WINDOW_BYTES, ValueStream, type StreamCall } from '../calls/value-stream.js';
import { CallCancelledError } from '../errors.js';
import type { ActorListing } from '../head/head-door.js';
import { checkCallOptions, type CallOptions } from './options.js';

/** An actor, from outside. It is bound to the actor's id and stays usable until the cluster connection is closed. */
export interface ActorHandle<Instance extends object> {
  readonly id: string;
  /**
   * The methods that answer with one value. Calls run in the order in which they are made, each at most once.
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
  readonly id: string;
  readonly link: ActorLink;
  readonly control: ActorControl;
  readonly clock: Clock;
}

export function makeHandle<Instance extends object>(parts: HandleParts, options: CallOptions = {}): ActorHandle<Instance> {
  const { id, link, control, clock } = parts;
  const isPlain = options.timeoutMs === undefined && options.signal === undefined;
  const scope = isPlain ? null : new CallScope(clock, link, options.timeoutMs ?? 0, options.signal ?? null);
  return {
    id,
    // The compiler knows the methods, the proxy makes them: what a name means is decided in the actor.
    call: methods(
      (method) =>
        (...args) =>
          callValue(link, scope, method, args),
    ) as CallsOf<Instance>,
    stream: methods(
      (method) =>
        (...args) =>
          callStream(link, scope, method, args),
    ) as StreamsOf<Instance>,
    with: (more) => makeHandle<Instance>(parts, { ...options, ...checkCallOptions(more) }),
    kill: async () => {
      const { state } = await control.kill(id);
      if (state.at === 'dead') link.died(state.cause);
    },
    state: () => control.get(id),
  };
}

function methods(make: (method: string) => (...args: unknown[]) => unknown): object {
  const made = Object.create(null) as Record<string, unknown>;
  return new Proxy(made, {
    // `then` would make a promise of whoever is awaited or returned from an async function.
    get: (target, name) => (typeof name === 'string' && name !== 'then' ? (target[name] ??= make(name)) : undefined),
  });
}

class PromiseSink implements AnswerSink {
  constructor(
    readonly resolve: (value: unknown) => void,
    readonly fail: (error: unknown) => void,
  ) {}

  value(bytes: Uint8Array): void {
    try {
      this.resolve(decodeValue(bytes, { at: 'result' }));
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

function callValue(link: ActorLink, scope: CallScope | null, method: string, args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (scope !== null && !scope.isOpen) throw scope.refusal(method);
    const encoded = encodeValue(args, { at: 'args' });
    const call = new PendingCall(method, encoded, 0, scope?.timeoutMs ?? 0, new PromiseSink(resolve, reject));
    scope?.watch(call);
    link.submit(call);
  });
}

function callStream(link: ActorLink, scope: CallScope | null, method: string, args: readonly unknown[]): ValueStream<unknown> {
  // Encoded when it is written down, not when it begins: the program may change its arguments in between.
  const encoded = encodeValue(args, { at: 'args' });
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
  return new ValueStream(begin, (bytes) => decodeValue(bytes, { at: 'item' }));
}

function refused(sink: AnswerSink, error: TrainerError): StreamCall {
  sink.fail(error);
  return { credit: () => undefined, cancel: () => undefined };
}
