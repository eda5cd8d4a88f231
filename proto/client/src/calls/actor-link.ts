import type { Clock, DeathCause, TrainerError } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import { ActorDiedError, CallCancelledError, ClusterUnavailableError, reviveError, type Outcome } from '../errors.js';
import type { CallAnswer, CallCredit, CallStream, CallStreamEnd, CallStreamEvents, OutgoingCall } from './call-stream.js';
import { Fifo } from '@trainer/runtime';
import type { CallKeeper } from './call-scope.js';
import type { PendingCall } from './pending-call.js';

/*
 * Invariants of a link, the calls of one client to one actor:
 * C1. Calls are written in the order they were made; their numbers rise by one in that order.
 * C2. A call is settled once. `not-run` is said only of calls that were never written, or were refused.
 * C3. Written and unanswered are at most MAX_IN_FLIGHT calls and, unless it is one call, MAX_IN_FLIGHT_BYTES of arguments; what
 *     is above waits, unwritten, and nothing is dropped.
 * C4. After a break the unanswered calls are written again under their numbers, before any newer one; the actor knows the
 *     numbers it has seen. A stream that had begun is not, since what was on its way is lost.
 */

/** So many calls wait in one client for one actor (actors.md). */
const MAX_IN_FLIGHT = 10_000;
/** As much as the largest value, so that any call can be written. */
const MAX_IN_FLIGHT_BYTES = 64 * 2 ** 20;
/** A batch beyond this gains nothing and delays the first call in it. */
const BATCH_CALLS = 1_000;
const BATCH_BYTES = 2 ** 20;
/** An actor keeps unacknowledged answers that long (design.md section 5): a later link could not tell what ran. */
const RELINK_MS = 30_000;
/** A listener on a live machine welcomes within milliseconds; one behind a cut link never does. */
const WELCOME_MS = 5_000;
/** With the pauses between them longer than it takes the news of an actor's end to reach the head. */
const MAX_REFUSALS = 8;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1_000;

/** Where the head says an actor is. `moving`: it lives but cannot be called yet. */
export type ActorLocation =
  | { readonly at: 'alive'; readonly address: string; readonly token: string }
  | { readonly at: 'moving' }
  | { readonly at: 'dead'; readonly cause: DeathCause | null };

/** What a link needs from outside. */
export interface LinkPorts {
  readonly clock: Clock;
  /** Opens a stream to an actor's listener; its events come later, never during the call. */
  openStream(target: { address: string; token: string }, events: CallStreamEvents): CallStream;
  /** Asks the head. Rejects when no head answers. */
  locate(): Promise<ActorLocation>;
}

type LinkState =
  | { readonly at: 'idle' }
  | { readonly at: 'linking' }
  | { readonly at: 'open'; readonly stream: CallStream }
  | { readonly at: 'ended'; readonly error: (outcome: Outcome, method: string) => TrainerError };

/** The calls to one actor: gathers them into batches, keeps their order, takes a broken stream up again. */
export class ActorLink implements CallKeeper {
  readonly #actor: string;
  readonly #ports: LinkPorts;
  readonly #waiting = new Fifo<PendingCall>();
  readonly #inFlight = new Map<number, PendingCall>();
  #inFlightBytes = 0;
  #lastNumber = 0;
  #cancels: number[] = [];
  #credits: CallCredit[] = [];
  #isFlushDue = false;
  #isBlocked = false;
  #refusals = 0;
  #state: LinkState = { at: 'idle' };
  #target: { address: string; token: string } | null;

  constructor(actor: string, ports: LinkPorts, target: { address: string; token: string } | null) {
    this.#actor = actor;
    this.#ports = ports;
    this.#target = target;
  }

  /** Opens the stream ahead of the first call. */
  warm(): void {
    if (this.#state.at === 'idle') this.#startLinking();
  }

  submit(call: PendingCall): void {
    if (this.#state.at === 'ended') {
      const error = this.#state.error('not-run', call.method);
      call.settle();
      call.sink.fail(error);
      return;
    }
    this.#waiting.push(call);
    if (this.#state.at === 'open') this.#scheduleFlush();
    else this.warm();
  }

  /** A call that is still pending fails with what `why` makes of its outcome; the actor is told to give it up. */
  abandon(call: PendingCall, why: (outcome: Outcome) => TrainerError): void {
    if (call.phase === 'settled') return;
    const error = why(call.outcome);
    if (call.phase === 'sent') {
      this.#forget(call);
      this.#cancels.push(call.number);
      this.#scheduleFlush();
    }
    call.settle();
    call.sink.fail(error);
  }

  /** Gives the actor room for `bytes` more of a stream. */
  credit(call: PendingCall, bytes: number): void {
    if (call.phase !== 'sent') return;
    this.#credits.push({ number: call.number, bytes });
    this.#scheduleFlush();
  }

  /** Ends the link; what is pending is cancelled. Idempotent. */
  close(): void {
    const stream = this.#state.at === 'open' ? this.#state.stream : null;
    this.#end((outcome, method) => new CallCancelledError(method, 'the connection to the cluster was closed', outcome));
    stream?.close();
  }

  /** The actor is known to be dead, such as after a kill. */
  died(cause: DeathCause | null): void {
    const stream = this.#state.at === 'open' ? this.#state.stream : null;
    this.#end((outcome) => new ActorDiedError(this.#actor, cause, outcome));
    stream?.close();
  }

  /**
   * Runs when the microtask queue is empty, so that all calls made by one turn of a program travel together. (A tick asked for
   * by a microtask runs after all microtasks; asked for outside it would run before them.)
   */
  #scheduleFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => process.nextTick(this.#flush));
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    if (this.#state.at !== 'open') return;
    const { stream } = this.#state;
    if (this.#cancels.length > 0 || this.#credits.length > 0) this.#writeControl(stream);
    while (!this.#isBlocked) {
      const calls = this.#takeBatch();
      if (calls.length === 0) return;
      this.#isBlocked = !stream.write({ calls, cancels: [], credits: [] });
    }
  };

  /** Ahead of new calls, which may need the room that cancelled ones leave in the actor; and small, so it need not wait. */
  #writeControl(stream: CallStream): void {
    const [cancels, credits] = [this.#cancels, this.#credits];
    this.#cancels = [];
    this.#credits = [];
    this.#isBlocked = !stream.write({ calls: [], cancels, credits });
  }

  #takeBatch(): OutgoingCall[] {
    const batch: OutgoingCall[] = [];
    let bytes = 0;
    while (batch.length < BATCH_CALLS && bytes < BATCH_BYTES) {
      const call = this.#nextWritable();
      if (call === null) break;
      this.#lastNumber += 1;
      call.number = this.#lastNumber;
      call.phase = 'sent';
      this.#inFlight.set(call.number, call);
      this.#inFlightBytes += call.args.length;
      bytes += call.args.length;
      batch.push(outgoing(call));
    }
    return batch;
  }

  /** The oldest waiting call, if C3 has room for it. */
  #nextWritable(): PendingCall | null {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return null;
    for (;;) {
      const call = this.#waiting.peek();
      if (call === undefined) return null;
      if (call.phase !== 'settled') {
        const isRoom = this.#inFlight.size === 0 || this.#inFlightBytes + call.args.length <= MAX_IN_FLIGHT_BYTES;
        if (!isRoom) return null;
        this.#waiting.shift();
        return call;
      }
      this.#waiting.shift();
    }
  }

  readonly #onAnswers = (answers: readonly CallAnswer[]): void => {
    for (const { number, answer } of answers) {
      const call = this.#inFlight.get(number);
      // Given up in the meantime, or answered before a break: nothing waits for it.
      if (call === undefined || answer === undefined) continue;
      if (answer.$case === 'item') {
        call.hasItems = true;
        call.sink.item(answer.value);
        continue;
      }
      this.#forget(call);
      call.settle();
      if (answer.$case === 'value') call.sink.value(answer.value);
      else if (answer.$case === 'failed') call.sink.fail(reviveError(answer.value));
      else call.sink.done();
    }
    if (this.#waiting.size > 0) this.#scheduleFlush();
  };

  #forget(call: PendingCall): void {
    this.#inFlight.delete(call.number);
    this.#inFlightBytes -= call.args.length;
  }

  #startLinking(): void {
    this.#state = { at: 'linking' };
    // Every way out of #relink leaves a state that says how it went; nothing of it throws.
    void this.#relink();
  }

  /** Looks for the actor until it welcomes us, is dead, or RELINK_MS have passed. */
  async #relink(): Promise<void> {
    const { clock } = this.#ports;
    const [startedMs, since] = [clock.monotonicMs(), clock.wallMs()];
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#state.at === 'linking') {
      if (this.#target !== null && (await this.#open(this.#target))) return;
      await this.#look();
      if (this.#state.at !== 'linking') return;
      if (clock.monotonicMs() - startedMs > RELINK_MS) {
        this.#giveUp(since);
        return;
      }
      await sleep(clock, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /** @returns whether the link is settled: open, or ended since the actor refused it for good. */
  #open(target: { address: string; token: string }): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.after(WELCOME_MS, () => stream.close());
      const stream: CallStream = this.#ports.openStream(target, {
        onWelcome: () => {
          timer.cancel();
          if (this.#state.at === 'linking') this.#opened(stream);
          else stream.close();
          resolve(true);
        },
        onAnswers: this.#onAnswers,
        onDrain: () => {
          this.#isBlocked = false;
          this.#scheduleFlush();
        },
        onEnd: (end) => {
          timer.cancel();
          resolve(this.#onStreamEnd(stream, end));
        },
      });
    });
  }

  #opened(stream: CallStream): void {
    this.#state = { at: 'open', stream };
    this.#refusals = 0;
    this.#isBlocked = false;
    this.#cancels = [];
    this.#credits = [];
    this.#resend(stream);
    this.#flush();
  }

  /** C4. */
  #resend(stream: CallStream): void {
    const unanswered = [...this.#inFlight.values()];
    for (const call of unanswered.filter((sent) => sent.hasItems)) {
      const address = this.#target?.address ?? '';
      this.abandon(
        call,
        (outcome) =>
          new ClusterUnavailableError([address], this.#ports.clock.wallMs(), 'The link to the actor broke within a stream', outcome),
      );
    }
    for (const call of unanswered) {
      if (call.phase === 'sent') this.#isBlocked = !stream.write({ calls: [outgoing(call)], cancels: [], credits: [] });
    }
  }

  /** @returns whether the link has ended for good. */
  #onStreamEnd(stream: CallStream, end: CallStreamEnd): boolean {
    if (end.why === 'refused') {
      const { error } = end;
      this.#refusals += 1;
      // A dead actor's port may be another's by now, who knows nothing of our token: ask the head first.
      const isFinal = error.code !== 'auth.refused' || this.#refusals >= MAX_REFUSALS;
      if (isFinal) this.#end(() => reviveError(error));
      return isFinal;
    }
    if (this.#state.at === 'open' && this.#state.stream === stream) this.#startLinking();
    return this.#state.at === 'ended';
  }

  async #look(): Promise<void> {
    try {
      const found = await this.#ports.locate();
      if (this.#state.at !== 'linking') return;
      if (found.at === 'alive') this.#target = { address: found.address, token: found.token };
      if (found.at === 'dead') this.died(found.cause);
    } catch (error) {
      // No head for the moment: the actor may still be where it was. That there is no such actor is an answer.
      const code = (error as Partial<TrainerError>).code;
      if (code === 'actor.not-found' && this.#state.at === 'linking') this.died(null);
    }
  }

  #giveUp(since: number): void {
    const address = this.#target ? [this.#target.address] : [];
    const error = (outcome: Outcome): TrainerError =>
      new ClusterUnavailableError(address, since, `Actor ${this.#actor} cannot be reached`, outcome);
    this.#state = { at: 'idle' };
    this.#failAll(error);
  }

  #end(error: (outcome: Outcome, method: string) => TrainerError): void {
    if (this.#state.at === 'ended') return;
    this.#state = { at: 'ended', error };
    this.#failAll(error);
  }

  #failAll(error: (outcome: Outcome, method: string) => TrainerError): void {
    const calls = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) calls.push(call);
    for (const call of calls) {
      if (call.phase === 'settled') continue;
      const failure = error(call.outcome, call.method);
      call.settle();
      call.sink.fail(failure);
    }
  }
}

function outgoing(call: PendingCall): OutgoingCall {
  return { number: call.number, method: call.method, args: call.args, timeoutMs: call.timeoutMs, windowBytes: call.windowBytes };
}
