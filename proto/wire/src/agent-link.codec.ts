import {
  leaseId,
  nodeId,
  streamId,
  TrainerError,
  type AgentCommand,
  type AgentLeaseState,
  type Fact,
  type FactBody,
  type FromAgent,
  type Hello,
  type ToAgent,
} from '@trainer/model';
import {
  decodeCapacity,
  decodeDeathCause,
  decodeErrorData,
  decodeProtocol,
  encodeCapacity,
  encodeDeathCause,
  encodeErrorData,
  encodeProtocol,
} from './common.codec.js';
import { factBound } from './bounds/agent.bounds.js';
import { checkBound } from './bounds/bound.js';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { parsed, present, unknownCase } from './fields.js';
import * as pb from './gen/trainer/v1/agent.js';
import { decodeRankReport, encodeRankReport } from './reports.codec.js';
import { decodeSavedState, encodeSavedState } from './saved-state.codec.js';

const leaseStateCodec = enumCodec<AgentLeaseState, pb.AgentLeaseState>()({
  reserved: pb.AgentLeaseState.AGENT_LEASE_STATE_RESERVED,
  starting: pb.AgentLeaseState.AGENT_LEASE_STATE_STARTING,
  ready: pb.AgentLeaseState.AGENT_LEASE_STATE_READY,
  stopping: pb.AgentLeaseState.AGENT_LEASE_STATE_STOPPING,
  ended: pb.AgentLeaseState.AGENT_LEASE_STATE_ENDED,
});

export function encodeFromAgent(message: FromAgent): pb.FromAgent {
  switch (message.kind) {
    case 'hello':
      return { message: { $case: 'hello', value: encodeHello(message.hello) } };
    case 'heartbeat': {
      const { number, natsConnected, isDraining } = message;
      return { message: { $case: 'heartbeat', value: { number, natsConnected, isDraining } } };
    }
    case 'facts':
      return { message: { $case: 'facts', value: { facts: message.facts.map(encodeFact) } } };
  }
}

/** @throws WireFormatError */
export function decodeFromAgent(wire: pb.FromAgent): FromAgent {
  const message = present(wire.message, 'fromAgent.message');
  switch (message.$case) {
    case 'hello':
      return { kind: 'hello', hello: decodeHello(message.value, 'hello') };
    case 'heartbeat': {
      const { number, natsConnected, isDraining } = message.value;
      return { kind: 'heartbeat', number, natsConnected, isDraining };
    }
    case 'facts':
      return { kind: 'facts', facts: message.value.facts.map((fact, i) => readFact(fact, `facts[${i}]`)) };
    default:
      return unknownCase(message, 'fromAgent.message');
  }
}

function encodeHello(hello: Hello): pb.Hello {
  return {
    protocol: encodeProtocol(hello.protocol),
    node: hello.node,
    incarnation: hello.incarnation,
    number: hello.number,
    host: hello.host,
    version: hello.version,
    capacity: encodeCapacity(hello.capacity),
    labels: { ...hello.labels },
    leases: hello.leases.map(({ lease, state }) => ({ lease, state: leaseStateCodec.encode(state) })),
    newestFact: hello.newestFact,
    newestHeadEpoch: hello.newestHeadEpoch,
    natsConnected: hello.natsConnected,
    isDraining: hello.isDraining,
    engines: hello.engines.map(({ engine, unavailable }) => ({ engine, unavailable: unavailable ?? undefined })),
  };
}

function decodeHello(wire: pb.Hello, at: FieldPath): Hello {
  return {
    protocol: decodeProtocol(wire.protocol, `${at}.protocol`),
    node: parsed(nodeId, wire.node, `${at}.node`),
    incarnation: wire.incarnation,
    number: wire.number,
    host: wire.host,
    version: wire.version,
    capacity: decodeCapacity(wire.capacity, `${at}.capacity`),
    labels: wire.labels,
    leases: wire.leases.map(({ lease, state }, i) => ({
      lease: parsed(leaseId, lease, `${at}.leases[${i}].lease`),
      state: leaseStateCodec.decode(state, `${at}.leases[${i}].state`),
    })),
    newestFact: wire.newestFact,
    newestHeadEpoch: wire.newestHeadEpoch,
    natsConnected: wire.natsConnected,
    isDraining: wire.isDraining,
    engines: wire.engines.map(({ engine, unavailable }) => ({ engine, unavailable: unavailable ?? null })),
  };
}

export function encodeFact(fact: Fact): pb.Fact {
  return { number: fact.number, lease: fact.lease, body: factBody(fact.body) };
}

function factBody(body: FactBody): NonNullable<pb.Fact['body']> {
  switch (body.kind) {
    case 'started':
      return { $case: 'startedPid', value: body.pid };
    case 'ready':
      return { $case: 'readyAddress', value: body.address };
    case 'rank':
      return { $case: 'rank', value: encodeRankReport(body.report) };
    case 'state':
      return { $case: 'state', value: encodeSavedState(body.state) };
    case 'ended':
      return { $case: 'ended', value: encodeDeathCause(body.cause) };
    case 'unreadable':
      throw new RangeError(`A fact that could not be read is not sent on: ${body.why}`);
  }
}

/**
 * A fact whose body is wrong is refused by itself: it is that of one lease, and those of others come in the same message. The end of a
 * lease is never refused.
 */
function readFact(wire: pb.Fact, at: FieldPath): Fact {
  try {
    checkBound(factBound, wire, at);
    return decodeFact(wire, at);
  } catch (error) {
    if (!(error instanceof TrainerError)) throw error;
    const { message } = error as TrainerError;
    const body: FactBody =
      wire.body?.$case === 'ended'
        ? { kind: 'ended', cause: { kind: 'broke-protocol', why: message } }
        : { kind: 'unreadable', why: message };
    return { number: wire.number, lease: parsed(leaseId, wire.lease, `${at}.lease`), body };
  }
}

/** @throws WireFormatError */
export function decodeFact(wire: pb.Fact, at: FieldPath): Fact {
  return { number: wire.number, lease: parsed(leaseId, wire.lease, `${at}.lease`), body: decodeFactBody(wire.body, at) };
}

function decodeFactBody(wire: pb.Fact['body'], at: FieldPath): FactBody {
  const body = present(wire, `${at}.body`);
  switch (body.$case) {
    case 'startedPid':
      return { kind: 'started', pid: body.value };
    case 'readyAddress':
      return { kind: 'ready', address: body.value };
    case 'rank':
      return { kind: 'rank', report: decodeRankReport(body.value, `${at}.rank`) };
    case 'state':
      return { kind: 'state', state: decodeSavedState(body.value, `${at}.state`) };
    case 'ended':
      return { kind: 'ended', cause: decodeDeathCause(body.value, `${at}.ended`) };
    default:
      return unknownCase(body, `${at}.body`);
  }
}

export function encodeToAgent(message: ToAgent): pb.ToAgent {
  switch (message.kind) {
    case 'hello-read':
      return { message: { $case: 'helloRead', value: { headEpoch: message.headEpoch, storedFact: message.storedFact } } };
    case 'welcome': {
      const verdicts = message.verdicts.map(({ lease, verdict }) => ({ lease, keep: verdict === 'keep' }));
      const { stream, headEpoch, lowWater } = message;
      return { message: { $case: 'welcome', value: { stream, headEpoch, lowWater, verdicts } } };
    }
    case 'refused':
      return { message: { $case: 'refused', value: encodeErrorData(message.error) } };
    case 'suspended':
      return { message: { $case: 'suspended', value: { headEpoch: message.headEpoch } } };
    case 'echo':
      return { message: { $case: 'echo', value: { number: message.number, headEpoch: message.headEpoch } } };
    case 'ack': {
      const refused = message.refused.map(({ number, why }) => ({ number, why }));
      return { message: { $case: 'ack', value: { storedFact: message.storedFact, refused } } };
    }
    case 'command':
      return { message: { $case: 'command', value: { headEpoch: message.headEpoch, command: commandCase(message.command) } } };
  }
}

/** @throws WireFormatError */
export function decodeToAgent(wire: pb.ToAgent): ToAgent {
  const message = present(wire.message, 'toAgent.message');
  switch (message.$case) {
    case 'helloRead':
      return { kind: 'hello-read', headEpoch: message.value.headEpoch, storedFact: message.value.storedFact };
    case 'welcome':
      return decodeWelcome(message.value, 'welcome');
    case 'refused':
      return { kind: 'refused', error: decodeErrorData(message.value, 'refused') };
    case 'suspended':
      return { kind: 'suspended', headEpoch: message.value.headEpoch };
    case 'echo':
      return { kind: 'echo', number: message.value.number, headEpoch: message.value.headEpoch };
    case 'ack':
      return { kind: 'ack', storedFact: message.value.storedFact, refused: message.value.refused };
    case 'command':
      return { kind: 'command', headEpoch: message.value.headEpoch, command: decodeCommand(message.value, 'command') };
    default:
      return unknownCase(message, 'toAgent.message');
  }
}

function decodeWelcome(wire: pb.Welcome, at: FieldPath): ToAgent {
  return {
    kind: 'welcome',
    stream: parsed(streamId, wire.stream, `${at}.stream`),
    headEpoch: wire.headEpoch,
    lowWater: parsed(leaseId, wire.lowWater, `${at}.lowWater`),
    verdicts: wire.verdicts.map(({ lease, keep }, i) => ({
      lease: parsed(leaseId, lease, `${at}.verdicts[${i}].lease`),
      verdict: keep ? 'keep' : 'end',
    })),
  };
}

function commandCase(command: AgentCommand): NonNullable<pb.Command['command']> {
  switch (command.kind) {
    case 'begin': {
      const { attempt, rank, worldSize, peers, secret } = command.begin;
      return { $case: 'begin', value: { lease: command.lease, attempt, rank, worldSize, peers: [...peers], secret } };
    }
    case 'stop':
    case 'release':
      return { $case: command.kind, value: { lease: command.lease, cause: encodeDeathCause(command.cause) } };
  }
}

function decodeCommand(wire: pb.Command, at: FieldPath): AgentCommand {
  const command = present(wire.command, `${at}.command`);
  switch (command.$case) {
    case 'begin': {
      const { lease, attempt, rank, worldSize, peers, secret } = command.value;
      return { kind: 'begin', lease: parsed(leaseId, lease, `${at}.begin.lease`), begin: { attempt, rank, worldSize, peers, secret } };
    }
    case 'stop':
    case 'release': {
      const path = `${at}.${command.$case}`;
      const cause = decodeDeathCause(present(command.value.cause, `${path}.cause`), `${path}.cause`);
      return { kind: command.$case, lease: parsed(leaseId, command.value.lease, `${path}.lease`), cause };
    }
    default:
      return unknownCase(command, `${at}.command`);
  }
}
