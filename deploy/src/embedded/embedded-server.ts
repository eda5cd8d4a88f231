import type { Clock } from '@trainer/model';
import type { Spawner } from '@trainer/runtime';
import { ServerFailedError } from './errors.js';
import type { PortPicker } from './ports.js';
import { RESTARTS, SupervisedServer, type RestartPolicy, type ServerListener, type ServerProgram } from './supervised-server.js';

/** A server that runs as a child of this process. */
export interface EmbeddedServer {
  /** Where it is; PostgreSQL's holds the password, so it belongs in no log. It stays the same over restarts. */
  readonly url: string;
  /** The living process; null between a death and the next life. */
  readonly pid: number | null;
  /** Calls back each time it is ready again after a death. */
  onRestart(call: () => void): void;
  /** Stops it within 3 s; idempotent. */
  stop(): Promise<void>;
}

/** What every embedded server needs. */
export interface EmbeddedServerOptions {
  /** A folder of its own, made where missing; only its owner may read it. */
  readonly folder: string;
  /** The secret that its clients show. */
  readonly secret: string;
  /** The address that it listens on, as `127.0.0.1`. */
  readonly host: string;
  readonly ports: PortPicker;
  readonly spawner: Spawner;
  readonly clock: Clock;
  /** The PATH of its process. */
  readonly path: string;
  readonly restarts?: RestartPolicy;
  readonly listener?: ServerListener;
}

/** Between the look for a free port and the server's listening somebody else may take it: then with another, this often. */
const PORT_TRIES = 3;

/** How servers say that somebody else has the port. */
const PORT_TAKEN = /address already in use/i;

/**
 * Starts a server on a free port.
 * @param programOn how it is started on a port
 * @throws ServerFailedError as SupervisedServer.start
 */
export async function startOnFreePort(
  options: EmbeddedServerOptions,
  programOn: (port: number) => Promise<ServerProgram>,
  urlOn: (port: number) => string,
): Promise<EmbeddedServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await options.ports.pick();
    const server = new SupervisedServer(await programOn(port), options.clock, options.restarts ?? RESTARTS, options.listener ?? {});
    try {
      await server.start();
    } catch (error) {
      if (attempt < PORT_TRIES && isPortTaken(error)) continue;
      throw error;
    }
    return {
      url: urlOn(port),
      get pid() {
        return server.pid;
      },
      onRestart: (call) => server.onRestart(call),
      stop: () => server.stop(),
    };
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof ServerFailedError && error.facts.lastLines.some((line) => PORT_TAKEN.test(line));
}
