import { mkdir } from 'node:fs/promises';
import { portPicker, startNats, startPostgres, type EmbeddedServer, type EmbeddedServerOptions } from '@trainer/deploy/embedded';
import { systemClock, until, type Spawner } from '@trainer/runtime';
import { startProgram, TRAINER, type Program } from './program.js';
import { signalTo, stillRunning, treeOf } from './processes.js';

/** A first start makes a database; on a busy machine that takes a while. */
const READY_WITHIN_MS = 60_000;
/** Longer than any part gives itself to stop. */
const STOP_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 20;
/** Of what a part wrote over its lives, the last so many characters are kept. */
const KEPT_LOG = 200_000;

/** A process of the cluster, or a server with its children, that can be ended, stopped and started again at any time. */
export interface FaultPart {
  readonly name: string;
  /** Of its main process; null while it does not run. */
  readonly pid: number | null;
  /** Resolves when it is ready. @throws with what it wrote when it ends before */
  start(): Promise<void>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. Its children are left to themselves, but for a server's. */
  kill(): Promise<void>;
  /** SIGSTOP: it is there, holds its connections and does nothing. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** What it wrote, over all its lives. */
  log(): string;
}

export interface ProgramPartOptions {
  readonly name: string;
  /** Of the `trainer` command. */
  readonly words: readonly string[];
  /** Asked at each start: where a server listens comes out only when it runs. */
  readonly env: () => Readonly<Record<string, string>>;
  /** The line by which it says that it is ready. */
  readonly readyLine: RegExp;
  readonly spawner: Spawner;
}

/** Head, agent or gateway: a `trainer` command of its own. */
export class ProgramPart implements FaultPart {
  readonly name: string;
  #program: Program | null = null;
  #earlier = '';

  constructor(private readonly options: ProgramPartOptions) {
    this.name = options.name;
  }

  get pid(): number | null {
    return this.#program === null || this.#program.hasEnded() ? null : this.#program.pid;
  }

  async start(): Promise<void> {
    const program = this.launch();
    const isReady = (): boolean => {
      const end = program.end();
      if (end !== null) throw new Error(`${this.name} (process ${program.pid}) ended at its start: ${end}. It wrote:\n${program.output()}`);
      return this.options.readyLine.test(program.output());
    };
    await until(`${this.name} is ready`, isReady, {
      clock: systemClock(),
      deadlineMs: READY_WITHIN_MS,
      everyMs: LOOK_EVERY_MS,
      describe: () => `It wrote:\n${program.output().slice(-4_000)}`,
    });
  }

  /** Starts it without waiting for anything. @throws when it runs already */
  launch(): Program {
    if (this.pid !== null) throw new Error(`${this.name} runs already.`);
    const { words, env, spawner } = this.options;
    this.#earlier = this.log();
    this.#program = startProgram(process.execPath, [TRAINER, ...words], { env: env(), spawner });
    return this.#program;
  }

  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    await this.#ended();
  }

  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#ended();
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  log(): string {
    return (this.#earlier + (this.#program?.output() ?? '')).slice(-KEPT_LOG);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid !== null) signalTo(this.pid, signal);
  }

  async #ended(): Promise<void> {
    const program = this.#program;
    if (program === null) return;
    await until(`${this.name} has ended`, () => program.hasEnded(), {
      clock: systemClock(),
      deadlineMs: STOP_WITHIN_MS,
      everyMs: LOOK_EVERY_MS,
      describe: () => `It wrote:\n${program.output().slice(-4_000)}`,
    });
  }
}

export interface ServerPartOptions {
  readonly name: 'postgres' | 'nats';
  readonly folder: string;
  readonly secret: string;
  readonly spawner: Spawner;
  readonly path: string;
  /** The nats-server program; PostgreSQL knows its own. */
  readonly program: string;
}

const HOST = '127.0.0.1';
/** The harness alone decides when a server lives again. */
const NO_RESTARTS = { readyWithinMs: READY_WITHIN_MS, firstDelayMs: 0, longestDelayMs: 0, stableAfterMs: 0, mostDeaths: 1 };

/** PostgreSQL or nats-server, with the settings of the embedded cluster; whatever life it has, it listens on the same port. */
export class ServerPart implements FaultPart {
  readonly name: string;
  #server: EmbeddedServer | null = null;
  #port: number | null = null;
  #log = '';

  constructor(private readonly options: ServerPartOptions) {
    this.name = options.name;
  }

  get pid(): number | null {
    const pid = this.#server?.pid ?? null;
    return pid !== null && stillRunning([pid]).length > 0 ? pid : null;
  }

  /** As its clients would reach it without a link. @throws before its first start */
  get url(): URL {
    if (this.#server === null) throw new Error(`${this.name} was never started.`);
    return new URL(this.#server.url);
  }

  async start(): Promise<void> {
    if (this.pid !== null) throw new Error(`${this.name} runs already.`);
    const { folder, secret, spawner, path } = this.options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const options: EmbeddedServerOptions = {
      folder,
      secret,
      host: HOST,
      ports: portPicker(HOST, this.#port === null ? null : { first: this.#port, last: this.#port }),
      spawner,
      clock: systemClock(),
      path,
      restarts: NO_RESTARTS,
      listener: { onLine: (line) => (this.#log = `${this.#log}${line}\n`.slice(-KEPT_LOG)) },
    };
    this.#server = await (this.name === 'postgres' ? startPostgres(options) : startNats(this.options.program, options));
    this.#port = Number(this.url.port);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  async kill(): Promise<void> {
    const pids = this.#pids();
    for (const pid of pids) signalTo(pid, 'SIGKILL');
    await until(`${this.name} is gone`, () => stillRunning(pids).length === 0, {
      clock: systemClock(),
      deadlineMs: STOP_WITHIN_MS,
      everyMs: LOOK_EVERY_MS,
    });
  }

  freeze(): void {
    // The first one goes first: it then starts no other.
    for (const pid of this.#pids()) signalTo(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#pids()) signalTo(pid, 'SIGCONT');
  }

  log(): string {
    return this.#log;
  }

  /** PostgreSQL's children lead process groups of their own: only the tree has them all. */
  #pids(): readonly number[] {
    return this.pid === null ? [] : treeOf(this.pid).map(({ pid }) => pid);
  }
}
