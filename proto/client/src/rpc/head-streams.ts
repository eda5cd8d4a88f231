import type { ClientReadableStream } from '@grpc/grpc-js';
import type { TrainerError } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import { whenAborted } from '../calls/shared-signal.js';
import type { HeadRpc } from './head-rpc.js';

/** As long as a client's session survives without a head. */
const GIVE_UP_MS = 30_000;
const PAUSE_MS = 200;

/**
 * Opens a stream from the head and reads it to its end. Ends quietly when the signal fires.
 * @throws what the head answered, ClusterUnavailableError
 */
export async function* readStream<Item>(
  rpc: HeadRpc,
  open: () => ClientReadableStream<Item>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Item> {
  const since = rpc.clock.wallMs();
  const moveOn = await rpc.reach();
  if (moveOn === null) throw rpc.nobodyAnswers(since);
  if (isAborted(signal)) return;
  const stream = open();
  const unheard = signal === undefined ? null : whenAborted(signal, () => stream.cancel());
  try {
    for await (const item of stream as AsyncIterable<Item>) yield item;
  } catch (thrown) {
    if (isAborted(signal)) return;
    const error = rpc.errorOf(thrown, since);
    if (error.code === 'cluster.unavailable') moveOn();
    throw error;
  } finally {
    unheard?.();
    // A reader that leaves early still holds the stream; its late error has no reader any more.
    stream.on('error', () => undefined);
    stream.cancel();
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/**
 * As `readStream`, but a stream whose connection breaks is opened anew, for what is due then.
 * @throws ClusterUnavailableError when no head answers for 30 s
 */
export async function* readResumed<Item>(
  rpc: HeadRpc,
  open: () => ClientReadableStream<Item>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Item> {
  const { clock } = rpc;
  let brokenAtMs: number | null = null;
  for (;;) {
    try {
      for await (const item of readStream(rpc, open, signal)) {
        brokenAtMs = null;
        yield item;
      }
      return;
    } catch (thrown) {
      brokenAtMs ??= clock.monotonicMs();
      const mayPass = (thrown as TrainerError).code === 'cluster.unavailable' && !rpc.isClosed;
      if (!mayPass || clock.monotonicMs() - brokenAtMs > GIVE_UP_MS) throw thrown;
    }
    await sleep(clock, PAUSE_MS);
  }
}
