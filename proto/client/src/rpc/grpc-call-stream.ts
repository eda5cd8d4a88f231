import { PROTOCOL } from '@trainer/model';
import { closeClient, openClient } from '@trainer/runtime';
import { ActorCallsClient, decodeErrorData, decodeRemoteFailure, type pb } from '@trainer/wire';
import type { CallAnswer, CallStream, CallStreamEnd, CallStreamEvents, OutgoingBatch } from '../calls/call-stream.js';

/**
 * Opens the stream of a caller to an actor's own listener; the hello goes first. Nothing pings it: a method may block its
 * process as long as it likes, and the head tells of an actor that died.
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
  stream.on('data', (batch: pb.AnswerBatch) => {
    if (isOver) return;
    if (batch.refused) {
      end({ why: 'refused', error: decodeErrorData(batch.refused, 'answerBatch.refused') });
      return;
    }
    if (batch.welcome) events.onWelcome();
    if (batch.answers.length > 0) events.onAnswers(batch.answers.map(answerOf));
  });
  stream.on('drain', () => events.onDrain());
  stream.on('error', () => end({ why: 'broken' }));
  stream.on('end', () => end({ why: 'broken' }));
  stream.write({ hello: { ...from, token: target.token, protocol: PROTOCOL }, calls: [], cancels: [], credits: [] });
  return {
    write: ({ calls, cancels, credits }: OutgoingBatch) => stream.write({ hello: undefined, calls, cancels, credits }),
    close: () => end({ why: 'broken' }),
  };
}

function answerOf(wire: pb.Answer): CallAnswer {
  const { number, answer } = wire;
  if (answer?.$case === 'threw') {
    const thrown = decodeRemoteFailure(answer.value, 'answer.threw');
    const error = { code: 'call.threw', message: thrown.message, facts: { ...thrown }, retry: 'never' as const };
    return { number, answer: { $case: 'failed', value: error } };
  }
  if (answer?.$case === 'failed') return { number, answer: { $case: 'failed', value: decodeErrorData(answer.value, 'answer.failed') } };
  if (answer === undefined) {
    const error = {
      code: 'wire.format',
      message: `Answer ${number} is of a kind that this version does not know.`,
      facts: {},
      retry: 'never' as const,
    };
    return { number, answer: { $case: 'failed', value: error } };
  }
  return wire as CallAnswer;
}
