import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import {
  toErrorData,
  type Begin,
  type Clock,
  type DeathCause,
  type FromActorProcess,
  type LeaseId,
  type Millis,
  type ProcessStart,
  type RankReport,
  type SavedState,
  type Timer,
  type ToActorProcess,
} from '@trainer/model';
import { causeOfExit } from './cause-of-exit.js';
import { LastError } from './last-error.js';
import { LineSplitter } from './line-splitter.js';
import { ProgressWatch } from './progress-watch.js';

export interface LadderTiming {
  readonly startMs: Millis;
  readonly stopAskedMs: Millis;
  readonly stopTermMs: Millis;
  readonly livenessMs: Millis;
  readonly progressLeastMs: Millis;
}

/** What a supervised actor needs from outside. */
export interface SupervisionPorts {
  readonly clock: Clock;
  readonly timing: LadderTiming;
  /** Starts the process, in a group of its own, with a channel and pipes. */
  spawn(): ChildProcess;
  /** What the process is told first; may have to be fetched. Rejects when the actor can't be started. */
  prepare(): Promise<ProcessStart>;
  kernelKills(): number;
  readonly groups: ProcessGroups;
}

/** The system's process groups. */
export interface ProcessGroups {
  /** @returns false when there is no such group. */
  signal(group: number, signal: NodeJS.Signals): boolean;
  /** Is a process of the group not gone yet? */
  isAlive(group: number): boolean;
}

/** Told in order; `onEnded` is the last, once, when no process of the group is left. */
export interface SupervisionEvents {
  onStarted(pid: number): void;
  onReady(address: string): void;
  onReport(number: number, report: RankReport): void;
  onState(number: number, state: SavedState): void;
  onLine(line: string, isStderr: boolean): void;
  onEnded(cause: DeathCause): void;
}

/** A step of a rank's work may take so many times as long as the longest before it. */
const PROGRESS_TIMES = 10;
/** After the leader's end its group is killed; a process in an uninterruptible wait may take longer, and still holds the lease. */
const GROUP_POLL_MS = 20;

type Phase =
  | { readonly at: 'starting'; readonly timer: Timer }
  | { readonly at: 'running' }
  | { readonly at: 'stopping'; readonly timer: Timer }
  | { readonly at: 'killed' }
  | { readonly at: 'gone' };

/** One actor's process from its start to the end of its group. */
export class SupervisedActor {
  readonly lease: LeaseId;
  readonly isRank: boolean;
  readonly memoryLimitBytes: number;
  readonly #ports: SupervisionPorts;
  readonly #events: SupervisionEvents;
  readonly #kernelKillsBefore: number;
  readonly #child: ChildProcess;
  #phase: Phase;
  #told: DeathCause | null = null;
  #asked: DeathCause | null = null;
  #usedBytes = 0;
  readonly #lastError = new LastError();
  #beatAtMs: Millis;
  readonly #progress: ProgressWatch;
  #begin: Begin | null = null;

  constructor(actor: { lease: LeaseId; isRank: boolean; memoryBytes: number }, ports: SupervisionPorts, events: SupervisionEvents) {
    this.lease = actor.lease;
    this.isRank = actor.isRank;
    this.memoryLimitBytes = actor.memoryBytes;
    this.#ports = ports;
    this.#events = events;
    this.#beatAtMs = ports.clock.monotonicMs();
    this.#progress = new ProgressWatch({ leastMs: ports.timing.progressLeastMs, times: PROGRESS_TIMES });
    this.#kernelKillsBefore = ports.kernelKills();
    const { startMs } = ports.timing;
    this.#phase = { at: 'starting', timer: ports.clock.after(startMs, () => this.kill({ kind: 'start-timeout', afterMs: startMs })) };
    this.#child = ports.spawn();
    this.#watch();
    if (this.pid !== null) events.onStarted(this.pid);
    void this.#sendStart();
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Kept until the process is ready. */
  begin(begin: Begin): void {
    this.#begin = begin;
    if (this.#phase.at === 'running') this.#send({ kind: 'begin', begin });
  }

  /** The ladder: asked, then SIGTERM, then SIGKILL. */
  stop(cause: DeathCause): void {
    if (this.#phase.at !== 'starting' && this.#phase.at !== 'running') return;
    this.#asked ??= cause;
    if (this.#phase.at === 'starting') this.#phase.timer.cancel();
    this.#send({ kind: 'stop', reason: cause.kind });
    const { stopAskedMs, stopTermMs } = this.#ports.timing;
    const term = (): void => {
      this.#signal('SIGTERM');
      this.#phase = { at: 'stopping', timer: this.#ports.clock.after(stopTermMs, () => this.kill(cause)) };
    };
    this.#phase = { at: 'stopping', timer: this.#ports.clock.after(stopAskedMs, term) };
  }

  /** SIGKILL to the whole group, now. The first cause given to `stop` or `kill` counts. */
  kill(cause: DeathCause): void {
    if (this.#phase.at === 'killed' || this.#phase.at === 'gone') return;
    this.#asked ??= cause;
    if (this.#phase.at !== 'running') this.#phase.timer.cancel();
    this.#phase = { at: 'killed' };
    this.#signal('SIGKILL');
  }

  reported(number: number, refused: string | null): void {
    this.#send({ kind: 'reported', number, refused });
  }

  owned(leftMs: Millis): void {
    this.#send({ kind: 'owned', leftMs });
  }

  /** Ends it when it uses more memory than its lease has. */
  measured(usedBytes: number): void {
    if (usedBytes > 0) this.#usedBytes = usedBytes;
    if (this.memoryLimitBytes > 0 && usedBytes > this.memoryLimitBytes) {
      this.kill({ kind: 'out-of-memory', limitBytes: this.memoryLimitBytes, usedBytes });
    }
  }

  /**
   * Ends a rank whose main loop has been silent, or whose work does not get on; `isWatchFresh`: our own loop stalled, so that nobody
   * can be accused.
   */
  checkBeat(now: Millis, isWatchFresh: boolean): void {
    if (!this.isRank || this.#phase.at !== 'running') return;
    if (isWatchFresh) {
      this.#beatAtMs = now;
      this.#progress.refresh(now);
      return;
    }
    const { livenessMs } = this.#ports.timing;
    const overdueMs = this.#progress.overdue(now);
    if (now - this.#beatAtMs > livenessMs) {
      this.kill({ kind: 'killed', by: `its agent, as its main loop stood still for ${livenessMs} ms` });
    } else if (overdueMs !== null) {
      this.kill({ kind: 'killed', by: `its agent, as one step of its work took more than ${Math.round(overdueMs / 1000)} s` });
    }
  }

  #watch(): void {
    const child = this.#child;
    for (const [stream, isStderr] of [
      [child.stdout, false],
      [child.stderr, true],
    ] as const)
      if (stream !== null) this.#readLines(stream, isStderr);
    child.on('message', (message) => this.#onMessage(message as FromActorProcess));
    child.once('error', (error) => {
      // It could not be started at all; a later error is of the channel, and the exit follows.
      if (child.pid === undefined) this.#gone({ kind: 'load-failed', error: toErrorData(error) });
    });
    // Not `close`: a grandchild may hold the pipes open for ever.
    child.once('exit', (code, signal) => this.#onExit(code, signal));
  }

  #readLines(stream: Readable, isStderr: boolean): void {
    const splitter = new LineSplitter((line) => {
      if (isStderr) this.#lastError.line(line);
      this.#events.onLine(line, isStderr);
    });
    stream.on('data', (bytes: Buffer) => splitter.push(bytes));
    stream.once('end', () => splitter.end());
  }

  async #sendStart(): Promise<void> {
    try {
      const start = await this.#ports.prepare();
      this.#send({ kind: 'start', start });
    } catch (error) {
      this.#told ??= { kind: 'load-failed', error: toErrorData(error) };
      this.kill(this.#told);
    }
  }

  #onMessage(message: FromActorProcess): void {
    switch (message.kind) {
      case 'ready':
        if (this.#phase.at !== 'starting') return;
        this.#phase.timer.cancel();
        this.#phase = { at: 'running' };
        this.#beatAtMs = this.#ports.clock.monotonicMs();
        this.#events.onReady(message.address);
        if (this.#begin !== null) this.#send({ kind: 'begin', begin: this.#begin });
        return;
      case 'failed':
        this.#told ??= message.cause;
        return;
      case 'threw':
        this.#lastError.threw(message.text);
        return;
      case 'finished':
        this.#told ??= { kind: 'finished' };
        return;
      case 'beat':
        this.#beatAtMs = this.#ports.clock.monotonicMs();
        this.#progress.beat(message.step, this.#beatAtMs);
        return;
      case 'report':
        this.#events.onReport(message.number, message.report);
        return;
      case 'state':
        this.#events.onState(message.number, message.state);
    }
  }

  #onExit(code: number | null, signal: string | null): void {
    const cause = causeOfExit({
      code,
      signal,
      told: this.#told,
      asked: this.#asked,
      lastError: this.#lastError.text,
      hasKernelKilled: this.#ports.kernelKills() > this.#kernelKillsBefore,
      limitBytes: this.memoryLimitBytes,
      usedBytes: this.#usedBytes,
    });
    if (this.#phase.at === 'starting' || this.#phase.at === 'stopping') this.#phase.timer.cancel();
    this.#phase = { at: 'killed' };
    this.#endGroup(cause);
  }

  /** What the actor has started dies with it; until it has, the lease's resources are not free. */
  #endGroup(cause: DeathCause): void {
    const group = this.pid;
    if (group !== null && this.#ports.groups.signal(group, 'SIGKILL') && this.#ports.groups.isAlive(group)) {
      this.#ports.clock.after(GROUP_POLL_MS, () => this.#endGroup(cause));
      return;
    }
    this.#gone(cause);
  }

  #gone(cause: DeathCause): void {
    if (this.#phase.at === 'gone') return;
    if (this.#phase.at === 'starting' || this.#phase.at === 'stopping') this.#phase.timer.cancel();
    this.#phase = { at: 'gone' };
    this.#events.onEnded(cause);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid !== null && !this.#ports.groups.signal(this.pid, signal)) this.#child.kill(signal);
  }

  #send(message: ToActorProcess): void {
    // A channel that is closed: its process ends, which `exit` tells.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
