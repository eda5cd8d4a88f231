import type { ServerDuplexStream } from '@grpc/grpc-js';
import { toErrorData, windowCost, type ErrorData } from '@trainer/model';
import { GrpcServer, systemClock } from '@trainer/runtime';
import { ActorCallsService, decodeValue, encodeErrorData, encodeRemoteFailure, encodeValue, errorToStatus, type pb } from '@trainer/wire';

type Link = ServerDuplexStream<pb.CallBatch, pb.AnswerBatch>;
type Method = (...args: unknown[]) => unknown;

/** What a caller has sent and been answered, over all its links. */
interface Caller {
  link: Link | null;
  seen: number;
  readonly answered: Map<number, pb.Answer>;
  readonly streams: Map<number, { room: number; wake: () => void; isCancelled: boolean }>;
}

/** An actor's listener in this process: real sockets, our codecs, one call at a time, at most once per number. */
export class ActorListener {
  /** Sizes of the batches of calls, as they came. */
  readonly batches: number[] = [];
  /** Methods with their arguments, in the order in which they ran. */
  readonly ran: { method: string; args: unknown[] }[] = [];
  readonly cancelled: number[] = [];
  /** What is answered to the hello instead of a welcome. */
  refusal: ErrorData | null = null;
  address = '';
  readonly #callers = new Map<string, Caller>();
  readonly #instance: Record<string, Method>;
  #server: GrpcServer;
  #port = 0;
  #turn: Promise<void> = Promise.resolve();
  #gate: Promise<void> = Promise.resolve();

  constructor(
    instance: object,
    readonly token = 'token-of-the-incarnation',
  ) {
    this.#instance = instance as Record<string, Method>;
    this.#server = this.#makeServer();
  }

  async start(): Promise<this> {
    this.#port = await this.#server.listen('127.0.0.1', { from: this.#port, to: this.#port });
    this.address = `127.0.0.1:${this.#port}`;
    return this;
  }

  /** No call runs until the returned function is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** Breaks every link; the actor lives on and takes new ones. */
  async cutLinks(): Promise<void> {
    await this.stop();
    await this.restartListening();
  }

  /** The process is gone: links break, nobody listens. */
  async stop(): Promise<void> {
    for (const caller of this.#callers.values()) caller.link = null;
    await this.#server.close(systemClock(), 0);
  }

  async restartListening(): Promise<void> {
    this.#server = this.#makeServer();
    await this.start();
  }

  #makeServer(): GrpcServer {
    const server = new GrpcServer({ secret: null, toStatus: errorToStatus });
    server.addService(ActorCallsService, { connect: (link: Link) => this.#onLink(link) });
    return server;
  }

  #onLink(link: Link): void {
    let caller: Caller | null = null;
    link.on('error', () => undefined);
    link.on('data', (batch: pb.CallBatch) => {
      if (batch.hello) caller = this.#greet(link, batch.hello);
      if (caller) this.#onBatch(caller, batch);
    });
    link.on('end', () => link.end());
  }

  #greet(link: Link, hello: pb.CallerHello): Caller | null {
    const isRight = hello.token === this.token && this.refusal === null;
    if (!isRight) {
      const refused = encodeErrorData(this.refusal ?? { code: 'auth.refused', message: 'wrong token', facts: {}, retry: 'never' });
      link.write({ welcome: undefined, answers: [], refused });
      return null;
    }
    const caller = this.#callers.get(hello.caller) ?? { link: null, seen: 0, answered: new Map<number, pb.Answer>(), streams: new Map() };
    this.#callers.set(hello.caller, caller);
    caller.link = link;
    link.write({ welcome: {}, answers: [], refused: undefined });
    return caller;
  }

  #onBatch(caller: Caller, batch: pb.CallBatch): void {
    if (batch.calls.length > 0) this.batches.push(batch.calls.length);
    for (const call of batch.calls) {
      const kept = caller.answered.get(call.number);
      if (kept) send(caller, kept);
      if (call.number <= caller.seen) continue;
      caller.seen = call.number;
      this.#turn = this.#turn.then(() => this.#gate).then(() => this.#run(caller, call));
    }
    for (const number of batch.cancels) {
      this.cancelled.push(number);
      const stream = caller.streams.get(number);
      if (stream) stream.isCancelled = true;
      stream?.wake();
    }
    for (const { number, bytes } of batch.credits) {
      const stream = caller.streams.get(number);
      if (stream) stream.room += bytes;
      stream?.wake();
    }
  }

  async #run(caller: Caller, call: pb.Call): Promise<void> {
    const args = decodeValue(call.args) as unknown[];
    this.ran.push({ method: call.method, args });
    try {
      const method = this.#instance[call.method];
      if (!method) throw Object.assign(new TypeError(`no method ${call.method}`), { code: 'call.no-method' });
      const result: unknown = await method.apply(this.#instance, args);
      if (call.windowBytes > 0) await this.#stream(caller, call, result as AsyncIterable<unknown>);
      else answer(caller, { number: call.number, answer: { $case: 'value', value: encodeValue(result, { at: 'result' }) } });
    } catch (thrown) {
      answer(caller, { number: call.number, answer: failure(thrown) });
    }
  }

  async #stream(caller: Caller, call: pb.Call, values: AsyncIterable<unknown>): Promise<void> {
    const state = { room: call.windowBytes, wake: () => undefined as void, isCancelled: false };
    caller.streams.set(call.number, state);
    let sent = 0;
    for await (const value of values) {
      // A generator that awaits nothing would keep the cancel from being read.
      if ((sent += 1) % 64 === 1) await new Promise(setImmediate);
      const item = encodeValue(value);
      while (state.room <= 0 && !state.isCancelled) await new Promise<void>((resolve) => (state.wake = resolve));
      if (state.isCancelled) return;
      state.room -= windowCost(item.length);
      send(caller, { number: call.number, answer: { $case: 'item', value: item } });
    }
    answer(caller, { number: call.number, answer: { $case: 'done', value: {} } });
  }
}

function answer(caller: Caller, message: pb.Answer): void {
  caller.answered.set(message.number, message);
  send(caller, message);
}

function send(caller: Caller, message: pb.Answer): void {
  caller.link?.write({ welcome: undefined, answers: [message], refused: undefined });
}

function failure(thrown: unknown): pb.Answer['answer'] {
  const data = toErrorData(thrown);
  if (data.code !== 'internal') return { $case: 'failed', value: encodeErrorData(data) };
  const { name, message, stack } = thrown as Error;
  return { $case: 'threw', value: encodeRemoteFailure({ name, message, stack: stack ?? '', fields: { ...(thrown as object) } }) };
}
