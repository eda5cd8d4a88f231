import type { IncomingMessage } from 'node:http';
import type { Clock, Timer } from '@trainer/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from './connection-room.js';
import { RequestStalledError } from './errors.js';

/** How patient the door is with the bodies of requests. */
export interface BodyPatience {
  readonly clock: Clock;
  /** A body of which nothing comes for so long is given up. */
  readonly idleMs: number;
  /** So long at most for a body that is not an upload: it holds a megabyte at most. */
  readonly wholeMs: number;
}

/**
 * After an early answer, such as that of an upload that is too large, the rest of the body is thrown away while it comes, for so long
 * in all: a client that writes before it reads would otherwise see a broken connection in place of the answer.
 */
const LINGER_MS = 30_000;
/** A client that has sent nothing for so long has read its answer, or never will. */
const LINGER_SILENT_MS = 2_000;

/** Gives up requests whose body stalls, with 408, and ends connections whose request was answered before it was whole. */
export function addBodyLimits(fastify: FastifyInstance, patience: BodyPatience): void {
  const { clock } = patience;
  fastify.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request.raw)) new BodyWatch(request, reply, patience).start();
    done();
  });
  fastify.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.socket.destroyed) linger(raw, clock);
    done();
  });
}

/** Ends the connection of an answered request whose body still comes. */
function linger(raw: IncomingMessage, clock: Clock): void {
  const { socket } = raw;
  const endsAt = clock.monotonicMs() + LINGER_MS;
  let timer: Timer;
  const look = (seenBytes: number): void => {
    timer = clock.after(LINGER_SILENT_MS, () => {
      if (raw.complete) return;
      if (socket.bytesRead === seenBytes || clock.monotonicMs() >= endsAt) socket.destroy();
      else look(socket.bytesRead);
    });
  };
  look(socket.bytesRead);
  socket.once('close', () => {
    timer.cancel();
    // Node ends a request with its connection only until it is answered; whoever still reads this one would wait for ever.
    raw.destroy();
  });
}

/** Looks at what has come of one body. */
class BodyWatch {
  #timer: Timer | null = null;
  #seenBytes = -1;
  readonly #startedMs: number;

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly patience: BodyPatience,
  ) {
    this.#startedMs = patience.clock.monotonicMs();
  }

  start(): void {
    const end = (): void => this.#timer?.cancel();
    this.request.raw.once('close', end);
    this.reply.raw.once('close', end);
    this.#look();
  }

  #look(): void {
    const { raw, method } = this.request;
    if (raw.complete || raw.destroyed || this.reply.sent) return;
    const { clock, idleMs, wholeMs } = this.patience;
    const { bytesRead } = raw.socket;
    // What has come and is not taken yet waits for our disk, not for the client.
    const isStalled = bytesRead === this.#seenBytes && raw.readableLength === 0;
    const leftMs = method === 'PUT' ? idleMs : wholeMs - (clock.monotonicMs() - this.#startedMs);
    if (isStalled || leftMs <= 0) {
      const error = new RequestStalledError(isStalled ? idleMs : wholeMs);
      void this.reply.status(408).header('Connection', 'close').send({ detail: error.message });
      return;
    }
    this.#seenBytes = bytesRead;
    this.#timer = clock.after(Math.min(idleMs, leftMs), () => this.#look());
  }
}
