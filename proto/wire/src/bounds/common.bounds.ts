import { INLINE_STATE_BYTES, LIMITS, MAX_ARGS_BYTES, MAX_LAST_ERROR_BYTES } from '@trainer/model';
import type * as agent from '../gen/trainer/v1/agent.js';
import type * as pb from '../gen/trainer/v1/common.js';
import { bytes, formed, list, message, oneOf, range, text, type Bound } from './bound.js';

/** Ids of every kind; the longest, of a bundle, has 64 characters. */
export const id = text(64);
export const short = text(LIMITS.shortChars);
export const sentence = text(LIMITS.sentenceChars);
export const nothing: Bound = formed;

export const protocolBound = message<pb.ProtocolVersion>({ major: formed, minor: formed });
export const resourcesBound = message<pb.Resources>({ cpuMilli: formed, memoryBytes: formed, gpuMilli: formed });
export const errorBound = message<pb.Error>({
  code: short,
  message: text(LIMITS.errorChars),
  facts: bytes(LIMITS.errorFactsBytes),
  retry: formed,
});
export const capacityBound = message<pb.Capacity>({
  cpuMilli: formed,
  memoryBytes: formed,
  gpus: list(LIMITS.hello.gpus, message<pb.GpuDevice>({ index: formed, uuid: short, model: short, memoryBytes: formed })),
});
export const storedArgsBound = message<pb.StoredArgs>({ bytes: range({ min: 1, max: MAX_ARGS_BYTES }), sha256: id });
export const classRefBound = message<pb.ActorClassRef>({
  source: oneOf<NonNullable<pb.ActorClassRef['source']>>({
    bundle: message<pb.BundleClass>({ hash: id, exportName: text(LIMITS.symbolChars) }),
    module: message<pb.ModuleClass>({ specifier: short, exportName: text(LIMITS.symbolChars) }),
  }),
});
export const failureBound = message<pb.RemoteFailure>({
  name: text(LIMITS.errorChars),
  message: text(LIMITS.errorChars),
  stack: text(LIMITS.errorChars),
  fields: bytes(LIMITS.errorFactsBytes),
});
export const causeBound = message<pb.DeathCause>({
  cause: oneOf<NonNullable<pb.DeathCause['cause']>>({
    exited: formed,
    signal: short,
    outOfMemory: formed,
    constructorThrew: failureBound,
    loadFailed: errorBound,
    startTimeoutMs: formed,
    reservationExpiredMs: formed,
    killedBy: sentence,
    ownerGone: sentence,
    nodeLost: sentence,
    factRefused: sentence,
    released: nothing,
    finished: nothing,
    notStarted: errorBound,
    brokeProtocol: sentence,
  }),
  // Of UTF-8, which has no fewer bytes than characters.
  lastError: text(MAX_LAST_ERROR_BYTES),
});
export const savedStateBound = message<agent.SavedState>({
  state: oneOf<NonNullable<agent.SavedState['state']>>({
    inline: bytes(INLINE_STATE_BYTES),
    object: message<agent.StoredState>({ bucket: short, key: short, bytes: formed }),
  }),
});
