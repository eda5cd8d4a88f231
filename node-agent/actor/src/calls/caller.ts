import type { Clock, Timer } from '@trainer/model';
import { toErrorData } from '@trainer/model';
import { ActorCall, type AnswerTaker } from './actor-call.js';
import { weight, type AnswerBody, type CallAnswer, type IncomingBatch, type IncomingCall } from './answer.js';
import { AnswerForgottenError, CancelledError, DeadlineError, TooManyCallsError } from './errors.js';
import { Fifo } from '@trainer/runtime';

/*
 * Invariants of a caller, which outlives its links:
 * L1. A call's number is entered at most once: a number that is not above the highest seen runs nothing.
 * L2. Every call gets exactly one final answer. Sent again on a later link, it gets the same one.
 * L3. At most MAX_OPEN calls of a caller are open; more are refused as not run.
 * L4. Answers on a link arrive in the order they were sent, and a caller has at most MAX_OPEN calls unanswered: so the last
 *     MAX_OPEN answers are all that a later link can ask for.
 * L5. A caller that was forgotten and comes back is believed what it has written: none of that is entered again.
 * L6. A stream ends with its reader: when it says so, when the link breaks after the first item, or is gone for as long as answers are kept.
 */

/** What a client may have in flight (actors.md). */
export const MAX_OPEN = 10_000;
/** A stream's window at most (actors.md). */
const MAX_WINDOW_BYTES = 16 * 2 ** 20;
/** Of kept answers; a client that keeps to its own limit of arguments in flight rarely comes near. */
const MAX_KEPT_BYTES = 16 * 2 ** 20;
/** Of the arguments of open calls: what a client may have in flight, and one largest value. */
const MAX_OPEN_BYTES = 128 * 2 ** 20;

/** Sends answers on one stream. */
export interface AnswerLink {
  send(answer: CallAnswer): void;
  /** Ends the stream. Idempotent. */
  close(): void;
}

export interface CallerOptions {
  readonly clock: Clock;
  readonly answersKeptMs: number;
  readonly submit: (call: ActorCall) => void;
}

/** The calls and kept answers of one caller. */
export class Caller implements AnswerTaker {
  readonly #options: CallerOptions;
  readonly #open = new Map<number, ActorCall>();
  #openBytes = 0;
  readonly #kept = new Map<number, { readonly answer: CallAnswer; readonly atMs: number }>();
  /** The numbers of `#kept`, oldest first: walking a Map whose front was deleted costs a look at each hole. */
  readonly #keptOrder = new Fifo<number>();
  #keptBytes = 0;
  #highest = 0;
  #link: AnswerLink | null = null;
  #sweep: Timer | null = null;
  /** Ends the streams of a caller whose link is gone. */
  #absence: Timer | null = null;

  /** `written`: the highest number that it says it has written to this incarnation; 0 for one that is new (L5). */
  constructor(options: CallerOptions, written: number) {
    this.#options = options;
    this.#highest = written;
  }

  /** Whether nothing of it need be kept: no link, no call, no answer. */
  get isIdle(): boolean {
    return this.#link === null && this.#open.size === 0 && this.#kept.size === 0;
  }

  attach(link: AnswerLink): void {
    const before = this.#link;
    if (before !== null) {
      // Its caller noticed that it broke before this process did.
      this.detach(before);
      before.close();
    }
    this.#absence?.cancel();
    this.#absence = null;
    this.#link = link;
    for (const call of this.#open.values()) call.wake?.();
  }

  /** The link broke. A stream that had begun is given up, as its caller cannot know what was lost on the way. */
  detach(link: AnswerLink): void {
    if (this.#link !== link) return;
    this.#link = null;
    for (const call of [...this.#open.values()]) {
      if (call.hasItems) this.#cancel(call);
    }
    const { clock, answersKeptMs } = this.#options;
    if (this.#hasStreams()) this.#absence = clock.after(answersKeptMs, () => this.#endStreams());
  }

  #hasStreams(): boolean {
    for (const { incoming } of this.#open.values()) if (incoming.windowBytes > 0) return true;
    return false;
  }

  /** Nobody takes up a stream after the time that answers are kept, and it would wait for a reader for ever. */
  #endStreams(): void {
    for (const call of [...this.#open.values()]) if (call.incoming.windowBytes > 0) this.#cancel(call);
  }

  receive(batch: IncomingBatch): void {
    for (const call of batch.calls) this.#receiveCall(call);
    for (const number of batch.cancels) {
      const call = this.#open.get(number);
      if (call !== undefined) this.#cancel(call);
    }
    for (const { number, bytes } of batch.credits) {
      const call = this.#open.get(number);
      if (call === undefined) continue;
      call.creditBytes = Math.min(call.creditBytes + bytes, MAX_WINDOW_BYTES);
      call.wake?.();
    }
  }

  settle(call: ActorCall, body: AnswerBody): void {
    const { number, args } = call.incoming;
    this.#open.delete(number);
    this.#openBytes -= args.length;
    this.#answer({ number, body });
  }

  item(call: ActorCall, value: Buffer): boolean {
    if (this.#link === null) return false;
    this.#link.send({ number: call.incoming.number, body: { kind: 'item', value } });
    return true;
  }

  #receiveCall(incoming: IncomingCall): void {
    if (incoming.number <= this.#highest) {
      this.#again(incoming);
      return;
    }
    this.#highest = incoming.number;
    if (this.#open.size >= MAX_OPEN) {
      this.#refuse(incoming, new TooManyCallsError('calls of one caller', MAX_OPEN));
      return;
    }
    if (this.#open.size > 0 && this.#openBytes + incoming.args.length > MAX_OPEN_BYTES) {
      this.#refuse(incoming, new TooManyCallsError('bytes of arguments of one caller', MAX_OPEN_BYTES));
      return;
    }
    const call = new ActorCall(this, incoming, MAX_WINDOW_BYTES);
    this.#open.set(incoming.number, call);
    this.#openBytes += incoming.args.length;
    const { timeoutMs, method } = incoming;
    if (timeoutMs > 0) {
      call.deadline = this.#options.clock.after(timeoutMs, () => {
        call.settle({ kind: 'failed', error: toErrorData(new DeadlineError(method, timeoutMs, call.outcome)) });
      });
    }
    this.#options.submit(call);
  }

  /** L1, L2: seen on this link or an earlier one. */
  #again(incoming: IncomingCall): void {
    if (this.#open.has(incoming.number)) return;
    const kept = this.#kept.get(incoming.number);
    if (kept !== undefined) this.#link?.send(kept.answer);
    else this.#refuse(incoming, new AnswerForgottenError(incoming.method));
  }

  #refuse(incoming: IncomingCall, error: Error): void {
    this.#answer({ number: incoming.number, body: { kind: 'failed', error: toErrorData(error) } });
  }

  #cancel(call: ActorCall): void {
    call.settle({ kind: 'failed', error: toErrorData(new CancelledError(call.incoming.method, call.outcome)) });
  }

  #answer(answer: CallAnswer): void {
    this.#keep(answer);
    this.#link?.send(answer);
  }

  #keep(answer: CallAnswer): void {
    this.#kept.set(answer.number, { answer, atMs: this.#options.clock.monotonicMs() });
    this.#keptOrder.push(answer.number);
    this.#keptBytes += weight(answer);
    while (this.#kept.size > MAX_OPEN || this.#keptBytes > MAX_KEPT_BYTES) this.#forgetOldest();
    if (this.#sweep === null) this.#sweep = this.#options.clock.after(this.#options.answersKeptMs, () => this.#sweepKept());
  }

  /** A link that works delivered them long ago; a caller whose link broke is no longer waited for. */
  #sweepKept(): void {
    const before = this.#options.clock.monotonicMs() - this.#options.answersKeptMs;
    while (this.#oldestAtMs() <= before) this.#forgetOldest();
    this.#sweep = this.#kept.size === 0 ? null : this.#options.clock.after(this.#options.answersKeptMs, () => this.#sweepKept());
  }

  #oldestAtMs(): number {
    const oldest = this.#keptOrder.peek();
    return (oldest === undefined ? undefined : this.#kept.get(oldest)?.atMs) ?? Number.POSITIVE_INFINITY;
  }

  #forgetOldest(): void {
    const number = this.#keptOrder.shift();
    const kept = number === undefined ? undefined : this.#kept.get(number);
    if (number === undefined || kept === undefined) return;
    this.#keptBytes -= weight(kept.answer);
    this.#kept.delete(number);
  }
}
