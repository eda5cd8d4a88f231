import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Begin, Clock } from '@trainer/model';
import { deferred, listen, sleep, type PortRange } from '@trainer/runtime';
import type { Gang } from './collective.js';
import { PeerLostError } from './errors.js';
import { introduce, receiveCaller, type HandshakePorts } from './handshake.js';
import { loneGang } from './lone-gang.js';
import { PeerLink, type LinkLoss } from './peer-link.js';
import { RingGang } from './ring-gang.js';
import type { GangSettings } from './settings.js';

export interface PeerListenerOptions {
  readonly clock: Clock;
  readonly host: string;
  /** 0 to 0: any free port. */
  readonly ports: PortRange;
  readonly settings: GangSettings;
}

/** A rank's place in an attempt, as the head tells it. */
export type Membership = Pick<Begin, 'rank' | 'worldSize' | 'peers' | 'secret'>;

/** Callers that are not known yet; those above it are sent away. */
const MAX_STRANGERS = 16;
/** Between two tries to reach the next rank, which listens already. */
const RETRY_MS = 200;

/** A rank's listener, from before it says ready until its gang is joined: peers that are quicker wait in it. */
export class PeerListener {
  readonly #strangers = new Set<Socket>();
  #onStranger: (socket: Socket) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly options: PeerListenerOptions,
  ) {
    server.on('connection', (socket) => this.#take(socket));
    server.on('error', () => undefined);
  }

  /** Listens on the first free port of the range. @throws ListenError */
  static async open(options: PeerListenerOptions): Promise<PeerListener> {
    const server = createServer();
    const port = await listen(server, options.host, options.ports);
    return new PeerListener(server, port, options);
  }

  /**
   * Connects the ring: calls the next rank and waits for the one before. Once; the listener is closed afterwards.
   * @throws PeerLostError `unreachable`, naming the rank
   */
  async join(membership: Membership): Promise<Gang> {
    if (membership.worldSize === 1) {
      this.close();
      return loneGang();
    }
    const { clock, settings } = this.options;
    const { rank, worldSize } = membership;
    const next = (rank + 1) % worldSize;
    const previous = (rank + worldSize - 1) % worldSize;
    const over = new AbortController();
    const timer = clock.after(settings.joinMs, () => over.abort());
    try {
      const calling = this.#call(membership, next, over.signal);
      const waiting = this.#await(membership, previous, over.signal);
      const [to, from] = await bothOrNeither(calling, waiting);
      const links = (onLoss: (loss: LinkLoss) => void) => ({
        next: new PeerLink(next, to, settings, clock, onLoss),
        previous: new PeerLink(previous, from, settings, clock, onLoss),
      });
      return new RingGang(rank, worldSize, links, settings, clock);
    } finally {
      timer.cancel();
      this.close();
    }
  }

  /** Idempotent; connections that belong to a gang stay. */
  close(): void {
    this.server.close();
    for (const socket of this.#strangers) socket.destroy();
    this.#strangers.clear();
  }

  #take(socket: Socket): void {
    if (this.#strangers.size >= MAX_STRANGERS) {
      socket.destroy();
      return;
    }
    this.#strangers.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#strangers.delete(socket));
    this.#onStranger(socket);
  }

  /** A caller that can't prove itself is sent away; it must not keep the right one out. */
  #await({ rank, worldSize, secret }: Membership, previous: number, over: AbortSignal): Promise<Socket> {
    const arrived = deferred<Socket>();
    const late = (): void => arrived.reject(new PeerLostError(rank, previous, 'unreachable'));
    over.addEventListener('abort', late, { once: true });
    const expected = { caller: previous, listener: rank, worldSize };
    this.#onStranger = (socket) => {
      receiveCaller(socket, expected, this.#handshake(secret)).then(
        () => {
          this.#strangers.delete(socket);
          this.#onStranger = (another) => another.destroy();
          arrived.resolve(socket);
        },
        () => socket.destroy(),
      );
    };
    for (const socket of [...this.#strangers]) this.#onStranger(socket);
    return arrived.promise.finally(() => over.removeEventListener('abort', late));
  }

  async #call(membership: Membership, next: number, over: AbortSignal): Promise<Socket> {
    const { rank, worldSize, peers, secret } = membership;
    const { host, port } = addressOf(peers[next] ?? '');
    let cause: unknown = null;
    while (!over.aborted) {
      const socket = createConnection({ host, port });
      const giveUp = (): void => void socket.destroy();
      over.addEventListener('abort', giveUp, { once: true });
      try {
        await once(socket, 'connect');
        socket.on('error', () => undefined);
        await introduce(socket, { caller: rank, listener: next, worldSize }, this.#handshake(secret));
        return socket;
      } catch (error) {
        cause = error;
        socket.destroy();
        await sleep(this.options.clock, RETRY_MS, over).catch(() => undefined);
      } finally {
        over.removeEventListener('abort', giveUp);
      }
    }
    throw new PeerLostError(rank, next, 'unreachable', { cause });
  }

  /** A rank that has not begun can't answer; its caller tries again. */
  #handshake(secret: string): HandshakePorts {
    const { clock, settings } = this.options;
    return { clock, secret, handshakeMs: settings.handshakeMs };
  }
}

/** Waits for both to settle; where one fails, the other's socket is closed. @throws what the first of them failed with */
async function bothOrNeither(calling: Promise<Socket>, waiting: Promise<Socket>): Promise<readonly [Socket, Socket]> {
  const settled = await Promise.allSettled([calling, waiting]);
  try {
    return [await calling, await waiting];
  } catch (error) {
    for (const one of settled) if (one.status === 'fulfilled') one.value.destroy();
    throw error;
  }
}

function addressOf(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
