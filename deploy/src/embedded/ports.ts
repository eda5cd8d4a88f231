import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { NoFreePortError } from './errors.js';

/** The ports that this cluster may listen on, both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Hands out free ports, each once. */
export interface PortPicker {
  /**
   * @param wanted is taken where it is of the range and free
   * @returns a port of the range that nobody listens on and that was not handed out before. Somebody else may take it before
   *   it is listened on: whoever listens must be ready to ask again.
   * @throws NoFreePortError when every port of the range is taken
   */
  pick(wanted?: number): Promise<number>;
}

/** @param range null lets the system choose among its ephemeral ports */
export function portPicker(host: string, range: PortRange | null): PortPicker {
  const handedOut = new Set<number>();
  const take = async (port: number): Promise<boolean> => {
    if (handedOut.has(port)) return false;
    // Before the look, so that two who ask at once never get the same one.
    handedOut.add(port);
    if ((await tryListening(host, port)) !== null) return true;
    handedOut.delete(port);
    return false;
  };
  return {
    pick: async (wanted) => {
      const isOfRange = wanted !== undefined && (range === null || (wanted >= range.first && wanted <= range.last));
      if (isOfRange && (await take(wanted))) return wanted;
      if (range === null) {
        const port = await tryListening(host, 0);
        if (port === null) throw new NoFreePortError(1024, 65_535);
        return port;
      }
      for (let port = range.first; port <= range.last; port++) {
        if (await take(port)) return port;
      }
      throw new NoFreePortError(range.first, range.last);
    },
  };
}

/** @returns the port of a host:port */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** @returns the port that could be listened on, or null when it is taken or not allowed. */
function tryListening(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

/** Whose port it is. */
export interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

/**
 * Finds who listens on a TCP port of this machine, for the message that it is taken.
 * @returns null where that can't be known: another user's process, or no `/proc` and no lsof
 */
export async function portOwner(port: number): Promise<PortOwner | null> {
  if (process.platform !== 'linux') return ownerByLsof(port);
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return null;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (await holdsOneOf(pid, sockets)) return { pid: Number(pid), command: await commandOf(pid) };
  }
  return null;
}

/** How the kernel's tables write the state LISTEN. */
const LISTEN = '0A';

/** @returns the sockets that listen on the port, as `/proc/PID/fd` names them. */
async function listeningSockets(port: number): Promise<ReadonlySet<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state === LISTEN && local?.split(':')[1] === wanted) sockets.add(`socket:[${String(inode)}]`);
    }
  }
  return sockets;
}

async function holdsOneOf(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  // A process that ends meanwhile, or is another user's, shows no descriptors.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    if (sockets.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) return true;
  }
  return false;
}

async function commandOf(pid: string): Promise<string> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line.split('\0').filter(Boolean).slice(0, 3).join(' ').slice(0, 80);
}

function ownerByLsof(port: number): Promise<PortOwner | null> {
  return new Promise((resolve) => {
    execFile('lsof', ['-nP', `-iTCP:${String(port)}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 2_000 }, (_error, stdout) => {
      const pid = /^p(\d+)$/m.exec(stdout)?.[1];
      resolve(pid === undefined ? null : { pid: Number(pid), command: /^c(.+)$/m.exec(stdout)?.[1] ?? '' });
    });
  });
}
