import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';
/** More than this in one direction and the sender is told to wait, as a full network buffer does. */
const MOST_WAITING = 256;

/** Where a link leads. */
export interface LinkTarget {
  readonly host: string;
  readonly port: number;
}

export type LinkState = 'open' | 'cut' | 'severed';

/**
 * A network between two processes: a TCP proxy whose port stays the same for its whole life. While it is cut nothing passes and
 * nothing is closed, and what one side sends or ends meanwhile reaches the other when it is healed, as TCP does behind a
 * network that was away. New connections are then held by the kernel's handshake alone. While it is severed every connection
 * is closed at once.
 */
export class Link implements AsyncDisposable {
  #state: LinkState = 'open';
  #delayMs = 0;
  readonly #pairs = new Set<Pair>();

  private constructor(
    readonly name: string,
    private readonly server: Server,
    private readonly target: () => LinkTarget,
  ) {
    server.on('connection', (near) => this.#accept(near));
  }

  /** @param target asked at each connection, as its server may have moved meanwhile */
  static async open(name: string, target: () => LinkTarget): Promise<Link> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    const link = new Link(name, server, target);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
    return link;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** host:port for whoever uses it. */
  get address(): string {
    return `${HOST}:${this.port}`;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connections that pass through it now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Nothing passes from now on, and nothing is closed. */
  cut(): void {
    this.#state = 'cut';
    for (const pair of this.#pairs) pair.hold(true);
  }

  /** Closes every connection, and each that comes. */
  sever(): void {
    this.#state = 'severed';
    for (const pair of this.#pairs) pair.destroy();
  }

  /** Everything passes again; what was held meanwhile goes first. */
  heal(): void {
    this.#state = 'open';
    for (const pair of this.#pairs) pair.hold(false);
  }

  /** Every byte from now on takes so much longer in each direction; 0 ends it. */
  delayBy(ms: number): void {
    this.#delayMs = ms;
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(near: Socket): void {
    if (this.#state === 'severed') {
      near.resetAndDestroy();
      return;
    }
    const pair = new Pair(near, this.target, () => this.#delayMs);
    this.#pairs.add(pair);
    pair.onDone(() => this.#pairs.delete(pair));
    pair.hold(this.#state === 'cut');
  }
}

/** One connection: the socket of whoever came, and ours to where the link leads, made when something may pass. */
class Pair {
  #far: Socket | null = null;
  #pumps: readonly Pump[] = [];
  #whenDone: () => void = () => undefined;

  constructor(
    private readonly near: Socket,
    private readonly target: () => LinkTarget,
    private readonly delayMs: () => number,
  ) {
    // What breaks it is told by `close`, which follows.
    near.on('error', () => undefined);
    near.once('close', () => this.isDone && this.#whenDone());
  }

  get isDone(): boolean {
    return this.near.destroyed && (this.#far?.destroyed ?? true);
  }

  onDone(call: () => void): void {
    this.#whenDone = call;
  }

  hold(isHeld: boolean): void {
    if (this.#far === null && !isHeld) this.#dial();
    for (const pump of this.#pumps) pump.hold(isHeld);
  }

  destroy(): void {
    this.near.resetAndDestroy();
    this.#far?.destroy();
    this.#whenDone();
  }

  #dial(): void {
    const far = connect({ ...this.target(), allowHalfOpen: true, noDelay: true });
    this.#far = far;
    far.on('error', () => undefined);
    far.pause();
    this.#pumps = [new Pump(this.near, far, this.delayMs), new Pump(far, this.near, this.delayMs)];
    far.once('close', () => this.isDone && this.#whenDone());
  }
}

/** One direction of a connection: what comes out of `from`, its end and its break, goes into `to` in that order. */
class Pump {
  readonly #waiting: { readonly dueMs: number; readonly pass: () => void }[] = [];
  #isHeld = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly delayMs: () => number,
  ) {
    from.on('data', (piece: Buffer) => this.#later(() => void to.write(piece)));
    from.once('end', () => this.#later(() => to.end()));
    from.once('close', (isBroken) => {
      // An orderly close was told by `end`; a break resets the other side too.
      if (isBroken || !from.readableEnded) this.#later(() => void to.resetAndDestroy());
      else this.#later(() => undefined);
    });
    to.on('drain', () => this.#flow());
    this.#flow();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#pass();
  }

  #later(pass: () => void): void {
    this.#waiting.push({ dueMs: performance.now() + this.delayMs(), pass });
    this.#pass();
  }

  #pass(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let next = this.#waiting[0]; next !== undefined && !this.#isHeld; next = this.#waiting[0]) {
      const inMs = next.dueMs - performance.now();
      if (inMs > 0) {
        this.#timer = setTimeout(() => this.#pass(), inMs);
        break;
      }
      this.#waiting.shift();
      next.pass();
    }
    this.#flow();
  }

  #flow(): void {
    if (this.#isHeld || this.to.writableNeedDrain || this.#waiting.length > MOST_WAITING) this.from.pause();
    else this.from.resume();
  }
}
