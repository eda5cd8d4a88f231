import type { Millis } from '@trainer/model';
import type { SimProcess, World } from './world.js';

/** A way between two computers. While it is cut nothing gets through; TCP sends it again once it is healed. */
export class Link {
  isCut = false;
  readonly #channels = new Set<{ pump(): void }>();

  constructor(
    readonly world: World,
    readonly name: string,
  ) {}

  /** Mostly a millisecond, now and then much longer. */
  delayMs(): Millis {
    const { random } = this.world;
    if (random.chance(0.02)) return random.int(20, 400);
    return random.next() * 2;
  }

  cut(): void {
    if (this.isCut) return;
    this.world.note(this.name, 'is cut');
    this.isCut = true;
  }

  heal(): void {
    if (!this.isCut) return;
    this.world.note(this.name, 'is healed');
    this.isCut = false;
    for (const channel of [...this.#channels]) this.world.after(this.delayMs(), () => channel.pump());
  }

  keep(channel: { pump(): void }): void {
    this.#channels.add(channel);
  }

  drop(channel: { pump(): void }): void {
    this.#channels.delete(channel);
  }
}

/** One direction of a connection: messages keep their order. */
export class Channel<T> {
  #queue: { readonly dueMs: Millis; readonly item: T }[] = [];
  #lastDueMs: Millis = 0;
  #isClosed = false;

  constructor(
    private readonly link: Link,
    private readonly receiver: SimProcess,
    private readonly deliver: (item: T) => void,
  ) {
    link.keep(this);
  }

  send(item: T): void {
    if (this.#isClosed) return;
    const { world } = this.link;
    this.#lastDueMs = Math.max(this.#lastDueMs, world.nowMs + this.link.delayMs());
    this.#queue.push({ dueMs: this.#lastDueMs, item });
    world.after(this.#lastDueMs - world.nowMs, () => this.pump());
  }

  pump(): void {
    const first = this.#queue[0];
    if (first === undefined || this.link.isCut || first.dueMs > this.link.world.nowMs) return;
    this.#queue.shift();
    this.receiver.io(() => this.deliver(first.item));
    if (this.#queue.length > 0) this.link.world.after(0, () => this.pump());
  }

  /** What is under way is lost. */
  clear(): void {
    this.#queue = [];
  }

  close(): void {
    this.#isClosed = true;
    this.clear();
    this.link.drop(this);
  }
}
