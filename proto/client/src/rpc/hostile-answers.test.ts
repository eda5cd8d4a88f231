import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import fc from 'fast-check';
import { GrpcServer } from '@trainer/runtime';
import { ActorCallsService, encodeErrorData, encodeValue, errorToStatus, type pb } from '@trainer/wire';
import type { CallAnswer, CallStreamEnd } from '../calls/call-stream.js';
import { openGrpcCallStream } from './grpc-call-stream.js';

/** An actor of an author who means no good: it answers each hello with the bytes of the test. */
let server: GrpcServer;
let address: string;
let sent: readonly Uint8Array[] = [];

beforeAll(async () => {
  server = new GrpcServer({ secret: null, toStatus: errorToStatus });
  const connect = { ...ActorCallsService.connect, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
  server.addService({ connect } as never, {
    connect: (stream: ServerDuplexStream<pb.CallBatch, Uint8Array>) => {
      stream.on('error', () => undefined);
      stream.once('data', () => {
        for (const bytes of sent) stream.write(bytes);
        stream.end();
      });
    },
  });
  address = `127.0.0.1:${await server.listen('127.0.0.1', { from: 0, to: 0 })}`;
});

afterAll(() => server.cut());

interface Heard {
  readonly answers: readonly CallAnswer[];
  readonly end: CallStreamEnd;
}

function hear(messages: readonly Uint8Array[], at = address): Promise<Heard> {
  sent = messages;
  const answers: CallAnswer[] = [];
  return new Promise((resolve) => {
    openGrpcCallStream(
      { address: at, token: 't' },
      { caller: 'c', written: 0 },
      {
        onWelcome: () => undefined,
        onAnswers: (more) => void answers.push(...more),
        onDrain: () => undefined,
        onEnd: (end) => resolve({ answers, end }),
      },
    );
  });
}

const { responseSerialize } = ActorCallsService.connect;
const batch = (message: Partial<pb.AnswerBatch>): Buffer =>
  responseSerialize({ welcome: undefined, answers: [], refused: undefined, ...message });
const error = encodeErrorData({ code: 'x', message: 'm', facts: {}, retry: 'never' });
const failure = { name: 'E', message: 'm', stack: '', fields: Buffer.alloc(0) };
const answer = (number: number, body: pb.Answer['answer']): pb.Answer => ({ number, answer: body });

test.each([
  ['an error without its retry', batch({ answers: [answer(1, { $case: 'failed', value: { ...error, retry: 0 } })] })],
  ['a refusal whose facts are no map', batch({ refused: { ...error, facts: Buffer.from(encodeValue([1])) } })],
  [
    'a failure whose fields are not MessagePack',
    batch({ answers: [answer(1, { $case: 'threw', value: { ...failure, fields: Buffer.from([0xc1]) } })] }),
  ],
  ['an answer of no kind', batch({ answers: [answer(1, undefined)] })],
  [
    'a message of an error above its limit',
    batch({ answers: [answer(1, { $case: 'failed', value: { ...error, message: 'x'.repeat(2 ** 20) } })] }),
  ],
  ['more answers than a batch has', batch({ answers: Array.from({ length: 65_537 }, (_, i) => answer(i, { $case: 'done', value: {} })) })],
  ['a value above 64 MiB', batch({ answers: [answer(1, { $case: 'value', value: Buffer.alloc(64 * 2 ** 20 + 1) })] })],
  ['no protobuf', Buffer.from([0xff, 0xff, 0xff])],
])('%s ends the stream with what is wrong, and not the program', async (_what, bytes) => {
  const { answers, end } = await hear([batch({ welcome: {} }), bytes]);
  expect(answers).toEqual([]);
  expect(end).toMatchObject({ why: 'refused', error: { code: 'wire.format', message: expect.stringContaining(address) } });
});

test('a message that says it is above the limit of all ends the stream before it has come', async () => {
  const raw = createServer().listen(0, '127.0.0.1');
  raw.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    // A frame of gRPC: not compressed, then its length.
    stream.write(Buffer.from([0, 0x05, 0, 0, 0]));
  });
  await new Promise((resolve) => raw.once('listening', resolve));
  const { end } = await hear([], `127.0.0.1:${(raw.address() as AddressInfo).port}`);
  raw.close();
  expect(end).toMatchObject({ why: 'refused', error: { code: 'wire.format' } });
});

const anyBatch = fc
  .record({
    welcome: fc.option(fc.constant({}), { nil: undefined }),
    answers: fc.array(
      fc.record({
        number: fc.nat(5),
        answer: fc.oneof(
          fc.constantFrom<pb.Answer['answer']>(
            undefined,
            { $case: 'done', value: {} },
            { $case: 'failed', value: error },
            { $case: 'threw', value: failure },
          ),
          fc.record({
            $case: fc.constantFrom('value' as const, 'item' as const),
            value: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
          }),
        ),
      }),
      { maxLength: 5 },
    ),
  })
  .map(batch);
const anyBytes = fc.oneof(
  anyBatch,
  fc.uint8Array({ maxLength: 100 }),
  fc.tuple(anyBatch, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })).map(([bytes, changes]) => {
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }),
);

test('whatever bytes an actor answers, its caller hears whole answers and one end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyBytes, { maxLength: 5 }), async (messages) => {
      const { answers, end } = await hear(messages);
      expect(['broken', 'refused']).toContain(end.why);
      for (const { answer: body } of answers) expect(['value', 'item', 'done', 'failed']).toContain(body.$case);
    }),
    { numRuns: 150 },
  );
});
