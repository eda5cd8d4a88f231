import type { ClientReadableStream } from '@grpc/grpc-js';
import type { BundleHash, TrainerError } from '@trainer/model';
import { closeClient, openClient } from '@trainer/runtime';
import { BundleServiceClient, encodeArgsRef, statusToError, type ArgsOf } from '@trainer/wire';
import type { BundleSource } from '../bundles/bundle-cache.js';
import type { ArgsSource } from '../bundles/fetch-args.js';
import type { HeadAddresses } from './head-addresses.js';

/** What the head sends in chunks. */
interface Chunk {
  readonly data: Uint8Array;
}
type Open = (client: BundleServiceClient) => ClientReadableStream<Chunk>;

/** The bundles and arguments that the head keeps: of the address that the stream is at, else of the others in turn. */
export function grpcBundleSource(addresses: HeadAddresses, secret: string): BundleSource & ArgsSource & { close(): void } {
  const clients = new Map<string, BundleServiceClient>();
  const clientAt = (address: string): BundleServiceClient => {
    const client = clients.get(address) ?? openClient(BundleServiceClient, address, secret);
    clients.set(address, client);
    return client;
  };
  async function* fetch(open: Open, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (let left = addresses.count; ; left -= 1) {
      const address = addresses.current;
      let hasBegun = false;
      try {
        for await (const { data } of chunksOf(open(clientAt(address)), signal)) {
          hasBegun = true;
          yield data;
        }
        return;
      } catch (thrown) {
        const error: TrainerError = statusToError(thrown);
        if (hasBegun || left <= 1 || signal.aborted || error.code !== 'cluster.unavailable') throw error;
        addresses.moveOn(address);
      }
    }
  }
  return {
    fetch: (hash: BundleHash, signal) => fetch((client) => client.fetch({ hash }), signal),
    fetchArgs: (of: ArgsOf, signal) => fetch((client) => client.fetchArgs(encodeArgsRef(of)), signal),
    close: () => {
      for (const client of clients.values()) closeClient(client);
      clients.clear();
    },
  };
}

async function* chunksOf(stream: ClientReadableStream<Chunk>, signal: AbortSignal): AsyncGenerator<Chunk> {
  const abort = (): void => stream.cancel();
  signal.addEventListener('abort', abort, { once: true });
  try {
    for await (const chunk of stream) yield chunk as Chunk;
  } finally {
    signal.removeEventListener('abort', abort);
    stream.cancel();
  }
}
