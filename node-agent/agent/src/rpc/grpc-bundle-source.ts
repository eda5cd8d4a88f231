import type { BundleHash, TrainerError } from '@trainer/model';
import { closeClient, openClient } from '@trainer/runtime';
import { BundleServiceClient, statusToError, type pb } from '@trainer/wire';
import type { BundleSource } from '../bundles/bundle-cache.js';
import type { HeadAddresses } from './head-addresses.js';

/** The bundles that the head keeps: of the address that the stream is at, else of the others in turn. */
export function grpcBundleSource(addresses: HeadAddresses, secret: string): BundleSource & { close(): void } {
  const clients = new Map<string, BundleServiceClient>();
  const clientAt = (address: string): BundleServiceClient => {
    const client = clients.get(address) ?? openClient(BundleServiceClient, address, secret);
    clients.set(address, client);
    return client;
  };
  return {
    async *fetch(hash: BundleHash, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for (let left = addresses.count; ; left -= 1) {
        const address = addresses.current;
        let hasBegun = false;
        try {
          for await (const chunk of fetchFrom(clientAt(address), hash, signal)) {
            hasBegun = true;
            yield chunk;
          }
          return;
        } catch (thrown) {
          const error: TrainerError = statusToError(thrown);
          if (hasBegun || left <= 1 || signal.aborted || error.code !== 'cluster.unavailable') throw error;
          addresses.moveOn(address);
        }
      }
    },
    close: () => {
      for (const client of clients.values()) closeClient(client);
      clients.clear();
    },
  };
}

async function* fetchFrom(client: BundleServiceClient, hash: BundleHash, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = client.fetch({ hash });
  const abort = (): void => stream.cancel();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of stream) yield (chunk as pb.BundleChunk).data;
  } finally {
    signal.removeEventListener('abort', abort);
    stream.cancel();
  }
}
