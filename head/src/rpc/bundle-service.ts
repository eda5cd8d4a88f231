import { createHash } from 'node:crypto';
import type { ServerReadableStream } from '@grpc/grpc-js';
import { bundleHash } from '@trainer/model';
import type { BundleHash } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { BundleServiceServer, pb } from '@trainer/wire';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import { refusal, streaming, unary, writeAll } from './answering.js';
import { BundleHashError, BundleTooLargeError, BundleUnknownError } from './errors.js';
import type { ClusterStore } from '../store/cluster-store.js';

export interface BundleRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly logger: Logger;
}

/** Code, not data: bundled and minified actor classes have kilobytes. */
const MAX_BUNDLE_BYTES = 32 * 2 ** 20;

/** Actor code by its hash: uploaded once, fetched by the agents that run it. */
export function bundleService(rules: BundleRules): BundleServiceServer {
  const { logger, store, objects, bucket } = rules;
  return {
    has: unary(logger, async ({ hash }: pb.BundleRef) => ({ has: await store.hasBundle(bundleHash(hash)) })),
    upload: (call, callback) => {
      receive(call)
        .then(({ hash, code }) => keep(rules, hash, code))
        .then(
          (hash) => callback(null, { hash }),
          (error: unknown) => callback(refusal(logger, error)),
        );
    },
    fetch: streaming(logger, async (call, signal) => {
      const hash = bundleHash(call.request.hash);
      if (!(await store.hasBundle(hash))) throw new BundleUnknownError(hash);
      const { stream } = await objects.get(bucket, hash);
      try {
        for await (const data of stream) await writeAll(call, [{ hash, data: data as Buffer }], signal);
      } finally {
        stream.destroy();
      }
    }),
  };
}

function receive(call: ServerReadableStream<pb.BundleChunk, pb.BundleRef>): Promise<{ hash: BundleHash; code: Buffer }> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let hash = '';
    call.on('data', (chunk: pb.BundleChunk) => {
      hash ||= chunk.hash;
      bytes += chunk.data.length;
      if (bytes > MAX_BUNDLE_BYTES) {
        parts.length = 0;
        reject(new BundleTooLargeError(MAX_BUNDLE_BYTES));
      } else parts.push(chunk.data);
    });
    call.on('error', reject);
    call.on('cancelled', () => reject(new Error('the client left')));
    call.on('end', () => {
      try {
        resolve({ hash: bundleHash(hash), code: Buffer.concat(parts) });
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

/** The row comes after the object: who sees the one finds the other. */
async function keep({ loop, objects, bucket }: BundleRules, hash: BundleHash, code: Buffer): Promise<BundleHash> {
  const found = createHash('sha256').update(code).digest('hex');
  if (found !== hash) throw new BundleHashError(hash, found);
  await objects.put(bucket, hash, code);
  await loop.turn((turn) => turn.addBundle(hash, code.length));
  return hash;
}
