import { AgentServiceClient, decodeToAgent, encodeFromAgent, type pb } from '@trainer/wire';
import { openClient } from '@trainer/runtime';
import { toErrorData } from '@trainer/model';
import type { HeadStream, HeadStreamEvents, OpenHeadStream } from '../link/head-stream.js';
import type { HeadAddresses } from './head-addresses.js';

/** As often as the link tries anew (design.md section 1): a connection that waits longer would make it wait. */
const RECONNECT_MS = 100;

/**
 * Streams over gRPC to the head, at one address after the other: a stream that ends, however it does, moves on to the next, so that
 * a head which is gone, silent or leads no more is left for the one that leads. `close` gives the connections back.
 */
export function grpcHeadStreams(addresses: HeadAddresses, secret: string): { open: OpenHeadStream; close: () => void } {
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
      return openStream(clientAt(address), {
        ...events,
        onMessage: (message) => events.onMessage(message),
        onEnd: (why) => {
          addresses.moveOn(address);
          events.onEnd(addresses.count > 1 ? `${address}: ${why}` : why);
        },
      });
    },
    close: () => {
      for (const client of clients.values()) client.close();
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
