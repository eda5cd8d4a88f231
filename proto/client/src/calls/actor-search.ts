import type { Clock, DeathCause, ErrorData, Timer, TrainerError, Millis } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import type { CallAnswer, CallStream, CallStreamEnd, CallStreamEvents } from './call-stream.js';

/** Without any answer of a head for so long, calls fail: as long as a client's session survives without one (design.md section 5). */
const NO_HEAD_MS = 30_000;
/** A listener on a live machine welcomes within milliseconds; one behind a cut link never does. */
const WELCOME_MS = 5_000;
/** A knock that is not answered by then may never be: the head is asked beside it. */
const LOOK_AFTER_MS = 100;
/** The head answers as soon as there is news; a wait that is bounded notices a head that is gone. */
export const LOOK_WAIT_MS = 10_000;
/** With the pauses between them some two seconds: longer than it takes the news of an actor's end to reach the head. */
const MAX_REFUSALS = 12;
const FIRST_PAUSE_MS = 10;
/** The actor's goal is to answer half a second after its process was killed, so nobody sleeps longer than half of that. */
const LONGEST_PAUSE_MS = 250;

/** Where an actor is called, and what it asks for. The token is another one in each incarnation. */
export interface CallTarget {
  readonly address: string;
  readonly token: string;
}

/** Where the head says an actor is. `moving`: no incarnation of it can be called, but one will. */
export type ActorLocation =
  | { readonly at: 'alive'; readonly target: CallTarget; readonly lastDeath: DeathCause | null; readonly maxCallRetries: number }
  | { readonly at: 'moving'; readonly lastDeath: DeathCause | null; readonly maxCallRetries: number }
  | { readonly at: 'dead'; readonly cause: DeathCause | null };

/** What the head is asked to wait for, and how long: that the actor is not moving, or that the incarnation of a token is over. */
export type Look =
  { readonly waitMs: Millis; readonly until: 'settled' } | { readonly waitMs: Millis; readonly until: 'ended'; readonly token: string };

/** What a link needs from outside. */
export interface LinkPorts {
  readonly clock: Clock;
  /** Opens a stream to an actor's listener; its events come later, never during the call. `written`: see CallerHello. */
  openStream(target: CallTarget, written: number, events: CallStreamEvents): CallStream;
  /** Asks the head. Rejects when none answers. */
  locate(look: Look): Promise<ActorLocation>;
  /** The actor has ended, or the link was closed: it will never be called again. */
  onEnded(): void;
}

/** What a search finds; after `onFound`, `onRefused` and `onNoHead` it is over. */
export interface SearchEvents {
  onLocated(found: ActorLocation): void;
  onFound(stream: CallStream, target: CallTarget): void;
  onRefused(error: ErrorData): void;
  /** No head has answered for 30 s; `since`: milliseconds since 1970. */
  onNoHead(since: number): void;
  /** Of the streams it opens, from their welcome on. */
  onAnswers(answers: readonly CallAnswer[]): void;
  onDrain(): void;
  onBroken(stream: CallStream, end: CallStreamEnd): void;
  /** The highest number that was written to that incarnation. */
  writtenTo(target: CallTarget): number;
}

/**
 * Looks for an actor: knocks where it was last, and asks the head, side by side, as either may be the one that never answers.
 * It ends when a stream is welcomed, when the actor is refused for good, when no head answers, or by `stop`.
 */
export class ActorSearch {
  readonly #ports: LinkPorts;
  readonly #events: SearchEvents;
  readonly #since: number;
  readonly #startedMs: number;
  #target: CallTarget | null;
  #opening: CallStream | null = null;
  #refusals = 0;
  #isLooking = false;
  #lookTimer: Timer | null = null;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(ports: LinkPorts, target: CallTarget | null, events: SearchEvents) {
    this.#ports = ports;
    this.#since = ports.clock.wallMs();
    this.#startedMs = ports.clock.monotonicMs();
    this.#target = target;
    this.#events = events;
  }

  start(): void {
    void this.#knockOn();
    if (this.#target === null) this.#beginToLook();
    else this.#lookTimer = this.#ports.clock.after(LOOK_AFTER_MS, () => this.#beginToLook());
  }

  /** Idempotent. */
  stop(): void {
    this.#isOver = true;
    this.#lookTimer?.cancel();
    this.#opening?.close();
    this.#wake();
  }

  #beginToLook(): void {
    if (this.#isLooking || this.#isOver) return;
    this.#isLooking = true;
    void this.#lookOn();
  }

  async #lookOn(): Promise<void> {
    const { clock } = this.#ports;
    let heardAtMs = this.#startedMs;
    // Calls that were written must not wait for a restart to hear of the end before it, so the first look waits for nothing.
    let look: Look = { waitMs: 0, until: 'settled' };
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isOver; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const found: ActorLocation | null = await this.#ports.locate(look).catch(unlessGone);
      if (this.#isOver) return;
      if (found !== null) {
        heardAtMs = clock.monotonicMs();
        look = lookAfter(found);
        this.#take(found);
      } else if (clock.monotonicMs() - heardAtMs > NO_HEAD_MS) {
        this.stop();
        this.#events.onNoHead(this.#since);
      }
      if (!this.#isOver) await sleep(clock, pauseMs);
    }
  }

  #take(found: ActorLocation): void {
    const target = found.at === 'alive' ? found.target : null;
    const isNews = target?.token !== this.#target?.token || target?.address !== this.#target?.address;
    // Its identity tells a knock that waits whether it knocks where the actor still is.
    if (isNews) this.#target = target;
    this.#events.onLocated(found);
    if (!isNews || this.#isOver) return;
    this.#refusals = 0;
    // A machine that is gone would let the knocking wait for its answer.
    this.#opening?.close();
    this.#wake();
  }

  async #knockOn(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#isOver) {
      const target = this.#target;
      if (target !== null) await this.#knock(target);
      // Read through a function: the compiler thinks that nothing changes meanwhile.
      if (this.#isStopped()) return;
      this.#beginToLook();
      if (this.#target !== target) {
        pauseMs = FIRST_PAUSE_MS;
        continue;
      }
      await this.#pause(target === null ? null : pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  #isStopped(): boolean {
    return this.#isOver;
  }

  /** Until there is news, or so long. */
  #pause(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : this.#ports.clock.after(ms, resolve);
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }

  /** Resolves when the stream was welcomed, or will not be. */
  #knock(target: CallTarget): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.#ports;
      const timer = clock.after(WELCOME_MS, () => stream.close());
      let isWelcome = false;
      const stream = this.#ports.openStream(target, this.#events.writtenTo(target), {
        onWelcome: () => {
          isWelcome = true;
          timer.cancel();
          this.#opening = null;
          if (this.#isOver || this.#target !== target) stream.close();
          else {
            this.stop();
            this.#events.onFound(stream, target);
          }
          resolve();
        },
        onAnswers: (answers) => this.#events.onAnswers(answers),
        onDrain: () => this.#events.onDrain(),
        onEnd: (end) => {
          timer.cancel();
          this.#opening = null;
          if (isWelcome) this.#events.onBroken(stream, end);
          else if (end.why === 'refused' && !this.#isOver && this.#target === target) this.#refused(end.error);
          resolve();
        },
      });
      this.#opening = stream;
    });
  }

  #refused(error: ErrorData): void {
    this.#refusals += 1;
    // A dead actor's port may be another's by now, who knows nothing of our token: the head is asked too.
    if (error.code === 'auth.refused' && this.#refusals < MAX_REFUSALS) return;
    this.stop();
    this.#events.onRefused(error);
  }
}

/** The next look, which the head answers once there is news. */
function lookAfter(found: ActorLocation): Look {
  if (found.at === 'alive') return { waitMs: LOOK_WAIT_MS, until: 'ended', token: found.target.token };
  return { waitMs: LOOK_WAIT_MS, until: 'settled' };
}

/** That there is no such actor is an answer; anything else means that the head could not say. */
function unlessGone(error: unknown): ActorLocation | null {
  return (error as Partial<TrainerError>).code === 'actor.not-found' ? { at: 'dead', cause: null } : null;
}
