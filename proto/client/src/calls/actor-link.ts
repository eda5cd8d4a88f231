import type { DeathCause, Timer, TrainerError } from '@trainer/model';
import { ActorDiedError, CallCancelledError, ClusterUnavailableError, reviveError, type Outcome } from '../errors.js';
import { ActorSearch, LOOK_WAIT_MS, type ActorLocation, type CallTarget, type LinkPorts } from './actor-search.js';
import { CallBook, type Failure } from './call-book.js';
import type { CallKeeper } from './call-scope.js';
import type { CallAnswer, CallCredit, CallStream } from './call-stream.js';
import type { PendingCall } from './pending-call.js';

/*
 * Invariants of a link, the calls of one client to one actor:
 * C1. Calls are written in the order they were made; their numbers rise by one in that order.
 * C2. A call is settled once. `not-run` is said only of calls that were never written, or were refused.
 * C3. Written and unanswered are at most MAX_IN_FLIGHT calls and, unless it is one call, MAX_IN_FLIGHT_BYTES of arguments; what
 *     is above waits, unwritten, and nothing is dropped.
 * C4. After a break the unanswered calls are written again under their numbers, before any newer one; the actor knows the
 *     numbers it has seen. A stream that had begun is not, since what was on its way is lost.
 * C5. When an incarnation has ended, what was written to it and is unanswered is unknown: it fails, or is made again under a new
 *     number where `maxCallRetries` allows it. What was never written waits for the next incarnation, behind it.
 */

/**
 * With calls unanswered and nothing heard for so long, the head is asked to say when the incarnation is over: a machine that is
 * cut off breaks no connection, and a method that blocks its process answers no ping.
 */
const SILENCE_MS = 1_000;

type LinkState =
  | { readonly at: 'idle' }
  | { readonly at: 'linking'; readonly search: ActorSearch }
  | { readonly at: 'open'; readonly stream: CallStream }
  | { readonly at: 'ended'; readonly error: Failure };

/** The calls to one actor: gathers them into batches, keeps their order, takes a broken stream up again, follows restarts. */
export class ActorLink implements CallKeeper {
  readonly #actor: string;
  readonly #ports: LinkPorts;
  readonly #book = new CallBook();
  #cancels: number[] = [];
  #credits: CallCredit[] = [];
  #isFlushDue = false;
  #isBlocked = false;
  #state: LinkState = { at: 'idle' };
  #target: CallTarget | null;
  /** The incarnation to which calls were written last, by its token. */
  #writtenTo: string | null = null;
  #maxCallRetries: number;
  #hasHeard = false;
  #watch: Timer | null = null;
  /** The head was asked to say when the incarnation is over, and has not answered. */
  #isAsking = false;

  /** `location`: what the head has said already; null: it is asked. */
  constructor(actor: string, ports: LinkPorts, location: ActorLocation | null) {
    this.#actor = actor;
    this.#ports = ports;
    this.#target = location?.at === 'alive' ? location.target : null;
    this.#maxCallRetries = location === null || location.at === 'dead' ? 0 : location.maxCallRetries;
  }

  /** Opens the stream ahead of the first call. */
  warm(): void {
    if (this.#state.at === 'idle') this.#startLinking();
  }

  submit(call: PendingCall): void {
    if (this.#state.at === 'ended') {
      call.fail(this.#state.error);
      return;
    }
    this.#book.add(call);
    if (this.#state.at === 'open') this.#scheduleFlush();
    // Not on the caller's stack: gRPC keeps the stack of who opens a connection, and with it the reader of a stream, for as long as it is open.
    else if (this.#state.at === 'idle') queueMicrotask(() => this.warm());
  }

  /** A call that is still pending fails with what `why` makes of its outcome; the actor is told to give it up. */
  abandon(call: PendingCall, why: (outcome: Outcome) => TrainerError): void {
    if (call.phase === 'sent') {
      this.#book.forget(call);
      this.#cancels.push(call.number);
      this.#scheduleFlush();
    }
    call.fail(why);
  }

  /** Gives the actor room for `bytes` more of a stream. */
  credit(call: PendingCall, bytes: number): void {
    if (call.phase !== 'sent') return;
    this.#credits.push({ number: call.number, bytes });
    this.#scheduleFlush();
  }

  /** Ends the link; what is pending is cancelled. Idempotent. */
  close(): void {
    this.#end((outcome, method) => new CallCancelledError(method, 'the connection to the cluster was closed', outcome));
  }

  /** The actor is known to be dead, such as after a kill. */
  died(cause: DeathCause | null): void {
    this.#end((outcome) => new ActorDiedError(this.#actor, cause, outcome));
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
      const calls = this.#book.takeBatch();
      if (calls.length === 0) break;
      this.#isBlocked = !stream.write({ calls, cancels: [], credits: [] });
    }
    if (this.#isWatchDue()) this.#watchOver(stream);
  };

  /** Ahead of new calls, which may need the room that cancelled ones leave in the actor; and small, so it need not wait. */
  #writeControl(stream: CallStream): void {
    const [cancels, credits] = [this.#cancels, this.#credits];
    this.#cancels = [];
    this.#credits = [];
    this.#isBlocked = !stream.write({ calls: [], cancels, credits });
  }

  readonly #onAnswers = (answers: readonly CallAnswer[]): void => {
    this.#hasHeard = true;
    this.#book.answered(answers);
    if (this.#book.hasWaiting) this.#scheduleFlush();
  };

  #startLinking(): void {
    const search: ActorSearch = new ActorSearch(this.#ports, this.#target, {
      onLocated: (found) => this.#located(found),
      onFound: (stream, target) => this.#opened(stream, target),
      onRefused: (error) => this.#end(() => reviveError(error)),
      onNoHead: (since) => this.#giveUp(since),
      onAnswers: this.#onAnswers,
      onDrain: () => {
        this.#isBlocked = false;
        this.#scheduleFlush();
      },
      onBroken: (stream) => {
        if (this.#state.at === 'open' && this.#state.stream === stream) this.#startLinking();
      },
      writtenTo: ({ token }) => (token === this.#writtenTo ? this.#book.written : 0),
    });
    this.#state = { at: 'linking', search };
    search.start();
  }

  /** The head's word on the actor. Only what was written to an incarnation that has ended is touched (C5). */
  #located(found: ActorLocation): void {
    if (found.at === 'dead') {
      this.died(found.cause);
      return;
    }
    this.#maxCallRetries = found.maxCallRetries;
    this.#target = found.at === 'alive' ? found.target : null;
    if (this.#writtenTo === null || this.#target?.token === this.#writtenTo) return;
    this.#writtenTo = null;
    const { lastDeath } = found;
    this.#book.incarnationEnded(this.#maxCallRetries, (outcome) => new ActorDiedError(this.#actor, lastDeath, outcome));
  }

  #opened(stream: CallStream, target: CallTarget): void {
    this.#state = { at: 'open', stream };
    this.#writtenTo = target.token;
    this.#isBlocked = false;
    this.#cancels = [];
    this.#credits = [];
    const broken: Failure = (outcome) =>
      new ClusterUnavailableError([target.address], this.#ports.clock.wallMs(), 'The link to the actor broke within a stream', outcome);
    // C4.
    for (const call of this.#book.unanswered(broken)) this.#isBlocked = !stream.write({ calls: [call], cancels: [], credits: [] });
    this.#flush();
  }

  #isWatchDue(): boolean {
    return this.#watch === null && !this.#isAsking && this.#book.hasUnanswered;
  }

  #watchOver(stream: CallStream): void {
    this.#hasHeard = false;
    this.#watch = this.#ports.clock.after(SILENCE_MS, () => {
      this.#watch = null;
      if (this.#state.at !== 'open' || !this.#book.hasUnanswered) return;
      if (this.#hasHeard || this.#state.stream !== stream) this.#watchOver(this.#state.stream);
      else void this.#askHead(stream);
    });
  }

  async #askHead(stream: CallStream): Promise<void> {
    const token = this.#writtenTo;
    if (token === null) return;
    // Without a head nothing is known, and the stream may be as good as ever.
    this.#isAsking = true;
    const found = await this.#ports.locate({ waitMs: LOOK_WAIT_MS, until: 'ended', token }).catch(() => null);
    this.#isAsking = false;
    if (this.#state.at !== 'open') return;
    const isElsewhere = found !== null && !(found.at === 'alive' && found.target.token === this.#writtenTo);
    if (this.#state.stream !== stream || !isElsewhere) {
      if (this.#isWatchDue()) this.#watchOver(this.#state.stream);
      return;
    }
    this.#located(found);
    // Its end, told by `onBroken`, begins the search for the next incarnation.
    stream.close();
  }

  #giveUp(since: number): void {
    const address = this.#target ? [this.#target.address] : [];
    this.#state = { at: 'idle' };
    this.#book.failAll((outcome) => new ClusterUnavailableError(address, since, `Actor ${this.#actor} cannot be reached`, outcome));
  }

  #end(error: Failure): void {
    const before = this.#state;
    if (before.at === 'ended') return;
    this.#state = { at: 'ended', error };
    this.#watch?.cancel();
    if (before.at === 'linking') before.search.stop();
    if (before.at === 'open') before.stream.close();
    this.#book.failAll(error);
    this.#ports.onEnded();
  }
}
