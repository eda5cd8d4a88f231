import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Cluster } from '@trainer/client';
import { findNatsServer, portPicker } from '@trainer/deploy/embedded';
import { detectSpawner, systemClock, until } from '@trainer/runtime';
import { newHome } from './cluster.js';
import { ProgramPart, ServerPart, type FaultPart } from './fault-part.js';
import { Link } from './link.js';
import { isActorProcess, processesWith, signalTo, stillRunning, treeOf, type ProcessRow } from './processes.js';
import { ROOT } from './program.js';

const HOST = '127.0.0.1';
const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 40;
const SHOWN_LOG = 3_000;

export interface FaultClusterSettings {
  /** Default 2. */
  readonly agents?: number;
  /** CPUs that each agent offers, whatever the machine has. Default 2. */
  readonly cpus?: number;
  /** TRAINER_TIME_SCALE; default 1. */
  readonly timeScale?: number;
  /** Of head, agents and gateway. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A cluster whose parts are processes of their own and whose links are networks that can be cut. Parts: `postgres`, `nats`,
 * `head`, `gateway`, `agent-1`, ... Links: `head-postgres`, `head-nats`, `gateway-head`, `gateway-nats`, `client-head`, and of each
 * agent `agent-1-head` and `agent-1-nats`. Callers reach actors, and ranks each other, directly.
 */
export interface FaultCluster extends AsyncDisposable {
  readonly folder: string;
  readonly restUrl: string;
  readonly agents: readonly string[];
  readonly parts: ReadonlyMap<string, FaultPart>;
  readonly links: ReadonlyMap<string, Link>;
  /** @throws for a name that there is not, as all that take one. */
  part(name: string): FaultPart;
  link(name: string): Link;
  /** The node that an agent last was; null before its first welcome. */
  nodeOf(agent: string): string | null;
  /** A new client of it, through the link `client-head`. */
  connect(): Promise<Cluster>;
  /** Actors and ranks on an agent, or on all; also those whose agent is gone. */
  actorProcesses(agent?: string): readonly ProcessRow[];
  /** Everything that was started for this cluster and still runs, whoever its parent is. */
  processes(): readonly ProcessRow[];
  /** Thaws, heals and starts again what is not as it was at the start. */
  mend(): Promise<void>;
  /** @throws WaitTimeoutError that tells the state of the cluster and the ends of all logs */
  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs: number): Promise<NonNullable<T>>;
  /** The state of the cluster and the ends of all logs. */
  describe(): Promise<string>;
  /** Ends everything, and waits until nothing is left; idempotent. @throws when something had to be killed */
  close(): Promise<void>;
}

/** Starts all parts and waits until they are ready. @throws with what they wrote when one is not; nothing is left then */
export async function startFaultCluster(settings: FaultClusterSettings = {}): Promise<FaultCluster> {
  const home = await newHome();
  const cluster = await FaultClusterOfProcesses.prepare(home, settings);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    const told = await cluster.describe();
    await cluster.close().catch(() => undefined);
    throw new Error(`The cluster did not start. ${told}`, { cause: error });
  }
}

interface Ground {
  readonly secret: string;
  readonly restPort: number;
  readonly postgres: ServerPart;
  readonly nats: ServerPart;
  readonly links: ReadonlyMap<string, Link>;
  readonly spawner: Awaited<ReturnType<typeof detectSpawner>>;
  readonly path: string;
}

class FaultClusterOfProcesses implements FaultCluster {
  readonly folder: string;
  readonly restUrl: string;
  readonly agents: readonly string[];
  readonly parts = new Map<string, FaultPart>();
  readonly links: ReadonlyMap<string, Link>;
  #closing: Promise<void> | null = null;

  private constructor(
    private readonly home: { readonly path: string } & AsyncDisposable,
    private readonly settings: FaultClusterSettings,
    private readonly ground: Ground,
  ) {
    this.folder = home.path;
    this.links = ground.links;
    this.restUrl = `http://${HOST}:${ground.restPort}`;
    this.agents = agentNames(settings);
    for (const server of [ground.postgres, ground.nats]) this.parts.set(server.name, server);
  }

  /** Opens the links and chooses the ports; nothing runs yet. */
  static async prepare(
    home: { readonly path: string } & AsyncDisposable,
    settings: FaultClusterSettings,
  ): Promise<FaultClusterOfProcesses> {
    // No folder of programs, but a mark that every process of this cluster inherits.
    const path = `${join(home.path, 'bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;
    const secret = randomBytes(24).toString('base64url');
    await writeFile(join(home.path, 'secret'), `${secret}\n`, { mode: 0o600 });
    const spawner = await detectSpawner(path);
    const program = await findNatsServer({ named: null, path, fetched: join(ROOT, 'deploy', 'native', 'nats', 'bin', 'nats-server') });
    const server = (name: 'postgres' | 'nats'): ServerPart =>
      new ServerPart({ name, folder: join(home.path, name), secret, spawner, path, program });
    const [postgres, nats, ports] = [server('postgres'), server('nats'), portPicker(HOST, null)];
    const [headPort, restPort] = [await ports.pick(), await ports.pick()];
    const targets: Record<string, () => number> = {
      'head-postgres': () => Number(postgres.url.port),
      'head-nats': () => Number(nats.url.port),
      'gateway-head': () => headPort,
      'gateway-nats': () => Number(nats.url.port),
      'client-head': () => headPort,
    };
    for (const agent of agentNames(settings)) {
      targets[`${agent}-head`] = () => headPort;
      targets[`${agent}-nats`] = () => Number(nats.url.port);
    }
    const links = new Map<string, Link>();
    for (const [name, port] of Object.entries(targets)) links.set(name, await Link.open(name, () => ({ host: HOST, port: port() })));
    const cluster = new FaultClusterOfProcesses(home, settings, { secret, restPort, postgres, nats, links, spawner, path });
    cluster.#addPrograms(headPort);
    return cluster;
  }

  async start(): Promise<void> {
    await Promise.all([this.ground.postgres.start(), this.ground.nats.start()]);
    await this.part('head').start();
    await Promise.all([...this.agents, 'gateway'].map((name) => this.part(name).start()));
    await this.until('REST is ready', () => answers(`${this.restUrl}/health/ready`), 20_000);
  }

  part(name: string): FaultPart {
    const part = this.parts.get(name);
    if (part === undefined) throw new Error(`There is no part ${name}. There are: ${[...this.parts.keys()].join(', ')}.`);
    return part;
  }

  link(name: string): Link {
    const link = this.links.get(name);
    if (link === undefined) throw new Error(`There is no link ${name}. There are: ${[...this.links.keys()].join(', ')}.`);
    return link;
  }

  nodeOf(agent: string): string | null {
    return (
      [
        ...this.part(agent)
          .log()
          .matchAll(/^agent is ready: (\S+)/gm),
      ].at(-1)?.[1] ?? null
    );
  }

  connect(): Promise<Cluster> {
    return connect({ address: this.link('client-head').address, token: this.ground.secret });
  }

  actorProcesses(agent?: string): readonly ProcessRow[] {
    const pid = agent === undefined ? null : this.part(agent).pid;
    const rows = agent === undefined ? this.processes() : pid === null ? [] : treeOf(pid);
    return rows.filter(isActorProcess);
  }

  processes(): readonly ProcessRow[] {
    return processesWith(this.folder);
  }

  async mend(): Promise<void> {
    for (const link of this.links.values()) {
      link.delayBy(0);
      link.heal();
    }
    for (const part of this.parts.values()) part.thaw();
    // In the order of the start; agents and gateway wait for the head by themselves.
    for (const name of ['postgres', 'nats', 'head', 'gateway', ...this.agents])
      if (this.part(name).pid === null) await this.part(name).start();
  }

  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs: number): Promise<NonNullable<T>> {
    return until(what, condition, { clock: systemClock(), deadlineMs, everyMs: LOOK_EVERY_MS, describe: () => this.describe() });
  }

  async describe(): Promise<string> {
    const parts = [...this.parts.values()].map(({ name, pid }) => `${name}: ${pid ?? 'does not run'}`);
    const links = [...this.links.values()].map(({ name, state, connections }) => `${name}: ${state}, ${connections}`);
    const processes = this.processes().map(({ pid, parent, command }) => `  ${pid} (of ${parent}) ${command.slice(0, 120)}`);
    const logs = [...this.parts.values()].map((part) => `--- ${part.name} wrote:\n${part.log().slice(-SHOWN_LOG)}`);
    return ['', parts.join('; '), links.join('; '), `cluster: ${await this.#status()}`, 'processes:', ...processes, ...logs].join('\n');
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #addPrograms(headPort: number): void {
    const { secret, postgres, restPort, links, spawner, path } = this.ground;
    const address = (link: string): string => links.get(link)?.address ?? '';
    const common = {
      PATH: path,
      TRAINER_SECRET_FILE: join(this.folder, 'secret'),
      TRAINER_OBJECTS: join(this.folder, 'objects'),
      TRAINER_TIME_SCALE: String(this.settings.timeScale ?? 1),
      TRAINER_LOG_LEVEL: 'info',
      ...this.settings.env,
    };
    const add = (name: string, words: readonly string[], readyLine: RegExp, env: () => Readonly<Record<string, string>>): void => {
      this.parts.set(name, new ProgramPart({ name, words, readyLine, spawner, env: () => ({ ...common, ...env() }) }));
    };
    add('head', ['head', '--listen', `${HOST}:${headPort}`], /^head is ready/m, () => {
      const database = new URL(postgres.url);
      database.host = address('head-postgres');
      return { DATABASE_URL: database.href, NATS_URL: `nats://${secret}@${address('head-nats')}` };
    });
    for (const agent of this.agents)
      add(agent, ['agent'], /^agent is ready/m, () => ({
        TRAINER_HOME: join(this.folder, agent),
        TRAINER_CPUS: String(this.settings.cpus ?? 2),
        TRAINER_MEMORY: '4GiB',
        TRAINER_HEADS: address(`${agent}-head`),
        NATS_URL: `nats://${secret}@${address(`${agent}-nats`)}`,
      }));
    add('gateway', ['gateway'], /^gateway is ready/m, () => ({
      SERVICE_PORT: String(restPort),
      TRAINER_HEADS: address('gateway-head'),
      NATS_URL: `nats://${secret}@${address('gateway-nats')}`,
    }));
  }

  async #status(): Promise<string> {
    try {
      await using client = await this.connect();
      const [nodes, actors] = await Promise.all([client.nodes.list(), client.actors.list({ withEnded: true })]);
      return JSON.stringify({ nodes, actors });
    } catch (error) {
      return String(error);
    }
  }

  async #close(): Promise<void> {
    try {
      for (const link of this.links.values()) link.heal();
      for (const part of this.parts.values()) part.thaw();
      // Newest first, so that none misses what it needs to end in order.
      const problems: unknown[] = [];
      for (const part of [...this.parts.values()].reverse().filter(({ name }) => name !== 'postgres' && name !== 'nats'))
        await part.stop().catch((error: unknown) => problems.push(error));
      for (const name of ['nats', 'postgres'])
        await this.part(name)
          .stop()
          .catch((error: unknown) => problems.push(error));
      await this.#nothingIsLeft();
      if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('\n'));
    } finally {
      for (const { pid } of this.processes()) signalTo(pid, 'SIGKILL');
      for (const link of this.links.values()) await link.close();
      await this.home[Symbol.asyncDispose]();
    }
  }

  async #nothingIsLeft(): Promise<void> {
    const pids = this.processes().map(({ pid }) => pid);
    await until('no process of the cluster is left', () => stillRunning(pids).length === 0, {
      clock: systemClock(),
      deadlineMs: GONE_WITHIN_MS,
      describe: () => this.describe(),
    });
  }
}

function agentNames({ agents = 2 }: FaultClusterSettings): readonly string[] {
  return Array.from({ length: agents }, (_, index) => `agent-${index + 1}`);
}

/** Whether a URL answers with success. */
async function answers(url: string): Promise<boolean> {
  try {
    const { ok, body } = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await body?.cancel();
    return ok;
  } catch {
    return false;
  }
}
