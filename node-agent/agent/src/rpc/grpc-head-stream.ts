import { AgentServiceClient, decodeToAgent, encodeFromAgent, type pb } from '@trainer/wire';
import { openClient } from '@trainer/runtime';
import { toErrorData } from '@trainer/model';
import type { OpenHeadStream } from '../link/head-stream.js';

/** Streams over gRPC to the head at an address. `close` gives the connection back. */
export function grpcHeadStreams(address: string, secret: string): { open: OpenHeadStream; close: () => void } {
  const client = openClient(AgentServiceClient, address, secret);
  const open: OpenHeadStream = (events) => {
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
  };
  return { open, close: () => client.close() };
}
