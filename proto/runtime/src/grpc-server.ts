import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server as TcpServer } from 'node:net';
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

export interface ServerSettings {
  /** Every call must show it; null: the service checks its callers itself. */
  readonly secret: string | null;
  /** Shown instead, for the calls that it opens; default: there is none. */
  readonly narrow?: NarrowSecret;
  /** How a refusal is told, such as `errorToStatus` of the wire. */
  readonly toStatus: (thrown: unknown) => Partial<StatusObject>;
}

/** Then ten probes of a second each (libuv): with them well below the 30 s that a caller without a link is waited for. */
const KEEPALIVE_AFTER_MS = 15_000;

/**
 * A gRPC server whose every method refuses callers without the secret, before it reads a message of theirs. It sends no pings of
 * its own: after a stall of this process their timers would fire before the answers are read, and cut every caller. The kernel's
 * keepalive knows no stalls: it ends an idle connection whose other machine is gone 25 s later.
 */
export class GrpcServer {
  readonly #server: Server;
  readonly #connections: ConnectionInjector;
  /** Not grpc-js's own, which writes to stderr when a port is taken, and takes 5 % of an actor's start to find its address. */
  readonly #listener: TcpServer;

  constructor(settings: ServerSettings) {
    const { secret, narrow, toStatus } = settings;
    this.#server = new Server({ ...COMMON_OPTIONS, interceptors: secret === null ? [] : [askSecret(secret, narrow, toStatus)] });
    this.#connections = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_AFTER_MS };
    this.#listener = createServer(options, (socket) => this.#connections.injectConnection(socket));
  }

  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    this.#server.addService(definition, implementation);
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

function askSecret(secret: string, narrow: NarrowSecret | undefined, toStatus: ServerSettings['toStatus']): ServerInterceptor {
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
            if (refused === null) proceed(metadata);
            else call.sendStatus({ code: status.UNAUTHENTICATED, details: '', ...toStatus(refused) });
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
