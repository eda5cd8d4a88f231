import { EventEmitter } from 'node:events';
import { Channel, type Link } from '../network.js';
import type { SimProcess } from '../world.js';

type Item<T> = { readonly at: 'message'; readonly message: T } | { readonly at: 'end' } | { readonly at: 'broken' };

/** The server's end of a stream, as far as our services use grpc-js's. */
export class ServerCall<Up, Down> extends EventEmitter {
  writable = true;

  constructor(
    readonly request: Up | undefined,
    private readonly down: Channel<Item<Down>>,
  ) {
    super();
    // As grpc-js, which ends the stream with the error's status.
    this.on('error', () => {
      this.writable = false;
      this.down.send({ at: 'broken' });
    });
  }

  write(message: Down): boolean {
    if (this.writable) this.down.send({ at: 'message', message });
    return this.writable;
  }

  end(): void {
    if (!this.writable) return;
    this.writable = false;
    this.down.send({ at: 'end' });
  }
}

export interface ClientStream<Up> {
  send(message: Up): void;
  /** Cancels; the server hears of it when the way is open. */
  close(): void;
  /** The connection breaks: both ends hear of it, and what is under way is lost. */
  break(): void;
}

export interface StreamPorts<Up, Down> {
  readonly link: Link;
  readonly client: SimProcess;
  readonly server: SimProcess;
  accept(call: ServerCall<Up, Down>): void;
  onMessage(message: Down): void;
  /** Once, unless closed here. */
  onEnd(why: string): void;
}

/** A bidirectional stream of gRPC between two processes. */
export function openStream<Up, Down>(ports: StreamPorts<Up, Down>): ClientStream<Up> {
  const { link, client, server } = ports;
  const { world } = link;
  let isOver = false;
  let call: ServerCall<Up, Down> | null = null;
  const over = (): void => {
    isOver = true;
    down.close();
  };
  const down = new Channel<Item<Down>>(link, client, (item) => {
    if (isOver) return;
    if (item.at === 'message') ports.onMessage(item.message);
    else {
      over();
      // As grpc-js, which cancels what its server has ended.
      up.send({ at: 'broken' });
      ports.onEnd(item.at === 'end' ? 'it ended the stream' : 'the connection broke');
    }
  });
  const up = new Channel<Item<Up>>(link, server, (item) => {
    if (item.at === 'broken') {
      up.close();
      call?.emit('cancelled', 'cancelled');
      return;
    }
    if (call === null) {
      call = new ServerCall<Up, Down>(undefined, down);
      ports.accept(call);
    }
    if (item.at === 'message') call.emit('data', item.message);
  });
  server.onKilled(() => down.send({ at: 'broken' }));
  client.onKilled(() => up.send({ at: 'broken' }));
  if (!server.isAlive) down.send({ at: 'broken' });
  return {
    send: (message) => {
      if (!isOver) up.send({ at: 'message', message });
    },
    close: () => {
      if (isOver) return;
      over();
      if (world.random.chance(0.5)) up.clear();
      up.send({ at: 'broken' });
    },
    break: () => {
      if (isOver) return;
      up.clear();
      down.clear();
      up.send({ at: 'broken' });
      down.send({ at: 'broken' });
    },
  };
}

/** As our services' handlers of one call and one reply are. */
export type UnaryHandler<Request, Reply> = (
  call: { readonly request: Request },
  callback: (error: unknown, reply?: Reply | null) => void,
) => void;

/** The connection broke, or no answer came in time: whether the call was done is unknown. */
export class NoAnswerError extends Error {}

/** One call and its answer. @throws NoAnswerError, what the handler answers as its error */
export function callOnce<Request, Reply>(
  ports: { readonly link: Link; readonly client: SimProcess; readonly server: SimProcess; readonly timeoutMs: number },
  handler: UnaryHandler<Request, Reply>,
  request: Request,
): Promise<Reply> {
  const { link, client, server, timeoutMs } = ports;
  return new Promise((resolve, reject) => {
    const down = new Channel<() => void>(link, client, (settle) => {
      timer.cancel();
      settle();
    });
    const up = new Channel<null>(link, server, () => {
      handler({ request }, (error, reply) =>
        down.send(() =>
          error === null ? resolve(reply as Reply) : reject(error instanceof Error ? error : Object.assign(new Error(), error)),
        ),
      );
    });
    const timer = client.clock.after(timeoutMs, () => reject(new NoAnswerError('no answer came in time')));
    server.onKilled(() => down.send(() => reject(new NoAnswerError('the connection broke'))));
    if (server.isAlive) up.send(null);
  });
}
