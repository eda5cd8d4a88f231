import {
  actorId,
  jobId,
  leaseId,
  streamId,
  type ActorStart,
  type LeaseHolder,
  type PlaceReply,
  type PlaceRequest,
  type RefusalReason,
  type StartSpec,
} from '@trainer/model';
import { decodeClassRef, decodeGrant, encodeClassRef, encodeGrant } from './common.codec.js';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { decodeArgs, encodeArgs } from './args.codec.js';
import { fromBytes, parsed, present, toBytes, unknownCase } from './fields.js';
import * as pb from './gen/trainer/v1/agent.js';
import { decodeCheckpointEvery, decodeSavedState, encodeCheckpointEvery, encodeSavedState } from './saved-state.codec.js';

const refusalCodec = enumCodec<RefusalReason, pb.RefusalReason>()({
  capacity: pb.RefusalReason.REFUSAL_REASON_CAPACITY,
  'stale-epoch': pb.RefusalReason.REFUSAL_REASON_STALE_EPOCH,
  'stale-stream': pb.RefusalReason.REFUSAL_REASON_STALE_STREAM,
  tombstone: pb.RefusalReason.REFUSAL_REASON_TOMBSTONE,
  'unknown-lease': pb.RefusalReason.REFUSAL_REASON_UNKNOWN_LEASE,
  draining: pb.RefusalReason.REFUSAL_REASON_DRAINING,
  'buffer-full': pb.RefusalReason.REFUSAL_REASON_BUFFER_FULL,
  malformed: pb.RefusalReason.REFUSAL_REASON_MALFORMED,
});

/** The bytes of a placement's request, as it goes over NATS. */
export function encodePlaceRequest(request: PlaceRequest): Uint8Array {
  const { stream, headEpoch, lowWater, lease } = request;
  return toBytes(pb.PlaceRequest, { stream, headEpoch, lowWater, lease, action: actionCase(request.action) });
}

function actionCase(action: PlaceRequest['action']): NonNullable<pb.PlaceRequest['action']> {
  switch (action.kind) {
    case 'reserve':
      return { $case: 'reserve', value: encodeGrant(action.grant) };
    case 'start':
      return { $case: 'start', value: encodeStartSpec(action.spec) };
    case 'reserve-and-start':
      return { $case: 'reserveAndStart', value: { grant: encodeGrant(action.grant), spec: encodeStartSpec(action.spec) } };
  }
}

/** @throws WireFormatError */
export function decodePlaceRequest(bytes: Uint8Array): PlaceRequest {
  const at = 'placeRequest';
  const wire = fromBytes(pb.PlaceRequest, bytes, at);
  return {
    stream: parsed(streamId, wire.stream, `${at}.stream`),
    headEpoch: wire.headEpoch,
    lowWater: parsed(leaseId, wire.lowWater, `${at}.lowWater`),
    lease: parsed(leaseId, wire.lease, `${at}.lease`),
    action: decodeAction(wire.action, `${at}.action`),
  };
}

function decodeAction(wire: pb.PlaceRequest['action'], at: FieldPath): PlaceRequest['action'] {
  const action = present(wire, at);
  switch (action.$case) {
    case 'reserve':
      return { kind: 'reserve', grant: decodeGrant(action.value, `${at}.reserve`) };
    case 'start':
      return { kind: 'start', spec: decodeStartSpec(action.value, `${at}.start`) };
    case 'reserveAndStart': {
      const { grant, spec } = action.value;
      return { kind: 'reserve-and-start', grant: decodeGrant(grant, `${at}.grant`), spec: decodeStartSpec(spec, `${at}.spec`) };
    }
    default:
      return unknownCase(action, at);
  }
}

export function encodeStartSpec(spec: StartSpec): pb.StartSpec {
  return {
    holder: holderCase(spec.holder),
    classRef: encodeClassRef(spec.classRef),
    className: spec.className,
    ...encodeArgs(spec.args),
    concurrency: spec.concurrency,
    token: spec.token,
    env: { ...spec.env },
    actorStart: spec.actor === null ? undefined : encodeActorStart(spec.actor),
  };
}

/** @throws WireFormatError */
export function decodeStartSpec(wire: pb.StartSpec | undefined, at: FieldPath): StartSpec {
  const start = present(wire, at);
  const { holder, classRef, className, concurrency, token, env, actorStart } = start;
  return {
    holder: decodeHolder(holder, `${at}.holder`),
    classRef: decodeClassRef(classRef, `${at}.classRef`),
    className,
    args: decodeArgs(start, at),
    concurrency,
    token,
    env,
    actor: actorStart === undefined ? null : decodeActorStart(actorStart, `${at}.actorStart`),
  };
}

function encodeActorStart({ state, checkpointEvery, lookupToken }: ActorStart): pb.ActorStart {
  return {
    state: state === null ? undefined : encodeSavedState(state),
    checkpointEveryMs: checkpointEvery === null ? undefined : encodeCheckpointEvery(checkpointEvery),
    lookupToken,
  };
}

function decodeActorStart({ state, checkpointEveryMs, lookupToken }: pb.ActorStart, at: FieldPath): ActorStart {
  return {
    state: state === undefined ? null : decodeSavedState(state, `${at}.state`),
    checkpointEvery: checkpointEveryMs === undefined ? null : decodeCheckpointEvery(checkpointEveryMs),
    lookupToken,
  };
}

function holderCase(holder: LeaseHolder): NonNullable<pb.StartSpec['holder']> {
  switch (holder.kind) {
    case 'actor':
      return { $case: 'actor', value: { actor: holder.actor, incarnation: holder.incarnation } };
    case 'rank':
      return { $case: 'rank', value: { job: holder.job, attempt: holder.attempt, rank: holder.rank } };
  }
}

function decodeHolder(wire: pb.StartSpec['holder'], at: FieldPath): LeaseHolder {
  const holder = present(wire, at);
  switch (holder.$case) {
    case 'actor':
      return { kind: 'actor', actor: parsed(actorId, holder.value.actor, `${at}.actor`), incarnation: holder.value.incarnation };
    case 'rank':
      return { kind: 'rank', job: parsed(jobId, holder.value.job, `${at}.job`), attempt: holder.value.attempt, rank: holder.value.rank };
    default:
      return unknownCase(holder, at);
  }
}

/** The bytes of an agent's answer, as it goes over NATS. */
export function encodePlaceReply(reply: PlaceReply): Uint8Array {
  switch (reply.kind) {
    case 'granted':
      return toBytes(pb.PlaceReply, { reply: { $case: 'granted', value: {} } });
    case 'refused': {
      const refused = { reason: refusalCodec.encode(reply.reason), message: reply.message };
      return toBytes(pb.PlaceReply, { reply: { $case: 'refused', value: refused } });
    }
  }
}

/** @throws WireFormatError */
export function decodePlaceReply(bytes: Uint8Array): PlaceReply {
  const reply = present(fromBytes(pb.PlaceReply, bytes, 'placeReply').reply, 'placeReply.reply');
  switch (reply.$case) {
    case 'granted':
      return { kind: 'granted' };
    case 'refused':
      return { kind: 'refused', reason: refusalCodec.decode(reply.value.reason, 'placeReply.reason'), message: reply.value.message };
    default:
      return unknownCase(reply, 'placeReply.reply');
  }
}
