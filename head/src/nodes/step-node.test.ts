import { describe, expect, test } from '@jest/globals';
import { nodeId, PROTOCOL, streamId } from '@trainer/model';
import type { Hello, NodeState } from '@trainer/model';
import type { NodeEntry, NodeEvent } from './node-table.js';
import { admitHello, newNode, stepNode, takesWork } from './step-node.js';

const A = streamId('stream-000000000000000a');
const B = streamId('stream-000000000000000b');

function hello(incarnation = 1, natsConnected = true, number = 1): Hello {
  return {
    protocol: PROTOCOL,
    node: nodeId('node-000000000001'),
    incarnation,
    number,
    host: 'h',
    version: '0.1.0',
    capacity: { cpuMilli: 2000, memoryBytes: 1, gpus: [] },
    labels: {},
    leases: [],
    newestFact: 0,
    newestHeadEpoch: 1,
    natsConnected,
    isDraining: false,
    engines: [],
  };
}

function node(state: NodeState, stream: NodeEntry['stream'] = A, incarnation = 1): NodeEntry {
  return { ...newNode(hello(incarnation), A, 0), state, stream };
}

function stateAfter(entry: NodeEntry, event: NodeEvent): string {
  const step = stepNode(entry, event, 9);
  return step.kind === 'illegal' ? 'illegal' : step.isChanged ? step.node.state : 'same';
}

describe('stepNode', () => {
  test.each([
    ['a heartbeat changes nothing', node('connected'), { kind: 'heartbeat', stream: A, natsConnected: true, isDraining: false }, 'same'],
    [
      'an agent without NATS gets no new work',
      node('connected'),
      { kind: 'heartbeat', stream: A, natsConnected: false, isDraining: false },
      'no-messages',
    ],
    ['NATS is back', node('no-messages'), { kind: 'heartbeat', stream: A, natsConnected: true, isDraining: false }, 'connected'],
    [
      'an agent that is being stopped drains',
      node('connected'),
      { kind: 'heartbeat', stream: A, natsConnected: true, isDraining: true },
      'draining',
    ],
    ['a silent node has to say hello', node('silent'), { kind: 'heartbeat', stream: A, natsConnected: true, isDraining: false }, 'illegal'],
    [
      'an older stream does not speak for the node',
      node('connected'),
      { kind: 'heartbeat', stream: B, natsConnected: true, isDraining: false },
      'illegal',
    ],
    ['a lost node has to say hello', node('lost'), { kind: 'heartbeat', stream: A, natsConnected: true, isDraining: false }, 'illegal'],
    ['silence', node('connected'), { kind: 'silent' }, 'silent'],
    ['silence of a lost node', node('lost'), { kind: 'silent' }, 'same'],
    ['loss', node('silent'), { kind: 'lost' }, 'lost'],
    ['loss twice', node('lost'), { kind: 'lost' }, 'same'],
    ['its stream closes', node('connected'), { kind: 'stream-closed', stream: A }, 'silent'],
    ['an older stream closes', node('connected'), { kind: 'stream-closed', stream: B }, 'same'],
    ['the stream of a lost node closes', node('lost'), { kind: 'stream-closed', stream: A }, 'lost'],
    ['a new stream of the same incarnation takes over', node('connected'), { kind: 'hello', hello: hello(), stream: B }, 'connected'],
    ['a lost incarnation returns', node('lost', null), { kind: 'hello', hello: hello(), stream: B }, 'connected'],
    ['a newer incarnation comes after silence', node('silent', null), { kind: 'hello', hello: hello(2), stream: B }, 'connected'],
  ] as [string, NodeEntry, NodeEvent, string][])('%s', (_, entry, event, expected) => {
    expect(stateAfter(entry, event)).toBe(expected);
  });

  test('only a connected node takes work', () => {
    const states: NodeState[] = ['connected', 'no-messages', 'silent', 'lost'];
    expect(states.filter((state) => takesWork({ state }))).toEqual(['connected']);
  });
});

describe('admitHello', () => {
  test('a first hello is welcome', () => {
    expect(admitHello(null, hello())).toBeNull();
  });
  test('an older incarnation is refused', () => {
    expect(admitHello(node('lost', null, 3), hello(2))?.why).toContain('older than 3');
  });
  test('a second incarnation is refused while the first still beats', () => {
    expect(admitHello(node('connected'), hello(2))?.why).toContain('still beats');
  });
  test('the same incarnation may open a new stream at any time', () => {
    expect(admitHello(node('connected'), hello(1, true, 2))).toBeNull();
  });
  test('a hello of a stream that the agent has left is refused', () => {
    expect(admitHello({ ...node('silent', null), helloNumber: 3 }, hello(1, true, 2))?.why).toContain('hello 2 came after hello 3');
  });
  test('each incarnation numbers its hellos from 1', () => {
    expect(admitHello({ ...node('lost', null), helloNumber: 3 }, hello(2, true, 1))).toBeNull();
  });
});
