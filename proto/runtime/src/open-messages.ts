import { TrainerError, type Millis } from '@trainer/model';
import { MessagesUnavailableError, type Messages, type Subscription } from './messages.js';
import { connectMessages, type NatsOptions } from './nats.js';

/** NATS takes no connection of ours: another try would end alike. */
export class MessagesRefusedError extends TrainerError<'messages.refused', { servers: readonly string[]; reason: string }> {
  constructor(servers: readonly string[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      'messages.refused',
      `NATS at ${servers.join(', ')} refuses the connection (${reason}): give its token in NATS_URL, as nats://TOKEN@host:port.`,
      { servers, reason },
      'never',
      { cause },
    );
  }
}

/**
 * As `connectMessages`, but returns at once, and is disconnected until NATS is reached: for who serves without NATS too.
 * @param onRefused called once when NATS refuses the token; it stays disconnected then
 */
export function openMessages(options: NatsOptions, onRefused: (error: MessagesRefusedError) => void): Messages {
  return new EarlyMessages(
    (signal) => connectMessages(options, signal),
    (cause) => onRefused(new MessagesRefusedError(options.servers, cause)),
  );
}

/** A subscription that was made before there was a connection. */
interface Early {
  readonly attach: (messages: Messages) => Subscription;
  attached: Subscription | null;
}

/** Messages whose first connection is still to come: what was subscribed meanwhile is subscribed then. */
export class EarlyMessages implements Messages {
  #messages: Messages | null = null;
  #isClosed = false;
  readonly #early = new Set<Early>();
  readonly #closing = new AbortController();

  /** @param connect resolves with the first connection; the signal says that nobody waits for it any more */
  constructor(connect: (signal: AbortSignal) => Promise<Messages>, onRefused: (cause: unknown) => void) {
    connect(this.#closing.signal).then(
      (messages) => this.#connected(messages),
      (cause: unknown) => {
        if (!this.#isClosed) onRefused(cause);
      },
    );
  }

  get isConnected(): boolean {
    return this.#messages?.isConnected === true;
  }

  onChange(listener: (isConnected: boolean) => void): Subscription {
    if (this.#messages !== null) return this.#messages.onChange(listener);
    return this.#attach((messages) => {
      // Who listened before the first connection hears of it as of any other.
      listener(messages.isConnected);
      return messages.onChange(listener);
    });
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    return this.#messages?.publish(subject, bytes) ?? false;
  }

  async request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> {
    if (this.#messages === null) throw new MessagesUnavailableError(subject, 'disconnected');
    return this.#messages.request(subject, bytes, timeoutMs);
  }

  serve(subject: string, handler: (bytes: Uint8Array) => Promise<Uint8Array>): Subscription {
    return this.#attach((messages) => messages.serve(subject, handler));
  }

  subscribe(subject: string, handler: (bytes: Uint8Array, subject: string) => void): Subscription {
    return this.#attach((messages) => messages.subscribe(subject, handler));
  }

  async flush(): Promise<void> {
    if (this.#messages === null) throw new MessagesUnavailableError('flush', 'disconnected');
    await this.#messages.flush();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    this.#early.clear();
    // Without a connection there is nothing to wait for; one that comes yet is closed at once.
    if (this.#messages !== null) await this.#messages.close();
  }

  #attach(attach: (messages: Messages) => Subscription): Subscription {
    if (this.#messages !== null) return attach(this.#messages);
    const early: Early = { attach, attached: null };
    this.#early.add(early);
    return {
      close: () => {
        this.#early.delete(early);
        early.attached?.close();
      },
    };
  }

  #connected(messages: Messages): void {
    if (this.#isClosed) {
      void messages.close();
      return;
    }
    this.#messages = messages;
    for (const early of this.#early) early.attached = early.attach(messages);
    this.#early.clear();
  }
}
