import type { ServerDuplexStream } from '@grpc/grpc-js';
import { encodeErrorData, encodeRemoteFailure, type pb } from '@trainer/wire';
import { weight, type CallAnswer } from '../calls/answer.js';
import type { AnswerLink } from '../calls/caller.js';

export type CallsStream = ServerDuplexStream<pb.CallBatch, pb.AnswerBatch>;

/** A batch beyond this gains nothing and delays the first answer in it. */
const BATCH_BYTES = 2 ** 20;

/** Told how many bytes of answers came to wait for their callers, or went. */
export type OnUnsent = (bytes: number) => void;

/**
 * Sends answers on a stream, gathered until the microtask queue is empty, so that what one turn answers travels in one message
 * (twelve times the throughput of one answer a message, docs/adr). While the stream's buffers are full it reads no more calls.
 */
export class AnswerStream implements AnswerLink {
  readonly #stream: CallsStream;
  readonly #onUnsent: OnUnsent;
  #gathered: pb.Answer[] = [];
  #gatheredBytes = 0;
  #batches: { readonly answers: pb.Answer[]; readonly bytes: number }[] = [];
  #isFlushDue = false;
  #isBlocked = false;
  #isClosed = false;

  constructor(stream: CallsStream, onUnsent: OnUnsent) {
    this.#stream = stream;
    this.#onUnsent = onUnsent;
    stream.on('drain', () => {
      this.#isBlocked = false;
      stream.resume();
      this.#flush();
    });
  }

  send(answer: CallAnswer): void {
    if (this.#isClosed) return;
    const bytes = weight(answer);
    this.#gathered.push(encodeAnswer(answer));
    this.#gatheredBytes += bytes;
    this.#onUnsent(bytes);
    if (this.#gatheredBytes >= BATCH_BYTES) this.#closeBatch();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    // A tick asked for by a microtask runs after all microtasks; asked for outside it would run before them.
    queueMicrotask(() => process.nextTick(this.#flush));
  }

  welcome(): void {
    this.#stream.write({ welcome: {}, answers: [], refused: undefined });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const unsent = this.#batches.reduce((sum, { bytes }) => sum + bytes, this.#gatheredBytes);
    this.#batches = [];
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#onUnsent(-unsent);
    this.#stream.end();
  }

  #closeBatch(): void {
    if (this.#gathered.length === 0) return;
    this.#batches.push({ answers: this.#gathered, bytes: this.#gatheredBytes });
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    if (this.#isClosed) return;
    this.#closeBatch();
    while (!this.#isBlocked) {
      const batch = this.#batches.shift();
      if (batch === undefined) return;
      this.#isBlocked = !this.#stream.write({ welcome: undefined, answers: batch.answers, refused: undefined });
      this.#onUnsent(-batch.bytes);
    }
    this.#stream.pause();
  };
}

function encodeAnswer({ number, body }: CallAnswer): pb.Answer {
  switch (body.kind) {
    case 'value':
    case 'item':
      return { number, answer: { $case: body.kind, value: body.value } };
    case 'done':
      return { number, answer: { $case: 'done', value: {} } };
    case 'threw':
      return { number, answer: { $case: 'threw', value: encodeRemoteFailure(body.failure) } };
    case 'failed':
      return { number, answer: { $case: 'failed', value: encodeErrorData(body.error) } };
  }
}
