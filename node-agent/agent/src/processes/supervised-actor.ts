import type { Readable } from 'node:stream';
import {
  MAX_WAITING_REPORTS,
  toErrorData,
  type Begin,
  type DeathCause,
  type FromActorProcess,
  type LeaseId,
  type Millis,
  type Timer,
} from '@trainer/model';
import type { ActorChannel } from './actor-channel.js';
import { causeOfExit } from './cause-of-exit.js';
import { LastError } from './last-error.js';
import { LineSplitter } from './line-splitter.js';
import { readPaced, type Pace } from './paced-reading.js';
import { ProgressWatch } from './progress-watch.js';
import { SignedRequests } from './signed-requests.js';
import type { ActorChild, SupervisionEvents, SupervisionPorts } from './supervision.js';

/** A step of a rank's work may take so many times as long as the longest before it. */
const PROGRESS_TIMES = 10;
/** After the leader's end its group is killed; a process in an uninterruptible wait may take longer, and still holds the lease. */
const GROUP_POLL_MS = 20;
/** From the end of the channel, or from its own word that it ends, to the end of the process; then it is ended. */
const LAST_WORD_MS = 1_000;
/** Of reports that the head has not dealt with: two of the largest. */
const MAX_WAITING_BYTES = 32 * 2 ** 20;
/** Of stdout and of stderr each, in short lines: what passing on so many a second takes is a tenth of a core. */
const OUTPUT_PACE: Pace = { burst: 50_000, perSecond: 10_000, perTurn: 1_000 };
/** Reading so many bytes costs as much as passing on a short line. */
const BYTES_A_LINE = 4096;

/** Ends that a process may tell of itself. */
const OWN_ENDS: ReadonlySet<DeathCause['kind']> = new Set(['constructor-threw', 'load-failed', 'owner-gone']);

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
  readonly #child: ActorChild['process'];
  readonly #channel: ActorChannel;
  #phase: Phase;
  #told: DeathCause | null = null;
  #asked: DeathCause | null = null;
  #usedBytes = 0;
  readonly #lastError = new LastError();
  #beatAtMs: Millis;
  readonly #progress: ProgressWatch;
  #begin: Begin | null = null;
  /** How the process has exited, until that is dealt with. */
  #exit: { readonly code: number | null; readonly signal: string | null } | null = null;
  /** Whether the channel is. */
  #isClosed = false;
  /** Whether all that it wrote on stderr was read, or is no longer waited for; and what waits for it. */
  #isHeard: boolean;
  #onHeard: (() => void) | null = null;
  readonly #onGone: (() => void)[] = [];
  /** Runs when the process has said its last word. */
  #lastWord: Timer | null = null;
  /** Number of the newest report or state; and the sizes of those that the head has not dealt with. */
  #reports = 0;
  readonly #waiting = new Map<number, number>();
  #waitingBytes = 0;
  readonly #signed: SignedRequests;

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
    const { process: child, channel } = ports.spawn();
    this.#child = child;
    this.#isHeard = child.stderr === null;
    this.#channel = channel;
    const { sign } = ports;
    this.#signed = new SignedRequests({ sign, send: (message) => channel.send(message), broke: (why) => this.#broke(why) });
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
    if (this.#phase.at === 'running') this.#channel.send({ kind: 'begin', begin });
  }

  /** The ladder: asked, then SIGTERM, then SIGKILL. */
  stop(cause: DeathCause): void {
    if (this.#phase.at !== 'starting' && this.#phase.at !== 'running') return;
    this.#asked ??= cause;
    if (this.#phase.at === 'starting') this.#phase.timer.cancel();
    this.#channel.send({ kind: 'stop', reason: cause.kind });
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
    this.#waitingBytes -= this.#waiting.get(number) ?? 0;
    this.#waiting.delete(number);
    this.#channel.send({ kind: 'reported', number, refused });
  }

  owned(leftMs: Millis): void {
    this.#channel.send({ kind: 'owned', leftMs });
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
    this.#channel.listen({
      onMessage: (message, bytes) => this.#onMessage(message, bytes),
      onBroken: (why) => this.#broke(why),
      onClosed: () => this.#onClosed(),
    });
    child.once('error', (error) => {
      // It could not be started at all; a later error is of the channel, and the exit follows.
      if (child.pid === undefined) this.#gone({ kind: 'load-failed', error: toErrorData(error) });
    });
    // Not `close`: a grandchild may hold the pipes open for ever.
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal };
      this.#lastWord?.cancel();
      // What it said last says why. A process that it left behind may hold the channel open.
      if (this.#isClosed) this.#onExit();
      else this.#waitForLastWord(() => this.#onExit());
    });
  }

  #readLines(stream: Readable, isStderr: boolean): void {
    const splitter = new LineSplitter((line) => {
      if (isStderr) this.#lastError.line(line);
      this.#events.onLine(line, isStderr);
    });
    const release = readPaced(stream, OUTPUT_PACE, this.#ports.clock, {
      onData: (bytes) => bytes.length / BYTES_A_LINE + splitter.push(bytes),
      onOver: () => {
        splitter.end();
        if (isStderr) this.#heard();
      },
    });
    this.#onGone.push(release);
    // Such as of a pipe that breaks: its end is told too.
    stream.on('error', () => undefined);
  }

  async #sendStart(): Promise<void> {
    try {
      const start = await this.#ports.prepare(this.pid);
      this.#channel.send({ kind: 'start', start });
    } catch (error) {
      const data = toErrorData(error);
      const cause: DeathCause = { kind: data.code === 'node.disk-full' ? 'not-started' : 'load-failed', error: data };
      this.#told ??= cause;
      this.kill(cause);
    }
  }

  #onMessage(message: FromActorProcess, bytes: number): void {
    if (this.#phase.at === 'gone') return;
    switch (message.kind) {
      case 'ready':
        this.#onReady(message.address);
        return;
      case 'failed':
        if (!OWN_ENDS.has(message.cause.kind)) this.#broke(`it can't say of itself that ${message.cause.kind} ended it`);
        else this.#saysEnd(message.cause);
        return;
      case 'threw':
        this.#lastError.threw(message.text);
        return;
      case 'finished':
        if (this.isRank) this.#saysEnd({ kind: 'finished' });
        else this.#broke('only a rank finishes');
        return;
      case 'beat':
        this.#beatAtMs = this.#ports.clock.monotonicMs();
        this.#progress.beat(message.step, this.#beatAtMs);
        return;
      case 'sign':
        void this.#signed.take(message.number, message.request);
        return;
      case 'report':
        if (!this.isRank) this.#broke('only a rank reports');
        else if (this.#isInOrder(message.number, bytes)) this.#events.onReport(message.number, message.report);
        return;
      case 'state':
        if (this.isRank) this.#broke('a rank has no state');
        else if (this.#isInOrder(message.number, bytes)) this.#events.onState(message.number, message.state);
    }
  }

  #onReady(address: string): void {
    if (this.#phase.at === 'running') this.#broke('it said ready twice');
    if (this.#phase.at !== 'starting') return;
    this.#phase.timer.cancel();
    this.#phase = { at: 'running' };
    this.#beatAtMs = this.#ports.clock.monotonicMs();
    this.#events.onReady(address);
    if (this.#begin !== null) this.#channel.send({ kind: 'begin', begin: this.#begin });
  }

  /** May a report or state of that number be taken? Ends the process where not. */
  #isInOrder(number: number, bytes: number): boolean {
    if (this.#phase.at === 'starting') this.#broke('it reported before it was ready');
    else if (number !== this.#reports + 1) this.#broke(`after report ${this.#reports} came report ${number}`);
    else if (this.#waiting.size >= MAX_WAITING_REPORTS || this.#waitingBytes + bytes > MAX_WAITING_BYTES)
      this.#broke(`${this.#waiting.size} reports (${this.#waitingBytes} bytes) wait for the head, and it went on reporting`);
    else {
      this.#reports = number;
      this.#waiting.set(number, bytes);
      this.#waitingBytes += bytes;
      return true;
    }
    return false;
  }

  #broke(why: string): void {
    this.kill({ kind: 'broke-protocol', why });
  }

  #saysEnd(cause: DeathCause): void {
    this.#told ??= cause;
    this.#endSoon(cause);
  }

  /** After a stall of this process its timers run before what was sent meanwhile is read: the second one comes after that. */
  #waitForLastWord(run: () => void): void {
    const { clock } = this.#ports;
    this.#lastWord = clock.after(LAST_WORD_MS, () => (this.#lastWord = clock.after(1, run)));
  }

  /** It ends by itself now, or is ended. */
  #endSoon(cause: DeathCause): void {
    if (this.#phase.at === 'gone') return;
    if (this.#lastWord === null) this.#waitForLastWord(() => this.kill(cause));
  }

  #onClosed(): void {
    this.#isClosed = true;
    if (this.#exit !== null) this.#onExit();
    else this.#endSoon({ kind: 'broke-protocol', why: 'it closed its channel to the agent' });
  }

  #onExit(): void {
    if (this.#exit === null) return;
    const { code, signal } = this.#exit;
    this.#exit = null;
    const known = {
      code,
      signal,
      told: this.#told,
      asked: this.#asked,
      hasKernelKilled: this.#ports.kernelKills() > this.#kernelKillsBefore,
      limitBytes: this.memoryLimitBytes,
      usedBytes: this.#usedBytes,
    };
    if (this.#phase.at === 'starting' || this.#phase.at === 'stopping') this.#phase.timer.cancel();
    this.#phase = { at: 'killed' };
    this.#endGroup(() => this.#gone(causeOfExit({ ...known, lastError: this.#lastError.text })));
  }

  /** What the actor has started dies with it; until it has, the lease's resources are not free. What it wrote last may say why it ended. */
  #endGroup(done: () => void): void {
    const group = this.pid;
    if (group !== null && this.#ports.groups.signal(group, 'SIGKILL') && this.#ports.groups.isAlive(group)) {
      this.#ports.clock.after(GROUP_POLL_MS, () => this.#endGroup(done));
      return;
    }
    if (group === null) done();
    else this.#ports.groups.endStrays(() => this.#whenHeard(done));
  }

  #whenHeard(run: () => void): void {
    if (this.#isHeard) {
      run();
      return;
    }
    this.#onHeard = run;
    // A process that could not be ended may hold the pipe.
    this.#waitForLastWord(() => this.#heard());
  }

  #heard(): void {
    this.#isHeard = true;
    const run = this.#onHeard;
    this.#onHeard = null;
    run?.();
  }

  #gone(cause: DeathCause): void {
    if (this.#phase.at === 'gone') return;
    if (this.#phase.at === 'starting' || this.#phase.at === 'stopping') this.#phase.timer.cancel();
    this.#phase = { at: 'gone' };
    this.#lastWord?.cancel();
    for (const release of this.#onGone) release();
    this.#events.onEnded(cause);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid !== null && !this.#ports.groups.signal(this.pid, signal)) this.#child.kill(signal);
  }
}
