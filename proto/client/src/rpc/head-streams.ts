import type { ClientReadableStream } from '@grpc/grpc-js';
import type { TrainerError } from '@trainer/model';
import { sleep } from '@trainer/runtime';
import type { HeadRpc } from './head-rpc.js';

/** As long as a client's session survives without a head. */
const GIVE_UP_MS = 30_000;
const PAUSE_MS = 200;

/** Reads a stream from the head to its end. Ends quietly when the signal fires. @throws what the head answered, ClusterUnavailableError */
export async function* readStream<Item>(
  rpc: HeadRpc,
  stream: ClientReadableStream<Item>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Item> {
  const since = rpc.clock.wallMs();
  const cancel = (): void => stream.cancel();
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) cancel();
  try {
    for await (const item of stream as AsyncIterable<Item>) yield item;
  } catch (thrown) {
    if (signal?.aborted !== true) throw rpc.errorOf(thrown, since);
  } finally {
    signal?.removeEventListener('abort', cancel);
    // A reader that leaves early still holds the stream; its late error has no reader any more.
    stream.on('error', () => undefined);
    stream.cancel();
  }
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
      for await (const item of readStream(rpc, open(), signal)) {
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
