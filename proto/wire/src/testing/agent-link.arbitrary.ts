import type { AgentCommand, Fact, FactBody, FromAgent, Hello, PlaceReply, PlaceRequest, StartSpec, ToAgent } from '@trainer/model';
import fc from 'fast-check';
import { anyCheckpointEvery, anySavedState } from './actors.arbitrary.js';
import {
  anyArgs,
  anyCapacity,
  anyClassRef,
  anyCount,
  anyDeathCause,
  anyErrorData,
  anyGrant,
  anyHolder,
  anyLarge,
  anyLeaseId,
  anyNodeId,
  anyOrNull,
  anyStreamId,
} from './common.arbitrary.js';
import { anyRankReport } from './jobs.arbitrary.js';
import { anyText, objectOf, recordOf } from './values.arbitrary.js';

export const anyHello: fc.Arbitrary<Hello> = objectOf({
  protocol: objectOf({ major: anyCount, minor: anyCount }),
  node: anyNodeId,
  incarnation: anyLarge,
  number: anyLarge,
  host: anyText,
  version: anyText,
  capacity: anyCapacity,
  labels: recordOf(anyText),
  leases: fc.array(objectOf({ lease: anyLeaseId, state: fc.constantFrom('reserved', 'starting', 'ready', 'stopping', 'ended') }), {
    maxLength: 3,
  }),
  newestFact: anyLarge,
  newestHeadEpoch: anyLarge,
  natsConnected: fc.boolean(),
  isDraining: fc.boolean(),
  engines: fc.array(objectOf({ engine: anyText, unavailable: anyOrNull(anyText) }), { maxLength: 3 }),
});

export const anyFactBody: fc.Arbitrary<FactBody> = fc.oneof(
  objectOf({ kind: fc.constant('started' as const), pid: anyCount }),
  objectOf({ kind: fc.constant('ready' as const), address: anyText }),
  objectOf({ kind: fc.constant('rank' as const), report: anyRankReport }),
  objectOf({ kind: fc.constant('state' as const), state: anySavedState }),
  objectOf({ kind: fc.constant('ended' as const), cause: anyDeathCause }),
);

export const anyFact: fc.Arbitrary<Fact> = objectOf({ number: anyLarge, lease: anyLeaseId, body: anyFactBody });

export const anyFromAgent: fc.Arbitrary<FromAgent> = fc.oneof(
  objectOf({ kind: fc.constant('hello' as const), hello: anyHello }),
  objectOf({ kind: fc.constant('heartbeat' as const), number: anyLarge, natsConnected: fc.boolean(), isDraining: fc.boolean() }),
  objectOf({ kind: fc.constant('facts' as const), facts: fc.array(anyFact, { maxLength: 3 }) }),
);

const anyBegin = objectOf({
  attempt: anyCount,
  rank: anyCount,
  worldSize: anyCount,
  peers: fc.array(anyText, { maxLength: 3 }),
  secret: anyText,
});

export const anyCommand: fc.Arbitrary<AgentCommand> = fc.oneof(
  objectOf({ kind: fc.constant('begin' as const), lease: anyLeaseId, begin: anyBegin }),
  objectOf({ kind: fc.constantFrom('stop' as const, 'release' as const), lease: anyLeaseId, cause: anyDeathCause }),
);

const anyVerdict = objectOf({ lease: anyLeaseId, verdict: fc.constantFrom('keep' as const, 'end' as const) });

export const anyToAgent: fc.Arbitrary<ToAgent> = fc.oneof(
  objectOf({ kind: fc.constant('hello-read' as const), headEpoch: anyLarge, storedFact: anyLarge }),
  objectOf({
    kind: fc.constant('welcome' as const),
    stream: anyStreamId,
    headEpoch: anyLarge,
    lowWater: anyLeaseId,
    verdicts: fc.array(anyVerdict, { maxLength: 3 }),
  }),
  objectOf({ kind: fc.constant('refused' as const), error: anyErrorData }),
  objectOf({ kind: fc.constant('suspended' as const), headEpoch: anyLarge }),
  objectOf({ kind: fc.constant('echo' as const), number: anyLarge, headEpoch: anyLarge }),
  objectOf({
    kind: fc.constant('ack' as const),
    storedFact: anyLarge,
    refused: fc.array(objectOf({ number: anyLarge, why: anyText }), { maxLength: 3 }),
  }),
  objectOf({ kind: fc.constant('command' as const), headEpoch: anyLarge, command: anyCommand }),
);

export const anyStartSpec: fc.Arbitrary<StartSpec> = objectOf({
  holder: anyHolder,
  classRef: anyClassRef,
  className: anyText,
  args: anyArgs,
  concurrency: anyCount,
  token: anyText,
  env: recordOf(anyText),
  actor: anyOrNull(objectOf({ state: anyOrNull(anySavedState), checkpointEvery: anyOrNull(anyCheckpointEvery), lookupToken: anyText })),
});

export const anyPlaceRequest: fc.Arbitrary<PlaceRequest> = objectOf({
  stream: anyStreamId,
  headEpoch: anyLarge,
  lowWater: anyLeaseId,
  lease: anyLeaseId,
  action: fc.oneof(
    objectOf({ kind: fc.constant('reserve' as const), grant: anyGrant }),
    objectOf({ kind: fc.constant('start' as const), spec: anyStartSpec }),
    objectOf({ kind: fc.constant('reserve-and-start' as const), grant: anyGrant, spec: anyStartSpec }),
  ),
});

export const anyPlaceReply: fc.Arbitrary<PlaceReply> = fc.oneof(
  fc.constant({ kind: 'granted' as const }),
  objectOf({
    kind: fc.constant('refused' as const),
    reason: fc.constantFrom(
      'capacity' as const,
      'stale-epoch' as const,
      'stale-stream' as const,
      'tombstone' as const,
      'unknown-lease' as const,
      'draining' as const,
      'buffer-full' as const,
      'malformed' as const,
    ),
    message: anyText,
  }),
);
