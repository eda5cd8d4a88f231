import { status, type ServiceError } from '@grpc/grpc-js';
import { PROTOCOL, toErrorData, type ErrorData } from '@trainer/model';
import { closeClient, openClient } from '@trainer/runtime';
import { ActorCallsClient, checkAnswers, decodeErrorData, decodeRemoteFailure, WireFormatError, type pb } from '@trainer/wire';
import type { CallAnswer, CallStream, CallStreamEnd, CallStreamEvents, OutgoingBatch } from '../calls/call-stream.js';

/**
 * Opens the stream of a caller to an actor's own listener; the hello goes first. Nothing pings it: a method may block its
 * process as long as it likes, and the head tells of an actor that died. An actor runs code of users: what it sends is parsed, and what
 * can't be read or is out of bounds ends the stream for good, since an actor sends what was not acknowledged again.
 */
export function openGrpcCallStream(
  target: { address: string; token: string },
  from: { readonly caller: string; readonly written: number },
  events: CallStreamEvents,
): CallStream {
  const client = openClient(ActorCallsClient, target.address, null, { keepaliveMs: null });
  const stream = client.connect();
  let isOver = false;
  const end = (how: CallStreamEnd): void => {
    if (isOver) return;
    isOver = true;
    stream.cancel();
    closeClient(client);
    events.onEnd(how);
  };
  const malformed = (why: string): void => end({ why: 'refused', error: unreadable(target.address, why) });
  stream.on('data', (batch: pb.AnswerBatch) => {
    if (isOver) return;
    let read: ReadBatch;
    try {
      read = readBatch(batch);
    } catch (error) {
      malformed(toErrorData(error).message);
      return;
    }
    if (read.refused !== null) {
      end({ why: 'refused', error: read.refused });
      return;
    }
    if (batch.welcome) events.onWelcome();
    if (read.answers.length > 0) events.onAnswers(read.answers);
  });
  stream.on('drain', () => events.onDrain());
  stream.on('error', (error: ServiceError) => {
    if (isUnreadable(error)) malformed(error.details);
    else end({ why: 'broken' });
  });
  stream.on('end', () => end({ why: 'broken' }));
  stream.write({ hello: { ...from, token: target.token, protocol: PROTOCOL }, calls: [], cancels: [], credits: [] });
  return {
    write: ({ calls, cancels, credits }: OutgoingBatch) => stream.write({ hello: undefined, calls, cancels, credits }),
    close: () => end({ why: 'broken' }),
  };
}

interface ReadBatch {
  readonly refused: ErrorData | null;
  readonly answers: readonly CallAnswer[];
}

/** @throws InvalidRequestError, WireFormatError */
function readBatch(batch: pb.AnswerBatch): ReadBatch {
  checkAnswers(batch);
  return {
    refused: batch.refused === undefined ? null : decodeErrorData(batch.refused, 'answerBatch.refused'),
    answers: batch.answers.map(answerOf),
  };
}

/** Did grpc-js itself find the message too large, or no protobuf of ours? It says so by its own text alone. */
function isUnreadable({ code, details }: ServiceError): boolean {
  if (code === status.RESOURCE_EXHAUSTED) return details.startsWith('Received message larger than max');
  return code === status.INTERNAL && details.startsWith('Response message parsing error');
}

function unreadable(address: string, why: string): ErrorData {
  return { code: 'wire.format', message: `The actor at ${address} sent what can't be read: ${why}`, facts: { address }, retry: 'never' };
}

function answerOf(wire: pb.Answer): CallAnswer {
  const { number, answer } = wire;
  if (answer?.$case === 'threw') {
    const thrown = decodeRemoteFailure(answer.value, 'answer.threw');
    const error = { code: 'call.threw', message: thrown.message, facts: { ...thrown }, retry: 'never' as const };
    return { number, answer: { $case: 'failed', value: error } };
  }
  if (answer?.$case === 'failed') return { number, answer: { $case: 'failed', value: decodeErrorData(answer.value, 'answer.failed') } };
  if (answer === undefined) throw new WireFormatError(`answer ${number}`, 'is of a kind that this version does not know');
  return wire as CallAnswer;
}
