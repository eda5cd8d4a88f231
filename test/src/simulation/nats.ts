import type { Millis } from '@trainer/model';
import { checkMessage, MessagesUnavailableError } from '@trainer/runtime';
import type { Messages, Subscription } from '@trainer/runtime';
import type { Link } from './network.js';
import type { SimProcess, World } from './world.js';

type Answerer = (bytes: Uint8Array) => Promise<Uint8Array>;

/** A cut connection is noticed after so long. */
const NOTICED_MS = 2_000;

/** NATS: at most once, nothing is kept. In rough weather a request may also come twice, the second time late. */
export class SimNats {
  isUp = true;
  isRough = false;
  readonly answerers = new Map<string, { readonly connection: NatsConnection; readonly answer: Answerer }>();
  readonly connections = new Set<NatsConnection>();

  /** @param onSent told of each request as it leaves its sender */
  constructor(
    readonly world: World,
    readonly onSent: (sender: string, subject: string, bytes: Uint8Array) => void,
  ) {}

  setUp(isUp: boolean): void {
    if (this.isUp === isUp) return;
    this.world.note('nats', isUp ? 'is back' : 'is away');
    this.isUp = isUp;
    for (const connection of this.connections) connection.look();
  }
}

export class NatsConnection implements Messages {
  #isConnected: boolean;
  readonly #listeners = new Set<(isConnected: boolean) => void>();

  constructor(
    private readonly nats: SimNats,
    private readonly process: SimProcess,
    readonly link: Link,
  ) {
    this.#isConnected = this.isReachable;
    nats.connections.add(this);
    process.onKilled(() => {
      nats.connections.delete(this);
      for (const [subject, { connection }] of nats.answerers) if (connection === this) nats.answerers.delete(subject);
    });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get isReachable(): boolean {
    return this.nats.isUp && !this.link.isCut && this.process.isAlive;
  }

  /** The way to the server changed; the client notices in its own time. */
  look(): void {
    const { world } = this.nats;
    const afterMs = this.isReachable ? world.random.int(20, 500) : this.nats.isUp ? NOTICED_MS : world.random.int(1, 20);
    world.after(afterMs, () =>
      this.process.io(() => {
        if (this.#isConnected === this.isReachable) return;
        this.#isConnected = this.isReachable;
        for (const listener of [...this.#listeners]) listener(this.#isConnected);
      }),
    );
  }

  onChange(listener: (isConnected: boolean) => void): Subscription {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    if (!this.#isConnected) return false;
    checkMessage(subject, bytes);
    return true;
  }

  request(subject: string, bytes: Uint8Array, timeoutMs: Millis): Promise<Uint8Array> {
    const { world } = this.nats;
    if (!this.#isConnected) return Promise.reject(new MessagesUnavailableError(subject, 'disconnected'));
    return new Promise((resolve, reject) => {
      checkMessage(subject, bytes);
      this.nats.onSent(this.process.name, subject, bytes);
      const timer = this.process.clock.after(timeoutMs, () => reject(new MessagesUnavailableError(subject, 'timeout')));
      const settle = (run: () => void): void =>
        this.process.io(() => {
          timer.cancel();
          run();
        });
      const send = (delayMs: Millis): void => {
        world.after(delayMs, () => {
          if (!this.isReachable) return;
          const found = this.nats.answerers.get(subject);
          if (found === undefined) settle(() => reject(new MessagesUnavailableError(subject, 'no-responders')));
          else if (found.connection.isReachable)
            found.connection.#answer(subject, found.answer, bytes, (reply) => this.#back(reply, (it) => settle(() => resolve(it))));
        });
      };
      send(this.link.delayMs() + this.#roughMs());
      if (this.nats.isRough && world.random.chance(0.3)) send(world.random.int(1, 5_000));
    });
  }

  #roughMs(): Millis {
    return this.nats.isRough && this.nats.world.random.chance(0.3) ? this.nats.world.random.int(10, 3_000) : 0;
  }

  #answer(subject: string, answer: Answerer, bytes: Uint8Array, reply: (bytes: Uint8Array) => void): void {
    this.process.io(() => {
      answer(bytes)
        .then((it) => {
          checkMessage(subject, it);
          if (this.isReachable) reply(it);
        })
        .catch((error: unknown) => this.nats.world.note('nats', `a handler failed: ${String(error)}`));
    });
  }

  #back(bytes: Uint8Array, resolve: (bytes: Uint8Array) => void): void {
    const { world } = this.nats;
    world.after(this.link.delayMs() + this.#roughMs(), () => {
      if (this.isReachable) resolve(bytes);
    });
  }

  serve(subject: string, answer: Answerer): Subscription {
    this.nats.answerers.set(subject, { connection: this, answer });
    return { close: () => void this.nats.answerers.delete(subject) };
  }

  subscribe(): Subscription {
    return { close: () => undefined };
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
