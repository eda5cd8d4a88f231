import {
  actorId,
  leaseId,
  nodeId,
  sessionId,
  type ActorSpec,
  type ActorState,
  type ActorView,
  type Death,
  type NodeState,
  type NodeView,
} from '@trainer/model';
import {
  decodeCapacity,
  decodeClassRef,
  decodeDeathCause,
  decodeGrant,
  decodeResources,
  encodeCapacity,
  encodeClassRef,
  encodeDeathCause,
  encodeGrant,
  encodeResources,
} from './common.codec.js';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { decodeArgs, encodeArgs } from './args.codec.js';
import { fromBytes, parsed, parsedOrNull, present, toBytes, wholeMs } from './fields.js';
import * as pb from './gen/trainer/v1/actors.js';
import { decodeCheckpointEvery, encodeCheckpointEvery } from './saved-state.codec.js';

/** A client's request for an actor; `timeoutMs`: how long it may wait for a place. */
export interface CreateActor {
  readonly spec: ActorSpec;
  readonly timeoutMs: number;
  /** Give the unended actor of that name, if there is one and it is alike. */
  readonly getIfExists: boolean;
}

export function encodeCreateActor({ spec, timeoutMs, getIfExists }: CreateActor): pb.CreateActorRequest {
  return {
    id: spec.id,
    session: spec.session ?? '',
    classRef: encodeClassRef(spec.classRef),
    className: spec.className,
    ...encodeArgs(spec.args),
    resources: encodeResources(spec.resources),
    concurrency: spec.concurrency,
    priority: spec.priority,
    env: { ...spec.env },
    timeoutMs: wholeMs(timeoutMs),
    name: spec.name ?? undefined,
    namespace: spec.namespace,
    getIfExists,
    maxRestarts: spec.maxRestarts,
    checkpointEveryMs: encodeCheckpointEvery(spec.checkpointEvery),
    maxCallRetries: spec.maxCallRetries,
  };
}

/** @throws WireFormatError */
export function decodeCreateActor(wire: pb.CreateActorRequest, at: FieldPath = 'createActor'): CreateActor {
  const spec: ActorSpec = {
    id: parsed(actorId, wire.id, `${at}.id`),
    session: parsedOrNull(sessionId, wire.session, `${at}.session`),
    classRef: decodeClassRef(wire.classRef, `${at}.classRef`),
    className: wire.className,
    args: decodeArgs(wire, at),
    resources: decodeResources(wire.resources, `${at}.resources`),
    concurrency: wire.concurrency,
    priority: wire.priority,
    env: wire.env,
    name: wire.name ?? null,
    namespace: wire.namespace,
    maxRestarts: wire.maxRestarts,
    checkpointEvery: decodeCheckpointEvery(wire.checkpointEveryMs),
    maxCallRetries: wire.maxCallRetries,
  };
  return { spec, timeoutMs: wire.timeoutMs, getIfExists: wire.getIfExists };
}

const stateCodec = enumCodec<ActorState['at'], pb.ActorStateName>()({
  pending: pb.ActorStateName.ACTOR_STATE_NAME_PENDING,
  starting: pb.ActorStateName.ACTOR_STATE_NAME_STARTING,
  alive: pb.ActorStateName.ACTOR_STATE_NAME_ALIVE,
  stopping: pb.ActorStateName.ACTOR_STATE_NAME_STOPPING,
  dead: pb.ActorStateName.ACTOR_STATE_NAME_DEAD,
});

type StateFields = Pick<pb.ActorView, 'lease' | 'incarnation' | 'node' | 'address' | 'cause' | 'pendingReason'>;
const NO_STATE_FIELDS: StateFields = {
  lease: undefined,
  incarnation: undefined,
  node: undefined,
  address: undefined,
  cause: undefined,
  pendingReason: undefined,
};

export function encodeActorView(view: ActorView): pb.ActorView {
  return {
    id: view.id,
    className: view.className,
    state: stateCodec.encode(view.state.at),
    since: wholeMs(view.state.since),
    restarts: view.restarts,
    session: view.session ?? '',
    resources: encodeResources(view.resources),
    token: view.token ?? undefined,
    name: view.name ?? undefined,
    namespace: view.namespace,
    maxRestarts: view.maxRestarts,
    maxCallRetries: view.maxCallRetries,
    deaths: view.deaths.map(({ incarnation, at, cause }) => ({ incarnation, at: wholeMs(at), cause: encodeDeathCause(cause) })),
    ...stateFields(view.state),
  };
}

function stateFields(state: ActorState): StateFields {
  switch (state.at) {
    case 'pending':
      return { ...NO_STATE_FIELDS, pendingReason: state.reason ?? undefined };
    case 'starting':
      return { ...NO_STATE_FIELDS, lease: state.lease, incarnation: state.incarnation };
    case 'alive':
      return { ...NO_STATE_FIELDS, lease: state.lease, incarnation: state.incarnation, node: state.node, address: state.address };
    case 'stopping':
      return { ...NO_STATE_FIELDS, lease: state.lease, cause: encodeDeathCause(state.cause) };
    case 'dead':
      return { ...NO_STATE_FIELDS, cause: encodeDeathCause(state.cause) };
  }
}

/** @throws WireFormatError */
export function decodeActorView(wire: pb.ActorView, at: FieldPath = 'actor'): ActorView {
  return {
    id: parsed(actorId, wire.id, `${at}.id`),
    className: wire.className,
    session: parsedOrNull(sessionId, wire.session, `${at}.session`),
    resources: decodeResources(wire.resources, `${at}.resources`),
    restarts: wire.restarts,
    name: wire.name ?? null,
    namespace: wire.namespace,
    maxRestarts: wire.maxRestarts,
    maxCallRetries: wire.maxCallRetries,
    deaths: wire.deaths.map((death, i) => decodeDeath(death, `${at}.deaths[${i}]`)),
    state: decodeState(wire, at),
    token: wire.token ?? null,
  };
}

function decodeDeath(wire: pb.Death, at: FieldPath): Death {
  return { incarnation: wire.incarnation, at: wire.at, cause: decodeDeathCause(present(wire.cause, `${at}.cause`), `${at}.cause`) };
}

function decodeState(wire: pb.ActorView, at: FieldPath): ActorState {
  const { since } = wire;
  const lease = () => parsed(leaseId, present(wire.lease, `${at}.lease`), `${at}.lease`);
  const incarnation = () => present(wire.incarnation, `${at}.incarnation`);
  const cause = () => decodeDeathCause(present(wire.cause, `${at}.cause`), `${at}.cause`);
  const state = stateCodec.decode(wire.state, `${at}.state`);
  switch (state) {
    case 'pending':
      return { at: state, since, reason: wire.pendingReason ?? null };
    case 'starting':
      return { at: state, since, lease: lease(), incarnation: incarnation() };
    case 'alive': {
      const node = parsed(nodeId, present(wire.node, `${at}.node`), `${at}.node`);
      return { at: state, since, lease: lease(), incarnation: incarnation(), node, address: present(wire.address, `${at}.address`) };
    }
    case 'stopping':
      return { at: state, since, lease: lease(), cause: cause() };
    case 'dead':
      return { at: state, since, cause: cause() };
  }
}

const nodeStateCodec = enumCodec<NodeState, pb.NodeState>()({
  connected: pb.NodeState.NODE_STATE_CONNECTED,
  'no-messages': pb.NodeState.NODE_STATE_NO_MESSAGES,
  silent: pb.NodeState.NODE_STATE_SILENT,
  lost: pb.NodeState.NODE_STATE_LOST,
  draining: pb.NodeState.NODE_STATE_DRAINING,
});

export function encodeNodeView(node: NodeView): pb.NodeView {
  return {
    id: node.id,
    incarnation: node.incarnation,
    host: node.host,
    version: node.version,
    state: nodeStateCodec.encode(node.state),
    capacity: encodeCapacity(node.capacity),
    available: encodeGrant(node.available),
    labels: { ...node.labels },
    leases: node.leases,
    since: wholeMs(node.since),
  };
}

/** @throws WireFormatError */
export function decodeNodeView(wire: pb.NodeView, at: FieldPath = 'node'): NodeView {
  return {
    id: parsed(nodeId, wire.id, `${at}.id`),
    incarnation: wire.incarnation,
    host: wire.host,
    version: wire.version,
    state: nodeStateCodec.decode(wire.state, `${at}.state`),
    capacity: decodeCapacity(wire.capacity, `${at}.capacity`),
    available: decodeGrant(wire.available, `${at}.available`),
    labels: wire.labels,
    leases: wire.leases,
    since: wire.since,
  };
}

/** A line that an actor's process wrote. */
export type LogLine = pb.LogLine;

/** The bytes of a log line, as it goes over NATS. */
export function encodeLogLineBytes(line: LogLine): Uint8Array {
  return toBytes(pb.LogLine, { ...line, at: wholeMs(line.at) });
}

/** @throws WireFormatError */
export function decodeLogLineBytes(bytes: Uint8Array): LogLine {
  return fromBytes(pb.LogLine, bytes, 'logLine');
}
