import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { TrainerError } from '@trainer/model';
import type { PortRange } from './config.js';

/** No port of the range is free, or the address is not of this machine. */
export class ListenError extends TrainerError<'listen.failed', { host: string; from: number; to: number }> {
  constructor(host: string, ports: PortRange, cause: unknown) {
    const which = ports.from === ports.to ? `port ${ports.from}` : `any port from ${ports.from} to ${ports.to}`;
    super(
      'listen.failed',
      `Cannot listen on ${host}, ${which}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { host, ...ports },
      'never',
      { cause },
    );
  }
}

/** Listens on the first free port of the range; 0 to 0: the system chooses. @returns the port. @throws ListenError */
export async function listen(server: Server, host: string, ports: PortRange): Promise<number> {
  let problem: unknown = null;
  for (let port = ports.from; port <= ports.to; port += 1) {
    try {
      await once(server.listen(port, host), 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      problem = error;
    }
  }
  throw new ListenError(host, ports, problem);
}
