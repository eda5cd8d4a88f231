import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Cluster } from '@trainer/client';
import { portPicker } from '@trainer/deploy/embedded';
import { detectSpawner, systemClock, until } from '@trainer/runtime';
import { startRealServers, type RealServers } from '../real-servers.js';
import { ProgramPart } from './fault-part.js';

const HOST = '127.0.0.1';

/** Head, agent and gateway as processes of their own beside PostgreSQL and NATS, with two addresses at which heads may lead. */
export interface SeparateProcesses extends AsyncDisposable {
  readonly servers: RealServers;
  /** The environment that all parts have; a part's own is added. */
  readonly env: Readonly<Record<string, string>>;
  /** The addresses of `heads`, as agents, gateways and clients are given them. */
  readonly headAddresses: string;
  readonly heads: readonly [ProgramPart, ProgramPart];
  readonly agent: ProgramPart;
  readonly gateway: ProgramPart;
  /** For a RestService. */
  readonly restUrl: string;
  connect(): Promise<Cluster>;
  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs: number): Promise<NonNullable<T>>;
}

/**
 * Starts PostgreSQL and NATS; the parts are there to be started in whatever order.
 * @param store the variables that name the object store; default: a folder
 */
export async function separateProcesses(store?: Readonly<Record<string, string>>): Promise<SeparateProcesses> {
  const servers = await startRealServers();
  const { folder, secret, databaseUrl, natsUrl } = servers;
  await writeFile(join(folder, 'secret'), `${secret}\n`, { mode: 0o600 });
  const spawner = await detectSpawner(process.env['PATH'] ?? '');
  const ports = portPicker(HOST, null);
  const [first, second, rest] = [await ports.pick(), await ports.pick(), await ports.pick()];
  const headAddresses = `${HOST}:${first},${HOST}:${second}`;
  const env = {
    TRAINER_SECRET_FILE: join(folder, 'secret'),
    DATABASE_URL: databaseUrl,
    NATS_URL: natsUrl,
    ...(store ?? { TRAINER_OBJECTS: join(folder, 'objects') }),
    TRAINER_HEADS: headAddresses,
    SERVICE_PORT: String(rest),
    TRAINER_STOP_GRACE_S: '1',
  };
  const part = (name: string, words: readonly string[], readyLine: RegExp): ProgramPart =>
    new ProgramPart({ name, words, env: () => ({ ...env, TRAINER_HOME: join(folder, name) }), readyLine, spawner });
  const head = (name: string, port: number): ProgramPart => part(name, ['head', '--listen', `${HOST}:${port}`], /^head is ready at/m);
  const heads = [head('head-1', first), head('head-2', second)] as const;
  const agent = part('agent', ['agent'], /^agent is ready: node-/m);
  const gateway = part('gateway', ['gateway'], /^gateway is ready at http:/m);
  const parts = [...heads, agent, gateway];
  const describe = (): string => parts.map((one) => `${one.name} wrote:\n${one.log().slice(-2_000)}`).join('\n');
  return {
    servers,
    env,
    headAddresses,
    heads,
    agent,
    gateway,
    restUrl: `http://${HOST}:${rest}`,
    connect: () => connect({ address: headAddresses, token: secret }),
    until: (what, condition, deadlineMs) => until(what, condition, { clock: systemClock(), deadlineMs, describe }),
    [Symbol.asyncDispose]: async () => {
      for (const one of parts) one.thaw();
      // Whatever does not end, the others are ended, and then the test fails.
      const stopped = await Promise.allSettled(parts.map((one) => one.stop()));
      await servers.stop();
      for (const result of stopped) if (result.status === 'rejected') throw result.reason;
    },
  };
}
