import type { ActorSpec, ActorState, ActorView, NodeView, SavedState } from '@trainer/model';
import fc from 'fast-check';
import {
  anyActorId,
  anyArgs,
  anyCapacity,
  anyClassRef,
  anyCount,
  anyDeathCause,
  anyGrant,
  anyLarge,
  anyLeaseId,
  anyNodeId,
  anyOrNull,
  anyResources,
  anySessionId,
} from './common.arbitrary.js';
import { anyText, objectOf, recordOf } from './values.arbitrary.js';

export const anyCheckpointEvery: fc.Arbitrary<ActorSpec['checkpointEvery']> = fc.oneof(
  fc.constant('call' as const),
  fc.integer({ min: 1, max: 2 ** 32 - 1 }),
);

export const anySavedState: fc.Arbitrary<SavedState> = fc.oneof(
  objectOf({ kind: fc.constant('inline' as const), bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)) }),
  objectOf({ kind: fc.constant('object' as const), bucket: anyText, key: anyText, bytes: anyLarge }),
);

const anyMaxRestarts = fc.integer({ min: -1, max: 2 ** 31 - 1 });

export const anyActorSpec: fc.Arbitrary<ActorSpec> = objectOf({
  id: anyActorId,
  session: anyOrNull(anySessionId),
  classRef: anyClassRef,
  className: anyText,
  args: anyArgs,
  resources: anyResources,
  concurrency: anyCount,
  priority: anyCount,
  env: recordOf(anyText),
  name: anyOrNull(anyText),
  namespace: anyText,
  maxRestarts: anyMaxRestarts,
  checkpointEvery: anyCheckpointEvery,
  maxCallRetries: anyCount,
});

export const anyActorState: fc.Arbitrary<ActorState> = fc.oneof(
  objectOf({ at: fc.constant('pending' as const), since: anyLarge, reason: anyOrNull(anyText) }),
  objectOf({ at: fc.constant('starting' as const), since: anyLarge, lease: anyLeaseId, incarnation: anyCount }),
  objectOf({
    at: fc.constant('alive' as const),
    since: anyLarge,
    lease: anyLeaseId,
    incarnation: anyCount,
    node: anyNodeId,
    address: anyText,
  }),
  objectOf({ at: fc.constant('stopping' as const), since: anyLarge, lease: anyLeaseId, cause: anyDeathCause }),
  objectOf({ at: fc.constant('dead' as const), since: anyLarge, cause: anyDeathCause }),
);

export const anyActorView: fc.Arbitrary<ActorView> = objectOf({
  id: anyActorId,
  className: anyText,
  session: anyOrNull(anySessionId),
  name: anyOrNull(anyText),
  namespace: anyText,
  resources: anyResources,
  maxRestarts: anyMaxRestarts,
  maxCallRetries: anyCount,
  restarts: anyCount,
  deaths: fc.array(objectOf({ incarnation: anyCount, at: anyLarge, cause: anyDeathCause }), { maxLength: 3 }),
  state: anyActorState,
  token: anyOrNull(anyText),
});

export const anyNodeView: fc.Arbitrary<NodeView> = objectOf({
  id: anyNodeId,
  incarnation: anyLarge,
  host: anyText,
  version: anyText,
  state: fc.constantFrom('connected', 'draining', 'no-messages', 'silent', 'lost'),
  capacity: anyCapacity,
  available: anyGrant,
  labels: recordOf(anyText),
  leases: anyCount,
  since: anyLarge,
});
