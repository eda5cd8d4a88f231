import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Keeps at most so many connections of a server. For one more the connection is closed that has waited longest for its client: for
 * a request, for the rest of its headers, or for the rest of a body that is not an upload. So slow clients, however many, keep
 * nobody out; the new one is closed only where all others are being answered or upload.
 */
export function keepRoom(server: Server, most: number): void {
  const open = new Set<Socket>();
  /** Those that wait for their client, the longest first. */
  const waiting = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const [longest] = waiting;
      if (longest === undefined) {
        socket.destroy();
        return;
      }
      open.delete(longest);
      waiting.delete(longest);
      longest.destroy();
    }
    open.add(socket);
    waiting.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const isWhole = (): void => void waiting.delete(socket);
    if (request.method === 'PUT' || !hasBody(request)) isWhole();
    else request.once('end', isWhole);
    response.once('close', () => {
      if (open.has(socket)) waiting.add(socket);
    });
  });
}

/** Is a body announced? One of no bytes is whole with its headers. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
