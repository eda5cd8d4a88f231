import type { ActorSpec, ActorState, ActorView, NodeView } from '@trainer/model';
import fc from 'fast-check';
import {
  anyActorId,
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
import { anyText, recordOf } from './values.arbitrary.js';

export const anyActorSpec: fc.Arbitrary<ActorSpec> = fc.record({
  id: anyActorId,
  session: anyOrNull(anySessionId),
  classRef: anyClassRef,
  className: anyText,
  args: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  resources: anyResources,
  concurrency: anyCount,
  priority: anyCount,
  env: recordOf(anyText),
});

export const anyActorState: fc.Arbitrary<ActorState> = fc.oneof(
  fc.record({ at: fc.constant('pending' as const), since: anyLarge, reason: anyOrNull(anyText) }),
  fc.record({ at: fc.constant('starting' as const), since: anyLarge, lease: anyLeaseId, incarnation: anyCount }),
  fc.record({ at: fc.constant('alive' as const), since: anyLarge, lease: anyLeaseId, incarnation: anyCount, node: anyNodeId, address: anyText }),
  fc.record({ at: fc.constant('stopping' as const), since: anyLarge, lease: anyLeaseId, cause: anyDeathCause }),
  fc.record({ at: fc.constant('dead' as const), since: anyLarge, cause: anyDeathCause }),
);

export const anyActorView: fc.Arbitrary<ActorView> = fc.record({
  id: anyActorId,
  className: anyText,
  session: anyOrNull(anySessionId),
  resources: anyResources,
  restarts: anyCount,
  state: anyActorState,
  token: anyOrNull(anyText),
});

export const anyNodeView: fc.Arbitrary<NodeView> = fc.record({
  id: anyNodeId,
  incarnation: anyLarge,
  host: anyText,
  version: anyText,
  state: fc.constantFrom('connected', 'no-messages', 'silent', 'lost'),
  capacity: anyCapacity,
  available: anyGrant,
  labels: recordOf(anyText),
  leases: anyCount,
  since: anyLarge,
});
