import type { Millis } from '@trainer/model';
import { connect, ErrorCode, Events, NatsError, type NatsConnection } from 'nats';
import { backoff, type Random } from './backoff.js';
import type { Logger } from './logger.js';
import { checkMessage, MessagesUnavailableError, type Messages, type MessagesProblem, type Subscription } from './messages.js';

export interface NatsOptions {
  /** `host:port` of each server. */
  readonly servers: readonly string[];
  readonly token: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  readonly random: Random;
  /** Waits between two tries; default 100 ms, growing to 1,000 ms. Tries never end. */
  readonly reconnect?: { readonly firstMs: Millis; readonly maxMs: Millis };
  /** Two pings this far apart without an answer mean a dead connection; default 1,000 ms. */
  readonly pingMs?: Millis;
}

/**
 * Connects to NATS, waiting until a server is reached.
 * @param signal ends the wait for the first connection
 * @throws NatsError when the server refuses the token; the signal's reason
 */
export async function connectMessages(options: NatsOptions, signal?: AbortSignal): Promise<Messages> {
  const { servers, token, name, logger, random, reconnect = { firstMs: 100, maxMs: 1000 }, pingMs = 1000 } = options;
  const waits = backoff({ ...reconnect, random });
  const connection = await connect({
    servers: [...servers],
    token,
    name,
    reconnect: true,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    // Asked before each try, and the one place where its loop can be left.
    reconnectDelayHandler: () => {
      signal?.throwIfAborted();
      return waits.nextMs();
    },
    pingInterval: pingMs,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
  });
  return new NatsMessages(connection, logger, () => waits.reset());
}

class NatsMessages implements Messages {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isConnected = true;

  constructor(connection: NatsConnection, logger: Logger, onConnected: () => void) {
    this.#connection = connection;
    this.#logger = logger;
    onConnected();
    void this.#watch(onConnected);
    void connection.closed().then(() => this.#changed(false));
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  async #watch(onConnected: () => void): Promise<void> {
    for await (const { type, data } of this.#connection.status()) {
      if (type === Events.Disconnect) this.#changed(false);
      else if (type === Events.Reconnect) {
        onConnected();
        this.#changed(true);
      } else if (type === Events.Error) this.#logger.warn('NATS reports an error', { problem: data });
    }
  }

  #changed(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    if (!this.#connection.isDraining() && !this.#connection.isClosed()) {
      this.#logger.info(isConnected ? 'connected to NATS again' : 'lost the connection to NATS', { server: this.#connection.getServer() });
    }
    for (const listener of [...this.#listeners]) listener(isConnected);
  }

  onChange(listener: (isConnected: boolean) => void): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    // The client would keep what is published while disconnected, without a bound.
    if (!this.#isConnected || this.#connection.isClosed() || this.#connection.isDraining()) return false;
    checkMessage(subject, bytes);
    this.#connection.publish(subject, bytes);
    return true;
  }

  async request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> {
    if (!this.#isConnected) throw new MessagesUnavailableError(subject, 'disconnected');
    checkMessage(subject, bytes);
    try {
      const reply = await this.#connection.request(subject, bytes, { timeout: timeoutMs });
      return reply.data;
    } catch (cause) {
      throw unavailable(subject, cause);
    }
  }

  serve(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): Subscription {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        // Also an answer that NATS does not take: nobody would catch its error.
        handler(message.data)
          .then((answer) => {
            if (this.#isConnected && !this.#connection.isClosed()) message.respond(answer);
          })
          .catch((problem: unknown) => this.#logger.error('a message could not be answered', { subject, problem }));
      },
    });
    return { close: () => subscription.unsubscribe() };
  }

  subscribe(subject: string, handler: (bytes: Uint8Array, subject: string) => void): Subscription {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) return;
        try {
          handler(message.data, message.subject);
        } catch (problem) {
          this.#logger.error('a message could not be handled', { subject, problem });
        }
      },
    });
    return { close: () => subscription.unsubscribe() };
  }

  async flush(): Promise<void> {
    if (!this.#isConnected) throw new MessagesUnavailableError('flush', 'disconnected');
    try {
      await this.#connection.flush();
    } catch (cause) {
      throw unavailable('flush', cause);
    }
  }

  async close(): Promise<void> {
    if (this.#connection.isClosed()) return;
    // A drain waits for the server; without a connection it would wait for ever.
    if (this.#isConnected && !this.#connection.isDraining()) await this.#connection.drain().catch(() => this.#connection.close());
    else await this.#connection.close();
  }
}

/** The client's codes that are not plain disconnection. */
const PROBLEM_OF: Readonly<Record<string, MessagesProblem>> = { [ErrorCode.NoResponders]: 'no-responders', [ErrorCode.Timeout]: 'timeout' };

function unavailable(subject: string, cause: unknown): unknown {
  return cause instanceof NatsError ? new MessagesUnavailableError(subject, PROBLEM_OF[cause.code] ?? 'disconnected', { cause }) : cause;
}
