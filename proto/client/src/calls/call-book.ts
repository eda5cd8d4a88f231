import type { ErrorData, TrainerError } from '@trainer/model';
import { Fifo } from '@trainer/runtime';
import { reviveError, type Outcome } from '../errors.js';
import type { CallAnswer, OutgoingCall } from './call-stream.js';
import type { PendingCall } from './pending-call.js';

/** So many calls wait in one client for one actor (actors.md). */
const MAX_IN_FLIGHT = 10_000;
/** As much as the largest value, so that any call can be written. */
const MAX_IN_FLIGHT_BYTES = 64 * 2 ** 20;
/** A batch beyond this gains nothing and delays the first call in it. */
const BATCH_CALLS = 1_000;
const BATCH_BYTES = 2 ** 20;

/** Why calls end without an answer. */
export type Failure = (outcome: Outcome, method: string) => TrainerError;

/** The calls of a link: those that wait, in their order, and those that are written and not answered. */
export class CallBook {
  #waiting = new Fifo<PendingCall>();
  readonly #inFlight = new Map<number, PendingCall>();
  #inFlightBytes = 0;
  #lastNumber = 0;

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  get hasUnanswered(): boolean {
    return this.#inFlight.size > 0;
  }

  /** The highest number that was written; 0: none. */
  get written(): number {
    return this.#lastNumber;
  }

  add(call: PendingCall): void {
    this.#waiting.push(call);
  }

  /** Numbers the next calls that C3 has room for; they count as written. */
  takeBatch(): OutgoingCall[] {
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

  answered(answers: readonly CallAnswer[]): void {
    for (const { number, answer } of answers) {
      const call = this.#inFlight.get(number);
      // Given up in the meantime, or answered before a break: nothing waits for it.
      if (call === undefined) continue;
      if (answer.$case === 'item') {
        call.hasItems = true;
        call.sink.item(answer.value);
        continue;
      }
      this.forget(call);
      call.settle();
      if (answer.$case === 'value') call.sink.value(answer.value);
      else if (answer.$case === 'failed') call.sink.fail(reviveError(call.losses > 0 ? doubted(answer.value) : answer.value));
      else call.sink.done();
    }
  }

  /** A call that is not waited for any more. */
  forget(call: PendingCall): void {
    if (!this.#inFlight.delete(call.number)) return;
    this.#inFlightBytes -= call.args.length;
  }

  /** The link broke: streams that had begun fail. @returns the others that are unanswered, in their order, to be written again (C4) */
  unanswered(broken: Failure): OutgoingCall[] {
    const calls = [...this.#inFlight.values()];
    for (const call of calls.filter((sent) => sent.hasItems)) {
      this.forget(call);
      call.fail(broken);
    }
    return calls.filter((call) => call.phase === 'sent').map(outgoing);
  }

  /** C5: what was written to it may have run. Calls that may be made again wait ahead of all others, in their order; the others fail. */
  incarnationEnded(maxRetries: number, died: Failure): void {
    const sent = [...this.#inFlight.values()];
    if (sent.length === 0) return;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    const queue = new Fifo<PendingCall>();
    const lost: PendingCall[] = [];
    for (const call of sent) {
      call.losses += 1;
      if (call.hasItems || call.losses > maxRetries) lost.push(call);
      else {
        call.phase = 'waiting';
        queue.push(call);
      }
    }
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) queue.push(call);
    this.#waiting = queue;
    for (const call of lost) call.fail(died);
  }

  failAll(why: Failure): void {
    const calls = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) calls.push(call);
    for (const call of calls) call.fail(why);
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
}

/** This incarnation says what it knows of the call; an earlier one, which ended, may have run it. */
function doubted(error: ErrorData): ErrorData {
  return error.facts['outcome'] === 'not-run' ? { ...error, retry: 'never', facts: { ...error.facts, outcome: 'unknown' } } : error;
}

function outgoing(call: PendingCall): OutgoingCall {
  return { number: call.number, method: call.method, args: call.args, timeoutMs: call.timeoutMs, windowBytes: call.windowBytes };
}
