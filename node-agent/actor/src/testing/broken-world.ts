import {
  ActorLink,
  PendingCall,
  type ActorLocation,
  type CallAnswer as ToCaller,
  type CallStream,
  type CallStreamEvents,
  type CallTarget,
  type OutgoingBatch,
} from '@trainer/client/calling';
import { PROTOCOL, toErrorData, TrainerError } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { decodeValue, encodeValue } from '@trainer/wire';
import type { CallAnswer } from '../calls/answer.js';
import { CallRunner } from '../calls/call-runner.js';
import type { AnswerLink, Caller } from '../calls/caller.js';
import { Callers } from '../calls/callers.js';
import { MethodTable } from '../calls/method-table.js';

/** What a caller was told of its call. */
export type Told = 'waits' | 'answered' | 'not-run' | 'unknown' | 'nothing';

export interface MadeCall {
  readonly id: number;
  told: Told;
  value: unknown;
  error: unknown;
  readonly pending: PendingCall;
}

export interface Ran {
  readonly id: number;
  readonly incarnation: number;
}

type Up = { readonly hello: { readonly written: number; readonly token: string } } | OutgoingBatch;
type Down = { readonly answers: readonly ToCaller[] } | 'welcome' | { readonly refused: unknown };

/** A connection of which each message arrives when the test says so, and of which either end may break first. */
class Connection {
  readonly up: Up[] = [];
  readonly down: Down[] = [];
  caller: Caller | null = null;
  isCallerGone = false;
  isActorGone = false;
  readonly link: AnswerLink = {
    send: (answer) => void (this.isActorGone || this.down.push({ answers: [toCaller(answer)] })),
    close: () => (this.isActorGone = true),
  };

  constructor(
    readonly target: CallTarget,
    readonly events: CallStreamEvents,
  ) {}
}

/**
 * One actor over its restarts and one caller of it, both real, on connections and a head that the test rules: messages come late, twice or
 * never, links break at either end, the process dies, the head is silent or late.
 */
export class BrokenWorld {
  readonly clock = manualClock();
  readonly calls: MadeCall[] = [];
  readonly ran: Ran[] = [];
  isHeadSilent = false;
  readonly #link: ActorLink;
  readonly #maxCallRetries: number;
  #connections: Connection[] = [];
  #incarnation = 0;
  #callers: Callers | null = null;
  #known: ActorLocation;
  #held: (() => void)[] = [];

  constructor(maxCallRetries: number) {
    this.#maxCallRetries = maxCallRetries;
    this.start();
    this.#known = this.#location();
    this.#link = new ActorLink(
      'actor-0123456789abcdef',
      {
        clock: this.clock,
        openStream: (target, written, events) => this.#open(target, written, events),
        locate: () => (this.isHeadSilent ? Promise.reject(new Error('no head answers')) : Promise.resolve(this.#known)),
        onEnded: () => undefined,
      },
      this.#known,
    );
  }

  call(): void {
    const made: MadeCall = {
      id: this.calls.length,
      told: 'waits',
      value: null,
      error: null,
      pending: new PendingCall('run', encodeValue([this.calls.length]), 0, 0, {
        value: (bytes) => this.#tell(made, 'answered', decodeValue(bytes)),
        item: () => undefined,
        done: () => this.#tell(made, 'nothing', null),
        fail: (error) => {
          made.error = error;
          const outcome = error.facts['outcome'];
          this.#tell(made, outcome === 'not-run' || outcome === 'unknown' ? outcome : 'nothing', null);
        },
      }),
    };
    this.calls.push(made);
    this.#link.submit(made.pending);
  }

  /** Gives up one of those that wait. */
  abandon(n: number): void {
    const waiting = this.calls.filter(({ told }) => told === 'waits');
    const call = waiting[n % Math.max(1, waiting.length)];
    if (call === undefined) return;
    this.#link.abandon(call.pending, (outcome) => new TrainerError('call.cancelled', 'given up', { outcome }));
  }

  /** Starts the process of the next incarnation, unless one lives. */
  start(): void {
    if (this.#callers !== null) return;
    this.#incarnation += 1;
    const incarnation = this.#incarnation;
    const instance = {
      run: async (id: number): Promise<number> => {
        this.ran.push({ id, incarnation });
        if (id % 3 === 0) await new Promise<void>((resolve) => this.#held.push(resolve));
        return id;
      },
    };
    const handles = { toData: () => null, fromData: () => null };
    const runner = new CallRunner({ className: 'Subject', instance, methods: new MethodTable(instance), handles, keeper: null }, 1, {
      monotonicMs: () => this.clock.monotonicMs(),
      later: (run) => void setImmediate(run),
    });
    const isAlive = (): boolean => this.#incarnation === incarnation && this.#callers !== null;
    this.#callers = new Callers(`token-${incarnation}`, {
      clock: this.clock,
      answersKeptMs: 30_000,
      submit: (call) => void (isAlive() && runner.submit(call)),
    });
  }

  /** SIGKILL: the process, what it held and its ends of the links are gone. */
  die(): void {
    this.#callers = null;
    this.#held = [];
    for (const connection of this.#connections) connection.isActorGone = true;
  }

  /** The head hears what is. */
  tellHead(): void {
    this.#known = this.#location();
  }

  /** Methods that wait go on. */
  release(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  /** Some other caller comes and goes: callers that are idle are forgotten. */
  admitAnother(): void {
    const link: AnswerLink = { send: () => undefined, close: () => undefined };
    const token = `token-${this.#incarnation}`;
    this.#callers?.welcome({ caller: `other-${this.clock.monotonicMs()}`, token, protocol: PROTOCOL, written: 0 }, link).detach(link);
  }

  /** The oldest message up arrives, or again where `twice`. */
  deliverUp(twice = false): void {
    for (const connection of this.#connections) {
      const message = twice ? connection.up[0] : connection.up.shift();
      if (message === undefined || connection.isActorGone) continue;
      if ('hello' in message) {
        if (!twice) this.#hello(connection, message.hello);
      } else connection.caller?.receive(message);
    }
  }

  deliverDown(): void {
    for (const connection of [...this.#connections]) {
      const message = connection.down.shift();
      if (message === undefined || connection.isCallerGone) continue;
      if (message === 'welcome') connection.events.onWelcome();
      else if ('refused' in message) this.#endCaller(connection, { why: 'refused', error: toErrorData(message.refused) });
      else connection.events.onAnswers(message.answers);
    }
  }

  /** What was on its way is lost; each end learns of it on its own. */
  breakActorEnd(): void {
    for (const connection of this.#connections) {
      if (connection.isActorGone) continue;
      connection.isActorGone = true;
      connection.up.length = 0;
      connection.caller?.detach(connection.link);
    }
  }

  breakCallerEnd(): void {
    for (const connection of [...this.#connections]) this.#endCaller(connection, { why: 'broken' });
  }

  async turn(): Promise<void> {
    await new Promise(setImmediate);
  }

  /** No fault any more: everything arrives, the actor lives, the head knows. Resolves when every call is settled. */
  async settle(turns: number): Promise<void> {
    this.isHeadSilent = false;
    for (let i = 0; i < turns && this.calls.some(({ told }) => told === 'waits'); i += 1) {
      this.start();
      this.tellHead();
      this.release();
      // A connection of which one end is gone is noticed by the other.
      for (const connection of [...this.#connections]) if (connection.isActorGone) this.#endCaller(connection, { why: 'broken' });
      this.deliverUp();
      await this.turn();
      this.deliverDown();
      await this.clock.advanceAsync(50);
      await this.turn();
    }
  }

  close(): void {
    this.#link.close();
  }

  #location(): ActorLocation {
    const more = { lastDeath: { kind: 'signal', signal: 'SIGKILL' }, maxCallRetries: this.#maxCallRetries } as const;
    if (this.#callers === null) return { at: 'moving', ...more };
    return { at: 'alive', target: { address: `address-${this.#incarnation}`, token: `token-${this.#incarnation}` }, ...more };
  }

  #open(target: CallTarget, written: number, events: CallStreamEvents): CallStream {
    const connection = new Connection(target, events);
    connection.isActorGone = this.#callers === null;
    connection.up.push({ hello: { written, token: target.token } });
    this.#connections.push(connection);
    if (connection.isActorGone) setImmediate(() => this.#endCaller(connection, { why: 'broken' }));
    return {
      write: (batch) => {
        if (!connection.isActorGone) connection.up.push(batch);
        return true;
      },
      close: () => this.#endCaller(connection, { why: 'broken' }),
    };
  }

  #hello(connection: Connection, hello: { readonly written: number; readonly token: string }): void {
    try {
      connection.caller = this.#callers?.welcome({ caller: 'caller', protocol: PROTOCOL, ...hello }, connection.link) ?? null;
      connection.down.push('welcome');
    } catch (error) {
      connection.down.push({ refused: error });
    }
  }

  #endCaller(connection: Connection, end: Parameters<CallStreamEvents['onEnd']>[0]): void {
    if (connection.isCallerGone) return;
    connection.isCallerGone = true;
    if (!connection.isActorGone) connection.caller?.detach(connection.link);
    this.#connections = this.#connections.filter((other) => other !== connection);
    connection.events.onEnd(end);
  }

  #tell(call: MadeCall, told: Told, value: unknown): void {
    if (call.told !== 'waits') throw new Error(`Call ${call.id} was settled twice: ${call.told}, then ${told}.`);
    call.told = told;
    call.value = value;
  }
}

function toCaller({ number, body }: CallAnswer): ToCaller {
  switch (body.kind) {
    case 'value':
    case 'item':
      return { number, answer: { $case: body.kind, value: body.value } };
    case 'done':
      return { number, answer: { $case: 'done' } };
    case 'threw':
      return {
        number,
        answer: { $case: 'failed', value: { code: 'call.threw', message: '', facts: { ...body.failure }, retry: 'never' } },
      };
    case 'failed':
      return { number, answer: { $case: 'failed', value: body.error } };
  }
}
