import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROTOCOL } from '@trainer/model';
import { closeClient, openClient, systemClock, type GrpcServer } from '@trainer/runtime';
import { ActorCallsClient, ActorCallsService, decodeValue, encodeValue, type pb } from '@trainer/wire';
import { CallRunner } from '../calls/call-runner.js';
import { Callers } from '../calls/callers.js';
import { MethodTable } from '../calls/method-table.js';
import { NO_HANDLES } from '../testing/caller-link.js';
import { openListener } from './listener.js';

/** Longer by hand: `FUZZ_RUNS=5000`. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60);

/** Far above what it takes beside a busy core; an actor that is held by what somebody sent never answers. */
const ANSWER_MS = 10_000;

class Echo {
  echo(value: unknown): unknown {
    return value;
  }
  *numbers(): Generator<number> {
    for (let n = 0; ; n += 1) yield n;
  }
}

let server: GrpcServer;
let port: number;

beforeAll(async () => {
  const clock = systemClock();
  const echo = new Echo();
  const target = { className: 'Echo', instance: echo, methods: new MethodTable(echo), handles: NO_HANDLES, keeper: null };
  const runner = new CallRunner(target, 1, { monotonicMs: () => clock.monotonicMs(), later: (run) => void setImmediate(run) });
  const callers = new Callers('token', { clock, answersKeptMs: 100, submit: (call) => runner.submit(call) });
  const options = { clock, host: '127.0.0.1', ports: { from: 0, to: 0 }, callers: () => callers, onUnsent: () => undefined };
  ({ server, port } = await openListener(options));
});

afterAll(() => server.cut());

const { requestSerialize, path } = ActorCallsService.connect;
const frameOf = (bytes: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};
const batch = (more: Partial<pb.CallBatch>): Buffer => requestSerialize({ hello: undefined, calls: [], cancels: [], credits: [], ...more });
const hello = (token: string, caller: string): pb.CallerHello => ({ caller, token, protocol: PROTOCOL, written: 0 });
/** Mostly somebody new: of a caller that has used the highest number no other call is ever run. */
const anyHello = fc.record({ token: fc.constantFrom('token', 'token', 'wrong'), caller: fc.nat(2 ** 20) });
const anyNumber = fc.oneof(fc.nat(5), fc.constantFrom(0, 2 ** 32, Number.MAX_SAFE_INTEGER));
const anyCall = fc.record({
  number: anyNumber,
  method: fc.constantFrom('echo', 'numbers', 'constructor', '__proto__', '', 'none'),
  args: fc.oneof(
    fc.constant(encodeValue([1])),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  ),
  timeoutMs: fc.constantFrom(0, 1, 2 ** 32 - 1),
  windowBytes: fc.constantFrom(0, 1, 2 ** 32 - 1),
});
const anyBatch = fc
  .record({
    hello: fc.option(
      anyHello.map(({ token, caller }) => hello(token, `fuzz-${caller}`)),
      { nil: undefined },
    ),
    calls: fc.array(anyCall, { maxLength: 4 }),
    cancels: fc.array(anyNumber, { maxLength: 4 }),
    credits: fc.array(fc.record({ number: anyNumber, bytes: fc.constantFrom(0, 1, 2 ** 32 - 1) }), { maxLength: 4 }),
  })
  .map(batch);
const anyFrame = fc.oneof(
  { weight: 4, arbitrary: anyBatch.map(frameOf) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 2,
    arbitrary: fc.tuple(anyBatch, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })).map(([bytes, changes]) => {
      const frame = frameOf(bytes);
      for (const [at, byte] of changes) frame[at % frame.length] = byte;
      return frame;
    }),
  },
);

/** Sends the frames on one stream, after a right hello or none, and leaves once it hears something, with what is under way cut off. */
function send(frames: readonly Buffer[], knownAs: string | null): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  stream.on('error', () => undefined).resume();
  if (knownAs !== null) stream.write(frameOf(batch({ hello: hello('token', knownAs) })));
  for (const frame of frames) stream.write(frame);
  stream.end();
  return new Promise((resolve) => {
    // Not `stream.close()`: it waits for what is still to be written, and Node never writes that after an early end of the stream.
    const leave = (): void => session.destroy();
    session.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    stream.once('close', leave);
    stream.once('data', () => setImmediate(leave));
    // A stream that waits for credit, or for the rest of a frame, has no end of its own.
    const timer = setTimeout(leave, 200);
  });
}

async function echoed(value: number): Promise<unknown> {
  const client = openClient(ActorCallsClient, `127.0.0.1:${port}`, null);
  const stream = client.connect();
  stream.on('error', () => undefined);
  const answered = new Promise<pb.Answer>((resolve) => {
    stream.on('data', ({ answers: [answer] }: pb.AnswerBatch) => answer !== undefined && resolve(answer));
  });
  const call = { number: 1, method: 'echo', args: encodeValue([value]), timeoutMs: 0, windowBytes: 0 };
  stream.write({ hello: hello('token', `good-${value}`), calls: [call], cancels: [], credits: [] });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`echo(${value}) was not answered within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  const { answer } = await Promise.race([answered, late]).finally(() => {
    clearTimeout(timer);
    closeClient(client);
  });
  return answer?.$case === 'value' ? decodeValue(answer.value) : answer;
}

test('whatever callers send, known or not, the actor lives and answers others', async () => {
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 6 }), fc.boolean(), async (frames, isKnown) => {
      asked += 1;
      await send(frames, isKnown ? `known-${asked}` : null);
      expect(await echoed(asked)).toBe(asked);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 600_000);
