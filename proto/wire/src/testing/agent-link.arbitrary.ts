import type { AgentCommand, Fact, FactBody, FromAgent, Hello, PlaceReply, PlaceRequest, StartSpec, ToAgent } from '@trainer/model';
import fc from 'fast-check';
import {
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
import { anyText, recordOf } from './values.arbitrary.js';

export const anyHello: fc.Arbitrary<Hello> = fc.record({
  protocol: fc.record({ major: anyCount, minor: anyCount }),
  node: anyNodeId,
  incarnation: anyLarge,
  host: anyText,
  version: anyText,
  capacity: anyCapacity,
  labels: recordOf(anyText),
  leases: fc.array(fc.record({ lease: anyLeaseId, state: fc.constantFrom('reserved', 'starting', 'ready', 'stopping', 'ended') }), { maxLength: 3 }),
  newestFact: anyLarge,
  newestHeadEpoch: anyLarge,
  natsConnected: fc.boolean(),
  engines: fc.array(fc.record({ engine: anyText, unavailable: anyOrNull(anyText) }), { maxLength: 3 }),
});

export const anyFactBody: fc.Arbitrary<FactBody> = fc.oneof(
  fc.record({ kind: fc.constant('started' as const), pid: anyCount }),
  fc.record({ kind: fc.constant('ready' as const), address: anyText }),
  fc.record({ kind: fc.constant('rank' as const), report: anyRankReport }),
  fc.record({ kind: fc.constant('ended' as const), cause: anyDeathCause }),
);

export const anyFact: fc.Arbitrary<Fact> = fc.record({ number: anyLarge, lease: anyLeaseId, body: anyFactBody });

export const anyFromAgent: fc.Arbitrary<FromAgent> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), hello: anyHello }),
  fc.record({ kind: fc.constant('heartbeat' as const), number: anyLarge, natsConnected: fc.boolean() }),
  fc.record({ kind: fc.constant('facts' as const), facts: fc.array(anyFact, { maxLength: 3 }) }),
);

const anyBegin = fc.record({
  attempt: anyCount,
  rank: anyCount,
  worldSize: anyCount,
  peers: fc.array(anyText, { maxLength: 3 }),
  secret: anyText,
});

export const anyCommand: fc.Arbitrary<AgentCommand> = fc.oneof(
  fc.record({ kind: fc.constant('begin' as const), lease: anyLeaseId, begin: anyBegin }),
  fc.record({ kind: fc.constantFrom('stop' as const, 'release' as const), lease: anyLeaseId, cause: anyDeathCause }),
  fc.record({ kind: fc.constant('drain' as const), deadlineMs: anyLarge }),
);

const anyVerdict = fc.record({ lease: anyLeaseId, verdict: fc.constantFrom('keep' as const, 'end' as const) });

export const anyToAgent: fc.Arbitrary<ToAgent> = fc.oneof(
  fc.record({ kind: fc.constant('hello-read' as const), headEpoch: anyLarge, storedFact: anyLarge }),
  fc.record({
    kind: fc.constant('welcome' as const),
    stream: anyStreamId,
    headEpoch: anyLarge,
    lowWater: anyLeaseId,
    verdicts: fc.array(anyVerdict, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('refused' as const), error: anyErrorData }),
  fc.record({ kind: fc.constant('echo' as const), number: anyLarge, headEpoch: anyLarge }),
  fc.record({
    kind: fc.constant('ack' as const),
    storedFact: anyLarge,
    refused: fc.array(fc.record({ number: anyLarge, why: anyText }), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('command' as const), headEpoch: anyLarge, command: anyCommand }),
);

export const anyStartSpec: fc.Arbitrary<StartSpec> = fc.record({
  holder: anyHolder,
  classRef: anyClassRef,
  className: anyText,
  args: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  concurrency: anyCount,
  token: anyText,
  env: recordOf(anyText),
});

export const anyPlaceRequest: fc.Arbitrary<PlaceRequest> = fc.record({
  stream: anyStreamId,
  headEpoch: anyLarge,
  lowWater: anyLeaseId,
  lease: anyLeaseId,
  action: fc.oneof(
    fc.record({ kind: fc.constant('reserve' as const), grant: anyGrant }),
    fc.record({ kind: fc.constant('start' as const), spec: anyStartSpec }),
    fc.record({ kind: fc.constant('reserve-and-start' as const), grant: anyGrant, spec: anyStartSpec }),
  ),
});

export const anyPlaceReply: fc.Arbitrary<PlaceReply> = fc.oneof(
  fc.constant({ kind: 'granted' as const }),
  fc.record({
    kind: fc.constant('refused' as const),
    reason: fc.constantFrom(
      'capacity' as const,
      'stale-epoch' as const,
      'stale-stream' as const,
      'tombstone' as const,
      'unknown-lease' as const,
      'draining' as const,
      'buffer-full' as const,
    ),
    message: anyText,
  }),
);
