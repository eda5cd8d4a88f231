import {
  toErrorData,
  fromErrorData,
  type Clock,
  type Fact,
  type FromAgent,
  type Hello,
  type Millis,
  type RefusedFact,
  type Timer,
  type ToAgent,
  type TrainerError,
} from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { Urgency } from '../facts/outbox.js';
import type { HeadStream, OpenHeadStream } from './head-stream.js';

/** What decides whether an agent gets work. */
export type Condition = Pick<Hello, 'natsConnected' | 'isDraining'>;

/** What the link says of the agent, and whom it tells what it hears. */
export interface LinkOwner {
  /** The first message of each stream. */
  hello(): Hello;
  /** What heartbeats say of it; `conditionChanged` tells the link of a change. */
  condition(): Condition;
  /** The head has read the hello and has stored that fact of this incarnation. @returns false: the hello must be said anew */
  onHelloRead(storedFact: number): boolean;
  /** @returns the facts of the next message; none: no more now. Asked again after each acknowledgement */
  takeFacts(): Fact[];
  onAcknowledged(storedFact: number, refused: readonly RefusedFact[]): void;
  /** @returns false for a headEpoch older than the newest seen: the message is dropped, and the stream closed (design.md section 3) */
  hears(headEpoch: number): boolean;
  onWelcome(welcome: Extract<ToAgent, { kind: 'welcome' }>): void;
  onCommand(command: Extract<ToAgent, { kind: 'command' }>['command']): void;
  /** The stream is gone, or the head is suspended: nothing is taken or commanded until the next welcome. Perhaps told twice. */
  onDisconnected(): void;
  /** On each heartbeat, and on the first echo after a silence: how long until this agent counts as headless, unless it is heard. Below zero: it is. */
  onBeat(headlessInMs: Millis): void;
  /** The head refuses this agent for good, such as for its version. */
  onRefused(error: TrainerError): void;
}

export interface LinkTiming {
  readonly heartbeatMs: Millis;
  readonly headSilentMs: Millis;
  readonly headlessMs: Millis;
  readonly reconnectMs: Millis;
  readonly scoresApartMs: Millis;
}

export interface LinkPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Another head may lead: a suspended one is left, and its echoes count for nothing (docs/adr/0007). */
  readonly hasOtherHeads: boolean;
}

/**
 * waiting --time--> greeting --hello-read--> reading --welcome--> welcomed; greeting | reading | welcomed --suspended--> suspended, or left where there are other heads;
 * each --stream ends, or 3 s of silence--> waiting; each --stop, or refused for good--> stopped
 */
type LinkState =
  | { readonly at: 'waiting'; readonly timer: Timer }
  | { readonly at: 'greeting' | 'reading' | 'welcomed' | 'suspended'; readonly stream: HeadStream }
  | { readonly at: 'stopped' };

/** Refusals that another try will not change. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['protocol.version', 'auth.refused', 'auth.missing']);

/** Holds the agent's one stream to the head: hello, heartbeats, facts up; commands down. Reconnects for as long as it is not stopped. */
export class HeadLink {
  readonly #owner: LinkOwner;
  readonly #open: OpenHeadStream;
  readonly #timing: LinkTiming;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #hasOtherHeads: boolean;
  #state: LinkState;
  #beat: Timer;
  #beatNumber = 0;
  /** What this stream's hello or newest heartbeat said. */
  #said: Condition = { natsConnected: false, isDraining: false };
  /** When each heartbeat that was not echoed was sent. */
  #sentBeats = new Map<number, Millis>();
  /** When the newest heartbeat that was echoed was *sent*: what came after it, the head may not have heard. */
  #echoedSentMs: Millis;
  #heardMs: Millis;
  #lastBeatMs: Millis;
  #isBlocked = false;
  /** When what could wait was last sent; and the timer until the next such time, where something waits. */
  #patientSentMs = -Infinity;
  #patient: Timer | null = null;
  #failures = 0;

  constructor(owner: LinkOwner, open: OpenHeadStream, timing: LinkTiming, ports: LinkPorts) {
    this.#owner = owner;
    this.#open = open;
    this.#timing = timing;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#hasOtherHeads = ports.hasOtherHeads;
    const now = ports.clock.monotonicMs();
    this.#echoedSentMs = now;
    this.#heardMs = now;
    this.#lastBeatMs = now;
    this.#state = { at: 'waiting', timer: ports.clock.after(0, () => this.#connect()) };
    this.#beat = ports.clock.after(timing.heartbeatMs, () => this.#onBeat());
  }

  /** There are new facts. */
  pump(urgency: Urgency = 'now'): void {
    if (urgency === 'soon' && this.#mustWait()) return;
    if ((this.#state.at !== 'reading' && this.#state.at !== 'welcomed') || this.#isBlocked) return;
    const { stream } = this.#state;
    while (!this.#isBlocked) {
      const facts = this.#owner.takeFacts();
      if (facts.length === 0) return;
      this.#send(stream, { kind: 'facts', facts });
    }
  }

  /** Urgent facts take along what waits before them, so the timer may find nothing left to send. */
  #mustWait(): boolean {
    if (this.#patient !== null) return true;
    const now = this.#clock.monotonicMs();
    const waitMs = this.#patientSentMs + this.#timing.scoresApartMs - now;
    if (waitMs <= 0) {
      this.#patientSentMs = now;
      return false;
    }
    this.#patient = this.#clock.after(waitMs, () => {
      this.#patient = null;
      this.pump('soon');
    });
    return true;
  }

  /** NATS came or went, or the agent drains: work depends on it, so the head hears of it before the next heartbeat is due. */
  conditionChanged(): void {
    if (this.#state.at !== 'welcomed') return;
    const { natsConnected, isDraining } = this.#owner.condition();
    if (natsConnected !== this.#said.natsConnected || isDraining !== this.#said.isDraining) this.#beatNow();
  }

  #beatNow(): void {
    this.#beat.cancel();
    this.#onBeat();
  }

  /** Closes the stream and tries no more. Idempotent. */
  stop(): void {
    if (this.#state.at === 'stopped') return;
    const before = this.#state;
    this.#state = { at: 'stopped' };
    this.#beat.cancel();
    this.#patient?.cancel();
    if (before.at === 'waiting') before.timer.cancel();
    else before.stream.close();
  }

  #connect(): void {
    this.#heardMs = this.#clock.monotonicMs();
    this.#isBlocked = false;
    const stream: HeadStream = this.#open({
      onMessage: (message) => {
        if (this.#isCurrent(stream)) this.#onMessage(stream, message);
      },
      onDrain: () => {
        if (!this.#isCurrent(stream)) return;
        this.#isBlocked = false;
        this.pump();
      },
      onEnd: (why) => {
        if (this.#isCurrent(stream)) this.#onEnd(why);
      },
    });
    this.#state = { at: 'greeting', stream };
    const hello = this.#owner.hello();
    this.#said = hello;
    this.#send(stream, { kind: 'hello', hello });
  }

  #isCurrent(stream: HeadStream): boolean {
    return this.#state.at !== 'waiting' && this.#state.at !== 'stopped' && this.#state.stream === stream;
  }

  #onMessage(stream: HeadStream, message: ToAgent): void {
    this.#heardMs = this.#clock.monotonicMs();
    if ('headEpoch' in message && !this.#owner.hears(message.headEpoch)) {
      this.#logger.warn('a head of an older headship speaks; its stream is closed', { headEpoch: message.headEpoch });
      stream.close();
      return;
    }
    switch (message.kind) {
      case 'hello-read':
        this.#state = { at: 'reading', stream };
        if (this.#owner.onHelloRead(message.storedFact)) this.pump();
        else stream.close();
        return;
      case 'welcome':
        this.#state = { at: 'welcomed', stream };
        if (this.#failures > 0) this.#logger.info('connected to the head again', { failures: this.#failures });
        this.#failures = 0;
        this.#owner.onWelcome(message);
        // A head that was away for long is heard of in time only by an echo; and what was said before counts for nothing.
        this.#beatNow();
        return;
      case 'suspended':
        this.#onSuspended(stream);
        return;
      case 'refused':
        this.#onRefused(stream, fromErrorData(message.error));
        return;
      case 'echo':
        this.#onEcho(message.number);
        return;
      case 'ack':
        this.#owner.onAcknowledged(message.storedFact, message.refused);
        this.pump();
        return;
      case 'command':
        // Before the welcome, and after a suspension, the head commands nothing.
        if (this.#state.at === 'welcomed') this.#owner.onCommand(message.command);
    }
  }

  #onSuspended(stream: HeadStream): void {
    if (isNth(this.#failures + 1)) this.#logger.warn('the head waits for its database; facts wait here', {});
    if (this.#hasOtherHeads) {
      stream.close();
      return;
    }
    this.#state = { at: 'suspended', stream };
    this.#owner.onDisconnected();
    this.#beatNow();
  }

  #onEcho(number: number): void {
    const sentMs = this.#sentBeats.get(number);
    if (sentMs === undefined) return;
    const gainedMs = sentMs - this.#echoedSentMs;
    this.#echoedSentMs = Math.max(this.#echoedSentMs, sentMs);
    // After a silence the time that was told is short: it must not run out before the next heartbeat tells of more.
    if (gainedMs > 2 * this.#timing.heartbeatMs) this.#owner.onBeat(this.#headlessInMs());
    for (const sent of this.#sentBeats.keys()) if (sent <= number) this.#sentBeats.delete(sent);
  }

  #onRefused(stream: HeadStream, error: TrainerError): void {
    if (isNth(this.#failures + 1)) this.#logger.error('the head refuses this agent', { error: toErrorData(error) });
    if (FINAL_REFUSALS.has(error.code)) {
      this.stop();
      this.#owner.onDisconnected();
      this.#owner.onRefused(error);
      return;
    }
    stream.close();
  }

  #onEnd(why: string): void {
    this.#failures += 1;
    if (isNth(this.#failures)) this.#logger.warn('no stream to the head', { why, failures: this.#failures });
    this.#sentBeats.clear();
    this.#state = { at: 'waiting', timer: this.#clock.after(this.#timing.reconnectMs, () => this.#connect()) };
    this.#owner.onDisconnected();
  }

  #onBeat(): void {
    this.#beat = this.#clock.after(this.#timing.heartbeatMs, () => this.#onBeat());
    const now = this.#clock.monotonicMs();
    const stoodStillMs = now - this.#lastBeatMs;
    this.#lastBeatMs = now;
    // After a stall of our own loop the head gets its time anew; the headless limit does not (design.md section 9).
    if (stoodStillMs > 2 * this.#timing.heartbeatMs) this.#heardMs = now;
    if (this.#state.at !== 'waiting' && this.#state.at !== 'stopped') {
      const { stream } = this.#state;
      // After so long a stall it is the head that has counted us as silent, and may have lost what runs here: a hello tells.
      if (stoodStillMs >= this.#timing.headSilentMs || now - this.#heardMs > this.#timing.headSilentMs) stream.close();
      else {
        this.#beatNumber += 1;
        this.#sentBeats.set(this.#beatNumber, now);
        const { natsConnected, isDraining } = this.#owner.condition();
        // What is said before the welcome is not heard.
        if (this.#state.at === 'welcomed') this.#said = { natsConnected, isDraining };
        this.#send(stream, { kind: 'heartbeat', number: this.#beatNumber, natsConnected, isDraining });
      }
    }
    this.#owner.onBeat(this.#headlessInMs());
  }

  #headlessInMs(): Millis {
    return this.#echoedSentMs + this.#timing.headlessMs - this.#clock.monotonicMs();
  }

  #send(stream: HeadStream, message: FromAgent): void {
    if (!stream.send(message)) this.#isBlocked = true;
  }
}

/** Every 100 ms would fill the log: the first failure is told, then each whose number is a power of two. */
function isNth(failures: number): boolean {
  return (failures & (failures - 1)) === 0;
}
