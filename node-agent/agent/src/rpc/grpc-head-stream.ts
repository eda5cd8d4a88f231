import { AgentServiceClient, decodeToAgent, encodeFromAgent, type pb } from '@trainer/wire';
import { closeClient, openClient } from '@trainer/runtime';
import { toErrorData, type Clock, type Millis } from '@trainer/model';
import type { HeadStream, HeadStreamEvents, OpenHeadStream } from '../link/head-stream.js';
import type { HeadAddresses } from './head-addresses.js';

/** As often as the link tries anew (design.md section 1): a connection that waits longer would make it wait. */
const RECONNECT_MS = 100;

export interface HeadStreamOptions {
  readonly secret: string;
  readonly clock: Clock;
  /** A head reads a hello at once: where there are others, one that says nothing for so long is left for the next. */
  readonly answerMs: Millis;
}

/**
 * Streams over gRPC to the head, at one address after the other: a stream that ends, however it does, moves on to the next, so that
 * a head which is gone, silent or leads no more is left for the one that leads. `close` gives the connections back.
 */
export function grpcHeadStreams(addresses: HeadAddresses, options: HeadStreamOptions): { open: OpenHeadStream; close: () => void } {
  const { secret, clock, answerMs } = options;
  const clients = new Map<string, AgentServiceClient>();
  const clientAt = (address: string): AgentServiceClient => {
    const known = clients.get(address);
    if (known !== undefined) return known;
    const client = openClient(AgentServiceClient, address, secret, { reconnectFirstMs: RECONNECT_MS, reconnectMaxMs: RECONNECT_MS });
    clients.set(address, client);
    return client;
  };
  return {
    open: (events) => {
      const address = addresses.current;
      const hasOthers = addresses.count > 1;
      const answer = hasOthers ? clock.after(answerMs, () => stream.close()) : null;
      const stream = openStream(clientAt(address), {
        onMessage: (message) => {
          answer?.cancel();
          events.onMessage(message);
        },
        onDrain: () => events.onDrain(),
        onEnd: (why) => {
          answer?.cancel();
          addresses.moveOn(address);
          events.onEnd(hasOthers ? `${address}: ${why}` : why);
        },
      });
      return stream;
    },
    close: () => {
      for (const client of clients.values()) closeClient(client);
      clients.clear();
    },
  };
}

function openStream(client: AgentServiceClient, events: HeadStreamEvents): HeadStream {
  const stream = client.connect();
  let isOver = false;
  const end = (why: string): void => {
    if (isOver) return;
    isOver = true;
    stream.cancel();
    events.onEnd(why);
  };
  stream.on('data', (wire: pb.ToAgent) => {
    if (isOver) return;
    try {
      events.onMessage(decodeToAgent(wire));
    } catch (error) {
      end(`it sent what can't be read: ${toErrorData(error).message}`);
    }
  });
  stream.on('drain', () => events.onDrain());
  stream.on('error', (error) => end(error.message));
  stream.on('end', () => end('it ended the stream'));
  return { send: (message) => !isOver && stream.write(encodeFromAgent(message)), close: () => end('closed here') };
}
