import type { BundleHash } from '@trainer/model';
import { openClient } from '@trainer/runtime';
import { BundleServiceClient, statusToError, type pb } from '@trainer/wire';
import type { BundleSource } from '../bundles/bundle-cache.js';

/** The bundles that the head keeps. */
export function grpcBundleSource(address: string, secret: string): BundleSource & { close(): void } {
  const client = openClient(BundleServiceClient, address, secret);
  return {
    async *fetch(hash: BundleHash, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const stream = client.fetch({ hash });
      const abort = (): void => stream.cancel();
      signal.addEventListener('abort', abort, { once: true });
      try {
        for await (const chunk of stream) yield (chunk as pb.BundleChunk).data;
      } catch (error) {
        throw statusToError(error);
      } finally {
        signal.removeEventListener('abort', abort);
        stream.cancel();
      }
    },
    close: () => client.close(),
  };
}
