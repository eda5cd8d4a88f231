import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status,
  type ConnectionInjector,
  type Metadata,
  type ServerInterceptor,
  type ServiceDefinition,
  type StatusObject,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { TrainerError, type Clock, type Millis } from '@trainer/model';
import type { PortRange } from './config.js';
import { AUTHORIZATION, COMMON_OPTIONS } from './grpc-options.js';
import { listen } from './listen.js';

/** The caller showed no secret. */
export class MissingSecretError extends TrainerError<'auth.missing', Record<string, never>> {
  constructor() {
    super('auth.missing', "The call carries no secret; send the cluster's as 'authorization: Bearer ...'.", {});
  }
}

/** The caller showed another secret than the cluster's. */
export class WrongSecretError extends TrainerError<'auth.refused', Record<string, never>> {
  constructor() {
    super('auth.refused', "The secret is not this cluster's; take it from the cluster's data folder.", {});
  }
}

/** The secret is right, but not for this method. */
export class NarrowSecretError extends TrainerError<'auth.refused', { method: string }> {
  constructor(method: string) {
    super('auth.refused', `The secret shown does not open ${method}; actors may only look others up.`, { method });
  }
}

/** A secret that opens some methods only. */
export interface NarrowSecret {
  readonly secret: string;
  /** Their paths, such as `/trainer.v1.ActorService/Get`. */
  readonly methods: readonly string[];
}

/** Connections that have shown no secret yet; of more the oldest is cut. One that is used shows it with its first call. */
const MAX_UNPROVEN = 1_000;
/** A timer that is later than this has stood still with its process. */
const STALL_MS = 500;

/** How long a connection may show nothing. */
export interface UnprovenLimit {
  readonly clock: Clock;
  readonly ms: Millis;
}

/** Connections until they have shown the secret. */
class Unproven {
  readonly #sockets = new Map<string, Socket>();
  readonly #limit: UnprovenLimit | null;

  constructor(limit: UnprovenLimit | null) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;
    this.#watch(peer, socket);
    const [oldest] = this.#sockets;
    if (oldest !== undefined && this.#sockets.size >= MAX_UNPROVEN) {
      this.#sockets.delete(oldest[0]);
      oldest[1].destroy();
    }
    this.#sockets.set(peer, socket);
    socket.once('close', () => this.#sockets.get(peer) === socket && this.#sockets.delete(peer));
  }

  /** @param peer as grpc-js names it */
  isProven(peer: string): void {
    this.#sockets.delete(peer);
  }

  #watch(peer: string, socket: Socket): void {
    if (this.#limit === null) return;
    const { clock, ms } = this.#limit;
    const dueMs = clock.monotonicMs() + ms;
    const timer = clock.after(ms, () => {
      if (this.#sockets.get(peer) !== socket) return;
      // This process stood still: what the peer has shown meanwhile was not read yet.
      if (clock.monotonicMs() - dueMs > STALL_MS) this.#watch(peer, socket);
      else socket.destroy();
    });
    socket.once('close', () => timer.cancel());
  }
}

export interface ServerSettings {
  /** Every call must show it; null: the service checks its callers itself, and says by `proven` whom it knows. */
  readonly secret: string | null;
  /** A connection that has shown nothing for so long is cut; default: only the oldest, where there are too many. */
  readonly unproven?: UnprovenLimit;
  /** Shown instead, for the calls that it opens; default: there is none. */
  readonly narrow?: NarrowSecret;
  /** A connection without a call is closed after it; default: five minutes. */
  readonly idleMs?: Millis;
  /** How a refusal is told, such as `errorToStatus` of the wire. */
  readonly toStatus: (thrown: unknown) => Partial<StatusObject>;
  /** Checks each message of a client before its method sees it, such as `checkRequest` of the wire. @throws for one that is out of bounds */
  readonly check?: (path: string, message: unknown) => void;
  /** Of one message of a client; default: values of 64 MiB and what is around them. */
  readonly maxMessageBytes?: number;
}

/** In the place of a message that was not read; no method sees it. */
class Unread {
  constructor(readonly error: unknown) {}
}

/** What came is not the method's message. */
export class MalformedError extends TrainerError<'wire.format', { path: string }> {
  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('wire.format', `${path}: the message is not protobuf of the method's request: ${why.slice(0, 200)}.`, { path }, 'never', {
      cause,
    });
  }
}

/**
 * Streams that one connection may have open: a program that creates thousands of actors at once has a stream for each, and one more
 * to kill one of them must find room.
 */
const MAX_STREAMS = 20_000;

/** Then ten probes of a second each (libuv): with them well below the 30 s that a caller without a link is waited for. */
const KEEPALIVE_AFTER_MS = 15_000;
/** Callers that are in order keep a call open, or connect anew with their next one. */
const IDLE_MS = 300_000;

/**
 * A gRPC server whose every method refuses callers without the secret, before it reads a message of theirs. It sends no pings of
 * its own: after a stall of this process their timers would fire before the answers are read, and cut every caller. The kernel's
 * keepalive knows no stalls: it ends an idle connection whose other machine is gone 25 s later. A connection that ends within a frame
 * or after a broken one is not noticed by Node's HTTP/2 (a descriptor lost for each, seen on Node 20), so that connections without a
 * call are closed after a while.
 */
export class GrpcServer {
  readonly #server: Server;
  readonly #check: NonNullable<ServerSettings['check']>;
  readonly #connections: ConnectionInjector;
  /** Not grpc-js's own, which writes to stderr when a port is taken, and takes 5 % of an actor's start to find its address. */
  readonly #listener: TcpServer;
  readonly #unproven: Unproven;

  constructor(settings: ServerSettings) {
    const { secret, narrow, toStatus, maxMessageBytes, idleMs = IDLE_MS } = settings;
    this.#check = settings.check ?? (() => undefined);
    const refuse = refuseUnread(toStatus);
    const unproven = new Unproven(settings.unproven ?? null);
    this.#unproven = unproven;
    this.#server = new Server({
      ...COMMON_OPTIONS,
      ...(maxMessageBytes === undefined ? {} : { 'grpc.max_receive_message_length': maxMessageBytes }),
      'grpc.max_concurrent_streams': MAX_STREAMS,
      'grpc.max_connection_idle_ms': idleMs,
      interceptors: secret === null ? [refuse] : [refuse, askSecret(secret, { narrow, toStatus, unproven })],
    });
    this.#connections = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_AFTER_MS };
    this.#listener = createServer(options, (socket) => {
      unproven.add(socket);
      this.#connections.injectConnection(socket);
    });
  }

  /** Whoever calls from there has shown a secret of the service's own. @param peer as a call's `getPeer` names it */
  proven(peer: string): void {
    this.#unproven.isProven(peer);
  }

  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(this.#checked(definition), implementation);
  }

  /** grpc-js answers a message that can't be read without our code, and as a fault of its own: what is wrong with it is told here. */
  #checked(definition: ServiceDefinition): ServiceDefinition {
    const methods = Object.entries(definition).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): unknown => {
        let message: unknown;
        try {
          message = method.requestDeserialize(bytes);
        } catch (error) {
          return new Unread(new MalformedError(method.path, error));
        }
        try {
          this.#check(method.path, message);
          return message;
        } catch (error) {
          return new Unread(error);
        }
      };
      return [name, { ...method, requestDeserialize }] as const;
    });
    return Object.fromEntries(methods);
  }

  /** Listens on the first free port of the range; 0 to 0: the system chooses. @returns the port. @throws ListenError */
  listen(host: string, ports: PortRange): Promise<number> {
    return listen(this.#listener, host, ports);
  }

  /** Cuts all calls at once. Idempotent. */
  cut(): void {
    this.#listener.close();
    this.#server.forceShutdown();
  }

  /** Lets running calls end for `graceMs`, then cuts them. */
  async close(clock: Clock, graceMs: Millis): Promise<void> {
    this.#listener.close();
    const timer = clock.after(graceMs, () => this.cut());
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    timer.cancel();
  }
}

/** Ends the call of a message that was not read, with why. */
function refuseUnread(toStatus: ServerSettings['toStatus']): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMessage: (message: unknown, proceed) => {
            if (!(message instanceof Unread)) proceed(message);
            else call.sendStatus({ code: status.INVALID_ARGUMENT, details: '', ...toStatus(message.error) });
          },
        });
      },
    });
}

function askSecret(
  secret: string,
  {
    narrow,
    toStatus,
    unproven,
  }: Pick<ServerSettings, 'toStatus'> & { readonly narrow: NarrowSecret | undefined; readonly unproven: Unproven },
): ServerInterceptor {
  const isRight = secretCheck(secret);
  const isNarrow = narrow === undefined ? () => false : secretCheck(narrow.secret);
  const problem = (path: string, shown: string | null): TrainerError | null => {
    if (shown === null) return new MissingSecretError();
    if (isRight(shown)) return null;
    if (!isNarrow(shown)) return new WrongSecretError();
    return narrow?.methods.includes(path) === true ? null : new NarrowSecretError(path);
  };
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const refused = problem(path, shownSecret(metadata));
            if (refused === null) {
              unproven.isProven(call.getPeer());
              proceed(metadata);
            } else call.sendStatus({ code: status.UNAUTHENTICATED, details: '', ...toStatus(refused) });
          },
        });
      },
    });
}

function shownSecret(metadata: Metadata): string | null {
  const [value] = metadata.get(AUTHORIZATION);
  return typeof value === 'string' && value.startsWith('Bearer ') ? value.slice('Bearer '.length) : null;
}

/** @returns a check that takes the same time whatever the text shown; also for tokens. */
export function secretCheck(secret: string): (shown: string) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(secret);
  return (shown) => timingSafeEqual(wanted, digest(shown));
}
