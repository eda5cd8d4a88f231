import type { Clock, Millis } from '@trainer/model';
import { deferred } from './deferred.js';
import { checkMessage, MessagesUnavailableError, type Messages, type Subscription } from './messages.js';

type Handler = (bytes: Uint8Array, subject: string) => void;
type Answerer = (bytes: Uint8Array) => Promise<Uint8Array>;

/** A NATS server in memory, for tests. */
export class MemoryBroker {
  readonly #clock: Clock;
  readonly #handlers = new Set<{ readonly pattern: string; readonly handler: Handler }>();
  readonly #answerers = new Set<{ readonly subject: string; readonly answer: Answerer }>();
  readonly #listeners = new Set<(isConnected: boolean) => void>();
  #isUp = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Takes the server away from all connections, or gives it back. Answers on their way are lost. */
  setUp(isUp: boolean): void {
    if (this.#isUp === isUp) return;
    this.#isUp = isUp;
    for (const listener of [...this.#listeners]) listener(isUp);
  }

  /** Another connection. */
  connect(): Messages {
    return new MemoryMessages(this);
  }

  /** @internal */
  listen(listener: (isConnected: boolean) => void): Subscription {
    return added(this.#listeners, listener);
  }
  /** @internal */
  subscribe(pattern: string, handler: Handler): Subscription {
    return added(this.#handlers, { pattern, handler });
  }
  /** @internal */
  serve(subject: string, answer: Answerer): Subscription {
    return added(this.#answerers, { subject, answer });
  }

  /** @internal */
  deliver(subject: string, bytes: Uint8Array): void {
    for (const { pattern, handler } of [...this.#handlers]) {
      if (!matches(pattern, subject)) continue;
      try {
        handler(bytes, subject);
      } catch {
        // As over NATS, a handler that fails takes nothing from the others.
      }
    }
  }

  /** @internal */
  async request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> {
    const found = [...this.#answerers].find((answerer) => answerer.subject === subject);
    if (!found) throw new MessagesUnavailableError(subject, 'no-responders');
    const reply = deferred<Uint8Array>();
    const timer = this.#clock.after(timeoutMs, () => reply.reject(new MessagesUnavailableError(subject, 'timeout')));
    // What fails, and an answer that NATS would not take, is no answer.
    const answered = found.answer(bytes).then((answer) => {
      checkMessage(subject, answer);
      if (this.#isUp) reply.resolve(answer);
    });
    answered.catch(() => undefined);
    return reply.promise.finally(() => timer.cancel());
  }
}

class MemoryMessages implements Messages {
  readonly #broker: MemoryBroker;
  readonly #own: Subscription[] = [];
  #isClosed = false;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  get isConnected(): boolean {
    return this.#broker.isUp && !this.#isClosed;
  }

  #keep(subscription: Subscription): Subscription {
    this.#own.push(subscription);
    return subscription;
  }

  onChange(listener: (isConnected: boolean) => void): Subscription {
    return this.#keep(this.#broker.listen(listener));
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    if (!this.isConnected) return false;
    checkMessage(subject, bytes);
    queueMicrotask(() => this.#broker.deliver(subject, bytes));
    return true;
  }

  async request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> {
    if (!this.isConnected) throw new MessagesUnavailableError(subject, 'disconnected');
    checkMessage(subject, bytes);
    return this.#broker.request(subject, bytes, timeoutMs);
  }

  serve(subject: string, handler: Answerer): Subscription {
    return this.#keep(this.#broker.serve(subject, handler));
  }

  subscribe(subject: string, handler: Handler): Subscription {
    return this.#keep(this.#broker.subscribe(subject, handler));
  }

  async flush(): Promise<void> {
    if (!this.isConnected) throw new MessagesUnavailableError('flush', 'disconnected');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const subscription of this.#own) subscription.close();
  }
}

function added<T>(set: Set<T>, item: T): Subscription {
  set.add(item);
  return { close: () => void set.delete(item) };
}

/** NATS's wildcards: `*` stands for one token, a last `>` for one or more. */
function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  const isOpen = wanted.at(-1) === '>';
  const fixed = isOpen ? wanted.slice(0, -1) : wanted;
  const isLength = isOpen ? tokens.length > fixed.length : tokens.length === fixed.length;
  return isLength && fixed.every((token, i) => token === '*' || token === tokens[i]);
}
