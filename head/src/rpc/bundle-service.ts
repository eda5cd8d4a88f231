import type { sendUnaryData, ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { ACTOR_STATES_BUCKET, actorArgsKey, bundleHash } from '@trainer/model';
import type { BundleHash, Clock, Millis } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import { decodeArgsRef } from '@trainer/wire';
import type { BundleServiceServer, pb } from '@trainer/wire';
import type { UploadedArgs } from '../actors/uploaded-args.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { ClusterStore } from '../store/cluster-store.js';
import { refusal, streaming, unary, writeAll } from './answering.js';
import { BundleUnknownError } from './errors.js';
import { checkedBody, chunksOf, UploadGate, UploadIncompleteError } from './uploads.js';

export interface BundleRules {
  readonly loop: ClusterLoop;
  readonly store: ClusterStore;
  readonly objects: ObjectStore;
  readonly bucket: string;
  readonly args: UploadedArgs;
  readonly clock: Clock;
  readonly uploadIdleMs: Millis;
  readonly logger: Logger;
}

/** Code, not data: bundled and minified actor classes have kilobytes. */
const MAX_BUNDLE_BYTES = 32 * 2 ** 20;

type Body<Chunk> = AsyncGenerator<Chunk, void>;

/** What actors are made of, in chunks: code by its hash, and large arguments of constructors by their actor. */
export function bundleService(rules: BundleRules): BundleServiceServer {
  const { logger, store, objects, bucket, args } = rules;
  const uploads = new UploadGate();
  /** An upload goes from its client into the object store as it comes. */
  const received =
    <Chunk extends { readonly data: Uint8Array }, Reply>(keep: (first: Chunk, rest: Body<Chunk>) => Promise<Reply>) =>
    (call: ServerReadableStream<Chunk, Reply>, callback: sendUnaryData<Reply>): void => {
      uploads
        .run(async () => {
          const chunks = chunksOf<Chunk>(call, { clock: rules.clock, idleMs: rules.uploadIdleMs });
          const first = await chunks.next();
          if (first.done === true) throw new UploadIncompleteError(0);
          return await keep(first.value, chunks);
        })
        .then(
          (reply) => callback(null, reply),
          (error: unknown) => callback(refusal(logger, error)),
        );
    };
  return {
    has: unary(logger, async ({ hash }: pb.BundleRef) => ({ has: await store.hasBundle(bundleHash(hash)) })),
    upload: received<pb.BundleChunk, pb.BundleRef>(async (first, rest) => ({ hash: await keepBundle(rules, first, rest) })),
    fetch: streaming(logger, async (call, signal) => {
      const hash = bundleHash(call.request.hash);
      if (!(await store.hasBundle(hash))) throw new BundleUnknownError(hash);
      await send(call, objects, { bucket, key: hash }, (data): pb.BundleChunk => ({ hash, data }), signal);
    }),
    uploadArgs: received<pb.ArgsChunk, pb.Nothing>(async (first, rest) => {
      const of = decodeArgsRef(first.of);
      const { bytes, sha256 } = of.args;
      await args.keep(of, checkedBody(first.data, rest, { what: 'The arguments', bytes, isExact: true, sha256 }));
      return {};
    }),
    fetchArgs: streaming(logger, async (call, signal) => {
      const { actor, args: wanted } = decodeArgsRef(call.request, 'argsRef');
      const at = { bucket: ACTOR_STATES_BUCKET, key: actorArgsKey(actor, wanted.sha256) };
      await send(call, objects, at, (data): pb.ArgsChunk => ({ of: undefined, data }), signal);
    }),
  };
}

/** The row comes after the object: who sees the one finds the other. */
async function keepBundle({ loop, objects, bucket }: BundleRules, first: pb.BundleChunk, rest: Body<pb.BundleChunk>): Promise<BundleHash> {
  const hash = bundleHash(first.hash);
  const size = { what: 'The bundle of actor code', bytes: MAX_BUNDLE_BYTES, isExact: false, sha256: hash };
  const { bytes } = await objects.put(bucket, hash, checkedBody(first.data, rest, size));
  await loop.turn((turn) => turn.addBundle(hash, bytes));
  return hash;
}

async function send<Chunk>(
  call: ServerWritableStream<unknown, Chunk>,
  objects: ObjectStore,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  chunkOf: (data: Buffer) => Chunk,
  signal: AbortSignal,
): Promise<void> {
  const { stream } = await objects.get(bucket, key);
  try {
    for await (const data of stream) await writeAll(call, [chunkOf(data as Buffer)], signal);
  } finally {
    stream.destroy();
  }
}
