import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  credentials,
  InterceptingCall,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientOptions,
  type Interceptor,
  type Metadata,
  type ServerInterceptor,
  type StatusObject,
} from '@grpc/grpc-js';
import { TrainerError, type Clock, type Millis } from '@trainer/model';
import type { PortRange } from './config.js';

/** Values of 64 MiB and what a message adds around them. */
export const MAX_MESSAGE_BYTES = 72 * 2 ** 20;
const AUTHORIZATION = 'authorization';

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

/** No port of the range is free, or the address is not of this machine. */
export class ListenError extends TrainerError<'listen.failed', { host: string; from: number; to: number }> {
  constructor(host: string, ports: PortRange, cause: unknown) {
    const which = ports.from === ports.to ? `port ${ports.from}` : `any port from ${ports.from} to ${ports.to}`;
    super(
      'listen.failed',
      `Cannot listen on ${host}, ${which}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { host, ...ports },
      'never',
      { cause },
    );
  }
}

/** How a connection behaves; all defaults are for one data centre. */
export interface ChannelSettings {
  /** First wait before a reconnect; default 100 ms (design.md section 1). */
  readonly reconnectFirstMs?: Millis;
  /** Longest wait before a reconnect; default 1,000 ms: grpc's own two minutes would keep a head that is back waiting. */
  readonly reconnectMaxMs?: Millis;
  /**
   * A ping on an idle connection this often finds a peer that is gone; default 10,000 ms. null: none, for peers that may block
   * their event loop longer than the ping may take, as the methods of actors may.
   */
  readonly keepaliveMs?: Millis | null;
  /** A ping without an answer for this long closes the connection; default 5,000 ms. */
  readonly keepaliveTimeoutMs?: Millis;
}

const MESSAGE_OPTIONS: ChannelOptions = {
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  // HTTP/2's own window of 64 KiB takes twice as long for messages of megabytes (measured on loopback: 16 MiB there and back).
  'grpc-node.flow_control_window': 2 ** 20,
};

function channelOptions(settings: ChannelSettings): ChannelOptions {
  const { reconnectFirstMs = 100, reconnectMaxMs = 1000, keepaliveMs = 10_000, keepaliveTimeoutMs = 5000 } = settings;
  return {
    ...MESSAGE_OPTIONS,
    'grpc.initial_reconnect_backoff_ms': reconnectFirstMs,
    'grpc.min_reconnect_backoff_ms': reconnectFirstMs,
    'grpc.max_reconnect_backoff_ms': reconnectMaxMs,
    'grpc.keepalive_time_ms': keepaliveMs ?? -1,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.keepalive_permit_without_calls': keepaliveMs === null ? 0 : 1,
    // Clients of one process that are closed apart must not share one connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  };
}

/** A generated client's constructor. */
type ClientConstructor<Client> = new (address: string, credentials: ChannelCredentials, options?: Partial<ClientOptions>) => Client;

/**
 * Opens a client of a generated service; it connects with its first call.
 * @param secret shown with every call; null where the service asks for none (an actor's listener asks for a token in its hello)
 */
export function openClient<Client>(
  Constructor: ClientConstructor<Client>,
  address: string,
  secret: string | null,
  settings: ChannelSettings = {},
): Client {
  const interceptors = secret === null ? [] : [showSecret(secret)];
  return new Constructor(address, credentials.createInsecure(), { ...channelOptions(settings), interceptors });
}

/**
 * Closes a client or a channel, two turns of the event loop later: grpc-js (1.14) resolves an address in the turn after the first
 * call, and a channel that is closed before that comes to life again, and connects without end.
 */
export function closeClient(client: { close(): void }): void {
  setImmediate(() => setImmediate(() => client.close()));
}

/** Plain connections take no call credentials in grpc-js, hence an interceptor. */
function showSecret(secret: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        metadata.set(AUTHORIZATION, `Bearer ${secret}`);
        next(metadata, listener);
      },
    });
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

/**
 * A server whose every method refuses callers without the secret, before it reads a message of theirs. It sends no pings of its
 * own: after a stall of this process their timers would fire before the answers are read, and cut every caller.
 */
export function openServer(settings: ServerSettings): Server {
  const { secret, narrow, toStatus } = settings;
  return new Server({ ...MESSAGE_OPTIONS, interceptors: secret === null ? [] : [askSecret(secret, narrow, toStatus)] });
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

/** Listens on the first free port of the range. @returns the port. @throws ListenError */
export async function listen(server: Server, host: string, ports: PortRange): Promise<number> {
  let problem: unknown = null;
  for (let port = ports.from; port <= ports.to; port += 1) {
    try {
      if (port !== 0) await expectFree(host, port);
      return await bind(server, host, port);
    } catch (error) {
      problem = error;
    }
  }
  throw new ListenError(host, ports, problem);
}

/** Tries a port with a plain listener first: grpc-js writes to stderr when it finds one taken. */
async function expectFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  await once(probe.listen(port, host), 'listening');
  probe.close();
  await once(probe, 'close');
}

function bind(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
}

/** Lets running calls end for `graceMs`, then cuts them. */
export async function closeServer(server: Server, clock: Clock, graceMs: Millis): Promise<void> {
  const timer = clock.after(graceMs, () => server.forceShutdown());
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  timer.cancel();
}
