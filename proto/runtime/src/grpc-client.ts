import {
  credentials,
  InterceptingCall,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientOptions,
  type Interceptor,
} from '@grpc/grpc-js';
import type { Millis } from '@trainer/model';
import { AUTHORIZATION, COMMON_OPTIONS } from './grpc-options.js';

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

function channelOptions(settings: ChannelSettings): ChannelOptions {
  const { reconnectFirstMs = 100, reconnectMaxMs = 1000, keepaliveMs = 10_000, keepaliveTimeoutMs = 5000 } = settings;
  return {
    ...COMMON_OPTIONS,
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
