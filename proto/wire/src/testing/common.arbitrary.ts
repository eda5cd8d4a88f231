import {
  actorId,
  bundleHash,
  jobId,
  leaseId,
  nodeId,
  sessionId,
  streamId,
  MAX_ARGS_BYTES,
  type ActorArgs,
  type ActorClassRef,
  type Capacity,
  type DeathCause,
  type ErrorData,
  type Grant,
  type LeaseHolder,
  type RemoteFailure,
  type Resources,
} from '@trainer/model';
import fc from 'fast-check';
import { anyFacts, anyText, objectOf } from './values.arbitrary.js';

function hex(chars: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: chars, maxLength: chars });
}

export const anyNodeId = hex(12).map((text) => nodeId(`node-${text}`));
export const anyActorId = hex(16).map((text) => actorId(`actor-${text}`));
export const anyJobId = hex(12).map((text) => jobId(`train_${text}`));
export const anySessionId = hex(16).map((text) => sessionId(`session-${text}`));
export const anyStreamId = hex(16).map((text) => streamId(`stream-${text}`));
export const anyBundleHash = hex(64).map(bundleHash);
export const anyLeaseId = fc
  .tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e14 }))
  .map(([epoch, n]) => leaseId(`${epoch}-${n}`));

/** A 32-bit count. */
export const anyCount = fc.nat();
/** A 64-bit count that is exact in a number. */
export const anyLarge = fc.maxSafeNat();
export const anyOrNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

export const anyErrorData: fc.Arbitrary<ErrorData> = objectOf({
  code: anyText,
  message: anyText,
  facts: anyFacts,
  retry: fc.constantFrom('never', 'same', 'elsewhere'),
});

export const anyRemoteFailure: fc.Arbitrary<RemoteFailure> = objectOf({
  name: anyText,
  message: anyText,
  stack: anyText,
  fields: anyFacts,
});

export const anyDeathCause: fc.Arbitrary<DeathCause> = fc.oneof(
  objectOf({ kind: fc.constant('exited' as const), code: fc.integer() }),
  objectOf({ kind: fc.constant('exited' as const), code: fc.integer(), lastError: anyText }),
  objectOf({ kind: fc.constant('signal' as const), signal: anyText }),
  objectOf({ kind: fc.constant('signal' as const), signal: anyText, lastError: anyText }),
  objectOf({ kind: fc.constant('not-started' as const), error: anyErrorData }),
  objectOf({ kind: fc.constant('broke-protocol' as const), why: anyText }),
  objectOf({ kind: fc.constant('out-of-memory' as const), limitBytes: anyLarge, usedBytes: anyLarge }),
  objectOf({ kind: fc.constant('constructor-threw' as const), error: anyRemoteFailure }),
  objectOf({ kind: fc.constant('load-failed' as const), error: anyErrorData }),
  objectOf({ kind: fc.constant('start-timeout' as const), afterMs: anyLarge }),
  objectOf({ kind: fc.constant('reservation-expired' as const), afterMs: anyLarge }),
  objectOf({ kind: fc.constant('killed' as const), by: anyText }),
  objectOf({ kind: fc.constant('owner-gone' as const), owner: anyText }),
  objectOf({ kind: fc.constant('node-lost' as const), node: anyText }),
  objectOf({ kind: fc.constant('fact-refused' as const), why: anyText }),
  fc.constant({ kind: 'released' as const }),
  fc.constant({ kind: 'finished' as const }),
);

export const anyResources: fc.Arbitrary<Resources> = objectOf({ cpuMilli: anyLarge, memoryBytes: anyLarge, gpuMilli: anyLarge });

export const anyCapacity: fc.Arbitrary<Capacity> = objectOf({
  cpuMilli: anyLarge,
  memoryBytes: anyLarge,
  gpus: fc.array(objectOf({ index: anyCount, uuid: anyText, model: anyText, memoryBytes: anyLarge }), { maxLength: 3 }),
});

export const anyGrant: fc.Arbitrary<Grant> = objectOf({
  cpuMilli: anyLarge,
  memoryBytes: anyLarge,
  gpus: fc.array(objectOf({ index: anyCount, milli: anyLarge }), { maxLength: 3 }),
});

export const anyClassRef: fc.Arbitrary<ActorClassRef> = fc.oneof(
  objectOf({ kind: fc.constant('bundle' as const), hash: anyBundleHash, exportName: anyText }),
  objectOf({ kind: fc.constant('module' as const), specifier: anyText, exportName: anyText }),
);

export const anyArgs: fc.Arbitrary<ActorArgs> = fc.oneof(
  objectOf({ kind: fc.constant('inline'), bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)) }),
  objectOf({ kind: fc.constant('stored'), bytes: fc.integer({ min: 1, max: MAX_ARGS_BYTES }), sha256: hex(64) }),
);

export const anyHolder: fc.Arbitrary<LeaseHolder> = fc.oneof(
  objectOf({ kind: fc.constant('actor' as const), actor: anyActorId, incarnation: anyCount }),
  objectOf({ kind: fc.constant('rank' as const), job: anyJobId, attempt: anyCount, rank: anyCount }),
);
