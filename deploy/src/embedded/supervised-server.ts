import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock, Millis, Timer } from '@trainer/model';
import { ServerFailedError } from './errors.js';

/** One rung of stopping: what is sent, and how long it may take before the next. */
export interface StopRung {
  readonly signal: NodeJS.Signals;
  readonly waitMs: Millis;
}

/** A server as a program: how it is started, seen ready and stopped. */
export interface ServerProgram {
  /** For people, as `PostgreSQL`. */
  readonly name: string;
  /** Starts it once more, on the same port and data; its stdout and stderr are pipes. */
  launch(): ChildProcess;
  /** Whether this process of it takes requests by now; asked every 10 ms. `lines`: the last that it wrote. */
  isReady(pid: number, lines: readonly string[]): Promise<boolean>;
  readonly stopLadder: readonly StopRung[];
}

/** How a server that dies is started again. */
export interface RestartPolicy {
  /** How long it may take to be ready; a recovery after a kill counts too. */
  readonly readyWithinMs: Millis;
  readonly firstDelayMs: Millis;
  /** The delay doubles with each early death up to this. */
  readonly longestDelayMs: Millis;
  /** A life longer than this makes the next death the first again. */
  readonly stableAfterMs: Millis;
  /** So many early deaths in a row, and it is given up. */
  readonly mostDeaths: number;
}

/**
 * Quick enough that a killed server is back within a second, slow enough that one which can't live takes no processor: with
 * the doubling the tenth death comes after some 25 s.
 */
export const RESTARTS: RestartPolicy = {
  readyWithinMs: 60_000,
  firstDelayMs: 50,
  longestDelayMs: 5_000,
  stableAfterMs: 30_000,
  mostDeaths: 10,
};

/** Who hears of a server's life. */
export interface ServerListener {
  /** A line that the server wrote. */
  onLine?(line: string): void;
  /** It died too often and is not started again: nothing of the cluster works without it. */
  onGivenUp?(error: ServerFailedError): void;
}

/** How often readiness is asked for, and how many lines are kept for the message of a failure. */
const READY_POLL_MS = 10;
const KEPT_LINES = 20;
const LONGEST_LINE = 500;

type State = 'new' | 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped' | 'given-up';

/** A child process that is started again whenever it dies, until it is stopped. */
export class SupervisedServer {
  #state: State = 'new';
  #child: ChildProcess | null = null;
  #exited: Promise<string> = Promise.resolve('');
  #readyAtMs = 0;
  #deaths = 0;
  #restart: Timer | null = null;
  #lines: string[] = [];
  readonly #restartCallbacks: (() => void)[] = [];

  constructor(
    private readonly program: ServerProgram,
    private readonly clock: Clock,
    private readonly policy: RestartPolicy,
    private readonly listener: ServerListener,
  ) {}

  /** The living process; null between two lives. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Calls back each time the server is ready again after a death. */
  onRestart(call: () => void): void {
    this.#restartCallbacks.push(call);
  }

  /**
   * Starts the server and waits until it is ready.
   * @throws ServerFailedError when it ends before, or is not ready in time; nothing of it is left then
   */
  async start(): Promise<void> {
    const failure = await this.#live();
    if (failure === null) return;
    this.#state = 'stopped';
    throw failure;
  }

  /** Stops the server, with ever stronger signals; idempotent. */
  async stop(): Promise<void> {
    this.#state = 'stopping';
    this.#restart?.cancel();
    for (const rung of this.program.stopLadder) {
      if (this.#child === null) break;
      this.#child.kill(rung.signal);
      await this.#exitedWithin(rung.waitMs);
    }
    this.#state = 'stopped';
  }

  /** @returns null once the server is ready, or why it is not. */
  async #live(): Promise<ServerFailedError | null> {
    this.#state = 'starting';
    this.#lines = [];
    const child = this.program.launch();
    this.#child = child;
    this.#exited = this.#watch(child);
    let ended: string | null = null;
    void this.#exited.then((how) => (ended = how));
    const deadline = this.clock.monotonicMs() + this.policy.readyWithinMs;
    while (ended === null && this.clock.monotonicMs() < deadline) {
      if (child.pid !== undefined && (await this.program.isReady(child.pid, this.#lines))) {
        if (ended === null) return this.#becomeReady();
      } else {
        await this.#sleep(READY_POLL_MS);
      }
    }
    const reason =
      ended === null ? `was not ready within ${String(this.policy.readyWithinMs)} ms` : `ended at its start (${String(ended)})`;
    child.kill('SIGKILL');
    await this.#exited;
    return new ServerFailedError(this.program.name, reason, this.#lines);
  }

  #becomeReady(): null {
    this.#readyAtMs = this.clock.monotonicMs();
    if (this.#state === 'starting') this.#state = 'running';
    return null;
  }

  /** @returns how the child ended, once it has. */
  #watch(child: ChildProcess): Promise<string> {
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#readLines(stream);
    return new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#child === child) this.#child = null;
        resolve(how);
        this.#afterEnd(how);
      };
      child.once('error', (error) => {
        if (child.pid === undefined) end(error.message);
      });
      child.once('exit', (code, signal) => end(signal ?? `exit code ${String(code)}`));
    });
  }

  #readLines(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lines.push(line.slice(0, LONGEST_LINE));
      if (this.#lines.length > KEPT_LINES) this.#lines.shift();
      this.listener.onLine?.(line);
    });
  }

  /** A death of the running server; one during a start is seen by the start itself. */
  #afterEnd(how: string): void {
    if (this.#state === 'running') this.#startAgain(how);
  }

  #startAgain(how: string): void {
    const livedMs = this.clock.monotonicMs() - this.#readyAtMs;
    this.#deaths = this.#readyAtMs > 0 && livedMs >= this.policy.stableAfterMs ? 1 : this.#deaths + 1;
    if (this.#deaths >= this.policy.mostDeaths) {
      this.#state = 'given-up';
      const reason = `died ${String(this.#deaths)} times in a row (last: ${how}) and is not started again`;
      this.listener.onGivenUp?.(new ServerFailedError(this.program.name, reason, this.#lines));
      return;
    }
    this.#state = 'waiting';
    const delayMs = Math.min(this.policy.firstDelayMs * 2 ** (this.#deaths - 1), this.policy.longestDelayMs);
    this.#restart = this.clock.after(delayMs, () => {
      void this.#liveAgain();
    });
  }

  async #liveAgain(): Promise<void> {
    const failure = await this.#live();
    if (this.#state === 'running') for (const call of this.#restartCallbacks) call();
    if (this.#state === 'starting' && failure !== null) this.#startAgain(failure.facts.reason);
  }

  async #exitedWithin(waitMs: Millis): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(waitMs, resolve);
      void this.#exited.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #sleep(ms: Millis): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }
}
