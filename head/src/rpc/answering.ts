import type { handleUnaryCall, ServerErrorResponse, ServerWritableStream } from '@grpc/grpc-js';
import { TrainerError } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { errorToStatus } from '@trainer/wire';

/** @returns a handler whose every outcome is an answer: errors travel as their code, message and facts. */
export function unary<Request, Reply>(logger: Logger, run: (request: Request) => Promise<Reply>): handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    run(call.request).then(
      (reply) => callback(null, reply),
      (error: unknown) => callback(refusal(logger, error)),
    );
  };
}

/** @returns the status of an error; what is none of ours is a defect, and logged. */
export function refusal(
  logger: Logger,
  error: unknown,
): Partial<ServerErrorResponse> & { readonly name: string; readonly message: string } {
  if (!(error instanceof TrainerError)) logger.error('a call failed', { error });
  const status = errorToStatus(error);
  return { ...status, name: 'StatusError', message: status.details };
}

/** Runs a server stream to its end; its client may leave at any time. */
export function streaming<Request, Reply>(
  logger: Logger,
  run: (call: ServerWritableStream<Request, Reply>, signal: AbortSignal) => Promise<void>,
): (call: ServerWritableStream<Request, Reply>) => void {
  return (call) => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort(new Error('the client left')));
    call.on('error', () => gone.abort(new Error('the client left')));
    run(call, gone.signal).then(
      () => call.end(),
      (error: unknown) => {
        // grpc-js answers with the status of an `error` event; destroying the stream would leave its client waiting.
        if (!gone.signal.aborted) call.emit('error', refusal(logger, error));
      },
    );
  };
}

/** Writes, and waits while the client reads slower than we write. @throws the signal's reason when the client leaves */
export async function writeAll<Reply>(
  call: ServerWritableStream<unknown, Reply>,
  replies: Iterable<Reply>,
  signal: AbortSignal,
): Promise<void> {
  for (const reply of replies) {
    signal.throwIfAborted();
    if (!call.write(reply)) await drained(call, signal);
  }
}

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      call.off('drain', onDrain);
      reject(signal.reason as Error);
    };
    const onDrain = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    call.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
