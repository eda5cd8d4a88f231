import { credentials, Metadata, type CallOptions, type ClientReadableStream, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import type { Clock, Millis, TrainerError } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import {
  ActorServiceClient,
  BundleServiceClient,
  ClusterServiceClient,
  JobServiceClient,
  SessionServiceClient,
  statusToError,
  TokenServiceClient,
} from '@trainer/wire';
import { ClusterUnavailableError, reviveError, UnauthenticatedError } from '../errors.js';
import type { HeadAddress } from '../head/head-door.js';
import { HeadsChannel } from './heads-channel.js';

/** A restarted head is back within seconds; who waits longer wants to know. */
export const UNARY_DEADLINE_MS = 10_000;
const CLOSED = 'The connection to the cluster was closed';
/** Between two tries of a request whose connection broke. */
const RETRY_PAUSE_MS = 100;

export type UnaryMethod<Request, Reply> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, reply: Reply) => void,
) => ClientUnaryCall;

export type StreamMethod<Request, Item> = (
  request: Request,
  metadata: Metadata,
  options?: Partial<CallOptions>,
) => ClientReadableStream<Item>;

/** How a request may be made. */
export interface RequestRules {
  /** Default UNARY_DEADLINE_MS. */
  readonly deadlineMs?: number;
  /** May be made again when its answer was lost. */
  readonly isIdempotent: boolean;
}

/** What can be given up: a call, a stream. */
export interface Cancellable {
  cancel(): void;
}

/** The head's services over one connection, with the secret on every request. */
export class HeadRpc {
  readonly actors: ActorServiceClient;
  readonly bundles: BundleServiceClient;
  readonly cluster: ClusterServiceClient;
  readonly jobs: JobServiceClient;
  readonly sessions: SessionServiceClient;
  readonly tokens: TokenServiceClient;
  readonly clock: Clock;
  readonly #head: HeadAddress;
  readonly #channel: HeadsChannel;
  readonly #open = new Set<Cancellable>();
  #isClosed = false;

  constructor(head: HeadAddress, clock: Clock) {
    this.#head = head;
    this.clock = clock;
    this.#channel = new HeadsChannel(head.address, clock);
    // The secret goes into each request's metadata, beside the wish to wait for a connection.
    const target = this.#channel.addresses[0] ?? '';
    const plain = credentials.createInsecure();
    const shared = { channelOverride: this.#channel };
    this.actors = new ActorServiceClient(target, plain, shared);
    this.bundles = new BundleServiceClient(target, plain, shared);
    this.cluster = new ClusterServiceClient(target, plain, shared);
    this.jobs = new JobServiceClient(target, plain, shared);
    this.sessions = new SessionServiceClient(target, plain, shared);
    this.tokens = new TokenServiceClient(target, plain, shared);
  }

  /** Those that are tried, for messages. */
  get addresses(): readonly string[] {
    return this.#channel.addresses;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The secret; and with one address the request waits for a connection, up to its deadline, instead of failing while a head restarts. */
  metadata(): Metadata {
    const metadata = new Metadata({ waitForReady: !this.#channel.hasSeveral });
    metadata.set('authorization', `Bearer ${this.#head.secret}`);
    return metadata;
  }

  /**
   * To be awaited before a call: looks for a head that takes the connection.
   * @returns a call for when that head turns out to be away or not to lead; null when none was reached within `deadlineMs`
   */
  async reach(deadlineMs: Millis = UNARY_DEADLINE_MS): Promise<(() => void) | null> {
    if (!(await this.#channel.reach(deadlineMs, () => this.#isClosed))) return null;
    const { current } = this.#channel;
    return () => this.#channel.moveOn(current);
  }

  /**
   * Makes a request, again and again where that is allowed and its connection broke, up to the deadline.
   * @throws ClusterUnavailableError, UnauthenticatedError, and what the head answered.
   */
  async unary<Request, Reply>(method: UnaryMethod<Request, Reply>, request: Request, rules: RequestRules): Promise<Reply> {
    this.#check();
    const since = this.clock.wallMs();
    const deadlineMs = rules.deadlineMs ?? UNARY_DEADLINE_MS;
    const startedMs = this.clock.monotonicMs();
    // What a head said of itself is worth more than that the last try of many got no answer in the moment that was left.
    let heard: TrainerError | null = null;
    for (;;) {
      const leftMs = (): number => deadlineMs - (this.clock.monotonicMs() - startedMs);
      const moveOn = await this.reach(leftMs());
      if (moveOn === null) throw heard ?? this.nobodyAnswers(since);
      try {
        return await this.#once(method, request, Math.max(1, leftMs()));
      } catch (error) {
        const failure = this.errorOf(error, since);
        const isAway = failure.code === 'cluster.unavailable';
        if (isAway) moveOn();
        if (!isAway || failure.retry === 'never') throw failure;
        if (!(failure instanceof ClusterUnavailableError)) heard = failure;
        if (this.#isClosed || !rules.isIdempotent || leftMs() <= RETRY_PAUSE_MS) throw this.#isClosed ? failure : (heard ?? failure);
        await sleep(this.clock, RETRY_PAUSE_MS);
      }
    }
  }

  /** Opens a stream from the head; it ends with the connection. */
  stream<Request, Item>(method: StreamMethod<Request, Item>, request: Request): ClientReadableStream<Item> {
    this.#check();
    const stream = method(request, this.metadata());
    this.own(stream);
    stream.once('status', () => this.disown(stream));
    return stream;
  }

  /** What is cancelled when the connection is closed. */
  own(cancellable: Cancellable): void {
    if (this.#isClosed) cancellable.cancel();
    else this.#open.add(cancellable);
  }

  disown(cancellable: Cancellable): void {
    this.#open.delete(cancellable);
  }

  /** No head was reached since then, milliseconds since 1970. */
  nobodyAnswers(since: number): ClusterUnavailableError {
    return new ClusterUnavailableError(this.addresses, since, this.#isClosed ? CLOSED : 'No head answers');
  }

  /** A failure of gRPC as an error of ours; `since`: when it was first tried, milliseconds since 1970. */
  errorOf(failure: unknown, since: number): TrainerError {
    const error = statusToError(failure);
    if (error.code === 'auth.missing' || error.code === 'auth.refused') return new UnauthenticatedError(error.code, this.#head.address);
    // What the head itself threw says who is away; only gRPC's own failures carry a status.
    if (error.facts['grpcStatus'] === undefined) return reviveError(error);
    switch (error.code) {
      case 'cluster.unavailable':
      case 'call.timeout':
        return new ClusterUnavailableError(this.addresses, since, 'No head answers');
      case 'call.cancelled':
        return new ClusterUnavailableError(this.addresses, since, CLOSED);
      default:
        return reviveError(error);
    }
  }

  /** Gives up all that is in flight. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancellable of this.#open) cancellable.cancel();
    this.#open.clear();
    this.#channel.close();
  }

  #check(): void {
    if (this.#isClosed) throw new ClusterUnavailableError(this.addresses, this.clock.wallMs(), CLOSED);
  }

  #once<Request, Reply>(method: UnaryMethod<Request, Reply>, request: Request, deadlineMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const call: ClientUnaryCall = method(request, this.metadata(), { deadline: Date.now() + deadlineMs }, (error, reply) => {
        this.disown(call);
        if (error) reject(error);
        else resolve(reply);
      });
      this.own(call);
    });
  }
}
