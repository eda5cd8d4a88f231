import type { Hello, Millis, NodeState, StreamId } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { NodeEntry, NodeEvent, NodeStep } from './node-table.js';

/**
 * N1. Incarnations rise, and in each the numbers of its hellos. An older one is refused: it lay in a stream that the agent has left.
 * N2. A newer incarnation is refused while the present one still beats (two agents on one folder's identity).
 * N3. Only the stream that the node's newest hello came on speaks for it.
 * N4. A node that was silent or lost comes back by a hello only: what of it was lost meanwhile is judged lease by lease (reconcile).
 */

/** @returns the entry that a first hello makes. */
export function newNode(hello: Hello, stream: StreamId | null, now: Millis): NodeEntry {
  const { node: id, incarnation, number: helloNumber } = hello;
  return { ...described(hello), id, incarnation, helloNumber, state: saidState(hello), stream, since: now };
}

/** May this agent speak for the node? Asked when its hello arrives, before anything of it is stored. */
export function admitHello(node: NodeEntry | null, hello: Hello): IllegalTransition | null {
  if (!node) return null;
  if (hello.incarnation < node.incarnation) {
    return illegal(
      node,
      'hello',
      `incarnation ${hello.incarnation} is older than ${node.incarnation}, which this head has seen; end that agent`,
    );
  }
  if (hello.incarnation === node.incarnation && hello.number < node.helloNumber) {
    return illegal(node, 'hello', `hello ${hello.number} came after hello ${node.helloNumber}; connect again`);
  }
  if (hello.incarnation > node.incarnation && isBeating(node)) {
    return illegal(
      node,
      'hello',
      `incarnation ${node.incarnation} still beats; stop that agent first, or give this one a folder of its own`,
    );
  }
  return null;
}

/** Applies one event; pure. */
export function stepNode(node: NodeEntry, event: NodeEvent, now: Millis): NodeStep {
  switch (event.kind) {
    case 'hello': {
      const refusal = admitHello(node, event.hello);
      if (refusal) return refusal;
      return moved({ ...newNode(event.hello, event.stream, now) });
    }
    case 'heartbeat': {
      if (event.stream !== node.stream) return illegal(node, event.kind, 'the stream is not the one of its newest hello; say hello again');
      if (node.state === 'silent' || node.state === 'lost') return illegal(node, event.kind, `it was ${node.state}; say hello again`);
      return toState(node, saidState(event), now);
    }
    case 'stream-closed': {
      if (event.stream !== node.stream) return same(node);
      const state = node.state === 'lost' ? 'lost' : 'silent';
      return moved({ ...node, stream: null, state, since: state === node.state ? node.since : now });
    }
    case 'silent':
      return node.state === 'lost' ? same(node) : toState(node, 'silent', now);
    case 'lost':
      return node.state === 'lost' ? same(node) : moved({ ...node, state: 'lost', since: now });
  }
}

/** May new work be placed on it? */
export function takesWork(node: Pick<NodeEntry, 'state'>): boolean {
  return node.state === 'connected';
}

function isBeating(node: NodeEntry): boolean {
  return node.stream !== null && node.state !== 'silent' && node.state !== 'lost';
}

/** @returns the state of a node whose agent said this in its hello or heartbeat */
export function saidState({ natsConnected, isDraining }: Pick<Hello, 'natsConnected' | 'isDraining'>): NodeState {
  if (isDraining) return 'draining';
  return natsConnected ? 'connected' : 'no-messages';
}

function described(hello: Hello): Pick<NodeEntry, 'host' | 'version' | 'capacity' | 'labels' | 'engines'> {
  return { host: hello.host, version: hello.version, capacity: hello.capacity, labels: hello.labels, engines: hello.engines };
}

function toState(node: NodeEntry, state: NodeState, now: Millis): NodeStep {
  return state === node.state ? same(node) : moved({ ...node, state, since: now });
}

function moved(node: NodeEntry): NodeStep {
  return { kind: 'stepped', node, isChanged: true };
}

function same(node: NodeEntry): NodeStep {
  return { kind: 'stepped', node, isChanged: false };
}

function illegal(node: NodeEntry, event: string, why: string): IllegalTransition {
  return { kind: 'illegal', machine: 'node', of: node.id, from: node.state, event, why: `Node ${node.id}: ${why}.` };
}
