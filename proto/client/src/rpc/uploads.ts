import { createHash } from 'node:crypto';
import type { ClientWritableStream, Metadata, CallOptions, ServiceError } from '@grpc/grpc-js';
import { INLINE_ARGS_BYTES, type ActorArgs, type ActorId } from '@trainer/model';
import { encodeArgsRef } from '@trainer/wire';
import type { HeadRpc } from './head-rpc.js';

/** So that the head, which holds some chunks of each upload, has room for many. */
const CHUNK_BYTES = 256 * 1024;
/** 64 MiB over a line of 10 Mbit/s, and the time that others upload before. */
const UPLOAD_DEADLINE_MS = 180_000;
/** So often an upload is begun again where its connection broke. */
const TRIES = 3;

type OpenUpload<Chunk> = (
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null) => void,
) => ClientWritableStream<Chunk>;

/** Sends bytes in chunks, as fast as the head takes them. Idempotent. @throws ClusterUnavailableError, what the head answers */
export async function upload<Chunk>(
  rpc: HeadRpc,
  open: OpenUpload<Chunk>,
  bytes: Uint8Array,
  chunkOf: (data: Buffer, isFirst: boolean) => Chunk,
): Promise<void> {
  const since = rpc.clock.wallMs();
  for (let tries = 1; ; tries += 1) {
    const moveOn = await rpc.reach();
    if (moveOn === null) throw rpc.nobodyAnswers(since);
    try {
      await uploadOnce(rpc, open, bytes, chunkOf);
      return;
    } catch (error) {
      const failure = rpc.errorOf(error, since);
      const isAway = failure.code === 'cluster.unavailable';
      if (isAway) moveOn();
      if (rpc.isClosed || !isAway || tries >= TRIES) throw failure;
    }
  }
}

function uploadOnce<Chunk>(
  rpc: HeadRpc,
  open: OpenUpload<Chunk>,
  bytes: Uint8Array,
  chunkOf: (data: Buffer, isFirst: boolean) => Chunk,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const stream = open(rpc.metadata(), { deadline: Date.now() + UPLOAD_DEADLINE_MS }, (error) => {
      isOver = true;
      rpc.disown(stream);
      if (error) reject(error);
      else resolve();
    });
    rpc.own(stream);
    // The answer tells what became of it, also where it is refused half-way.
    stream.on('error', () => undefined);
    const sendFrom = (start: number): void => {
      for (let at = start; at < bytes.byteLength && !isOver; at += CHUNK_BYTES) {
        const data = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(CHUNK_BYTES, bytes.byteLength - at));
        if (!stream.write(chunkOf(data, at === 0))) {
          stream.once('drain', () => sendFrom(at + CHUNK_BYTES));
          return;
        }
      }
      if (!isOver) stream.end();
    };
    sendFrom(0);
  });
}

/** Arguments as a create carries them. Large ones are `send`-able only to the head's store, before the create that names them. */
export interface PreparedArgs {
  readonly args: ActorArgs;
  /** To be awaited before each create. */
  send(): Promise<void>;
}

/** @param bytes MessagePack of the constructor's arguments */
export function prepareArgs(rpc: HeadRpc, actor: ActorId, bytes: Buffer): PreparedArgs {
  if (bytes.length <= INLINE_ARGS_BYTES) return { args: { kind: 'inline', bytes }, send: () => Promise.resolve() };
  const args = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  const of = encodeArgsRef({ actor, args });
  return {
    args: { kind: 'stored', ...args },
    send: () => upload(rpc, rpc.bundles.uploadArgs.bind(rpc.bundles), bytes, (data, isFirst) => ({ of: isFirst ? of : undefined, data })),
  };
}
