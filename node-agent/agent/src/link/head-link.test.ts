import { beforeEach, expect, test } from '@jest/globals';
import { leaseId, nodeId, PROTOCOL, streamId, type Clock, type Fact, type FromAgent, type ToAgent } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import { HeadLink, type LinkOwner } from './head-link.js';
import type { HeadStreamEvents } from './head-stream.js';

const TIMING = { heartbeatMs: 1_000, headSilentMs: 3_000, headlessMs: 60_000, reconnectMs: 100, scoresApartMs: 50 };
const WELCOME: ToAgent = {
  kind: 'welcome',
  stream: streamId('stream-0000000000000001'),
  headEpoch: 1,
  lowWater: leaseId('1-1'),
  verdicts: [],
};
const STOP = { kind: 'stop', lease: leaseId('1-1'), cause: { kind: 'released' } } as const;

interface OpenStream {
  readonly events: HeadStreamEvents;
  readonly sent: FromAgent[];
  isOpen: boolean;
  isFull: boolean;
}

let clock: ManualClock;
/** How much later it is than timers think. */
let stallMs: number;
let streams: OpenStream[];
let told: string[];
let facts: Fact[];
let headless: number[];
let link: HeadLink;
let newestHeadEpoch: number;
let natsConnected: boolean;
let isDraining: boolean;
let isHelloRight: boolean;

const owner: LinkOwner = {
  hello: () => ({
    protocol: PROTOCOL,
    node: nodeId('node-0123456789ab'),
    incarnation: 1,
    number: 1,
    host: 'h',
    version: '0',
    capacity: { cpuMilli: 1, memoryBytes: 1, gpus: [] },
    labels: {},
    leases: [],
    newestFact: facts.length,
    newestHeadEpoch,
    natsConnected,
    isDraining,
    engines: [],
  }),
  condition: () => ({ natsConnected, isDraining }),
  onHelloRead: (storedFact) => {
    told.push(`hello read, ${storedFact} stored`);
    return isHelloRight;
  },
  takeFacts: () => facts.splice(0),
  onAcknowledged: (storedFact) => void told.push(`ack ${storedFact}`),
  hears: (headEpoch) => {
    if (headEpoch < newestHeadEpoch) return false;
    newestHeadEpoch = headEpoch;
    return true;
  },
  onWelcome: () => void told.push('welcome'),
  onCommand: ({ kind }) => void told.push(kind),
  onDisconnected: () => void told.push('disconnected'),
  onBeat: (headlessInMs) => void headless.push(headlessInMs),
  onRefused: ({ code }) => void told.push(`refused ${code}`),
};

beforeEach(() => {
  clock = manualClock();
  stallMs = 0;
  [streams, told, facts, headless] = [[], [], [], []];
  newestHeadEpoch = 0;
  natsConnected = true;
  isDraining = false;
  isHelloRight = true;
  link = open();
  clock.advance(0);
});

function open(hasOtherHeads = false): HeadLink {
  const stalling: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs() + stallMs,
    after: (ms, call) => clock.after(ms, call),
  };
  return new HeadLink(
    owner,
    (events) => {
      const stream: OpenStream = { events, sent: [], isOpen: true, isFull: false };
      streams.push(stream);
      const close = (): void => {
        if (!stream.isOpen) return;
        stream.isOpen = false;
        events.onEnd('closed');
      };
      return { send: (message) => stream.sent.push(message) > 0 && !stream.isFull, close };
    },
    TIMING,
    { clock: stalling, logger: silentLogger, hasOtherHeads },
  );
}

const current = (): OpenStream => streams.at(-1) as OpenStream;
const say = (message: ToAgent): void => current().events.onMessage(message);
const fact = (number: number): Fact => ({ number, lease: leaseId('1-1'), body: { kind: 'started', pid: number } });
const numbers = (): number[][] =>
  current().sent.flatMap((message) => (message.kind === 'facts' ? [message.facts.map(({ number }) => number)] : []));
const kinds = (): string[] => current().sent.map(({ kind }) => kind);

test('facts wait until the hello is read', () => {
  facts = [fact(1)];
  link.pump();
  expect(kinds()).toEqual(['hello']);
  say({ kind: 'hello-read', headEpoch: 1, storedFact: 0 });
  expect(kinds()).toEqual(['hello', 'facts']);
});

test('facts that can wait go at once after a quiet moment, and then together', () => {
  say({ kind: 'hello-read', headEpoch: 1, storedFact: 0 });
  for (const number of [1, 2, 3]) {
    facts.push(fact(number));
    link.pump('soon');
    clock.advance(10);
  }
  expect(numbers()).toEqual([[1]]);
  clock.advance(20);
  expect(numbers()).toEqual([[1], [2, 3]]);
});

test('an urgent fact takes along those that wait before it', () => {
  say({ kind: 'hello-read', headEpoch: 1, storedFact: 0 });
  for (const number of [1, 2]) {
    facts.push(fact(number));
    link.pump('soon');
  }
  facts.push(fact(3));
  link.pump();
  expect(numbers()).toEqual([[1], [2, 3]]);
});

test('heartbeats go every second, also before the welcome', () => {
  clock.advance(2_000);
  expect(kinds()).toEqual(['hello', 'heartbeat', 'heartbeat']);
});

test('NATS that comes and goes is told at once, and what changed before the welcome with it', () => {
  natsConnected = false;
  link.conditionChanged();
  expect(kinds()).toEqual(['hello']);
  say(WELCOME);
  natsConnected = true;
  link.conditionChanged();
  link.conditionChanged();
  expect(current().sent.flatMap((message) => (message.kind === 'heartbeat' ? [message.natsConnected] : []))).toEqual([false, true]);
});

test('a stream whose buffers are full gets no facts until it drains, but its heartbeats', () => {
  say({ kind: 'hello-read', headEpoch: 1, storedFact: 0 });
  current().isFull = true;
  facts = [fact(1)];
  link.pump();
  facts = [fact(2)];
  link.pump();
  clock.advance(1_000);
  expect(kinds()).toEqual(['hello', 'facts', 'heartbeat']);
  current().isFull = false;
  current().events.onDrain();
  expect(kinds()).toEqual(['hello', 'facts', 'heartbeat', 'facts']);
});

test('a stream that ends is opened again after 100 ms, with another hello', () => {
  current().events.onEnd('the head restarts');
  clock.advance(99);
  expect(streams).toHaveLength(1);
  clock.advance(1);
  expect(streams).toHaveLength(2);
  expect(kinds()).toEqual(['hello']);
  expect(told).toEqual(['disconnected']);
});

test('a head that is silent for three seconds is left and tried anew', () => {
  say(WELCOME);
  clock.advance(3_000);
  expect(streams).toHaveLength(1);
  clock.advance(1_100);
  expect(streams).toHaveLength(2);
});

test('the headless limit counts from when the newest echoed heartbeat was sent', () => {
  clock.advance(1_000);
  say({ kind: 'echo', number: 1, headEpoch: 1 });
  clock.advance(2_000);
  expect(headless).toEqual([59_000, 59_000, 58_000]);
});

test('echoes of heartbeats of an earlier stream say nothing', () => {
  clock.advance(1_000);
  current().events.onEnd('cut');
  clock.advance(100);
  say({ kind: 'echo', number: 1, headEpoch: 1 });
  clock.advance(900);
  expect(headless).toEqual([59_000, 58_000]);
});

test('a head of an older headship is not obeyed', () => {
  say({ ...WELCOME, headEpoch: 5 });
  say({ kind: 'command', headEpoch: 4, command: STOP });
  expect(told).toEqual(['welcome', 'disconnected']);
});

test('what an ended stream still brings is not heard', () => {
  const first = current();
  first.events.onEnd('cut');
  clock.advance(100);
  first.events.onMessage(WELCOME);
  expect(told).toEqual(['disconnected']);
});

test('a refusal for the version is final, any other is tried again', () => {
  say({ kind: 'refused', error: { code: 'internal', message: 'later', facts: {}, retry: 'same' } });
  clock.advance(100);
  expect(streams).toHaveLength(2);
  say({ kind: 'refused', error: { code: 'protocol.version', message: 'install 2', facts: {}, retry: 'never' } });
  clock.advance(10_000);
  expect(streams).toHaveLength(2);
  expect(told.at(-1)).toBe('refused protocol.version');
  expect(clock.pending).toBe(0);
});

test('an agent that drains says so at once', () => {
  say(WELCOME);
  isDraining = true;
  link.conditionChanged();
  expect(current().sent.at(-1)).toMatchObject({ kind: 'heartbeat', isDraining: true });
});

test('a suspended head is stayed with: facts wait, nothing is obeyed, and heartbeats go on and count', () => {
  say(WELCOME);
  say({ kind: 'suspended', headEpoch: 1 });
  facts = [fact(1)];
  link.pump();
  say({ kind: 'command', headEpoch: 1, command: STOP });
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1_000);
    say({ kind: 'echo', number: current().sent.filter(({ kind }) => kind === 'heartbeat').length, headEpoch: 1 });
  }
  expect(streams).toHaveLength(1);
  expect(kinds()).not.toContain('facts');
  expect(told).toEqual(['welcome', 'disconnected']);
  clock.advance(1_000);
  expect(headless.at(-1)).toBe(59_000);
});

test('where another head may lead, a suspended one is left, and counts for nothing', () => {
  link.stop();
  told = [];
  link = open(true);
  clock.advance(1_000);
  say({ kind: 'suspended', headEpoch: 1 });
  expect(current().isOpen).toBe(false);
  expect(told).toEqual(['disconnected']);
  clock.advance(100);
  expect(streams).toHaveLength(3);
  expect(kinds()).toEqual(['hello']);
});

test('a hello to a suspended head is answered so, and said again once its stream ends', () => {
  say({ kind: 'suspended', headEpoch: 1 });
  clock.advance(2_000);
  expect(streams).toHaveLength(1);
  current().events.onEnd('the head goes on');
  clock.advance(100);
  expect(streams).toHaveLength(2);
  expect(kinds()).toEqual(['hello']);
});

test('after a stall of its own the agent says hello again where the head has lost patience, and else goes on', () => {
  say(WELCOME);
  stallMs = 1_500;
  clock.advance(1_000);
  expect(current().isOpen).toBe(true);
  stallMs = 6_000;
  clock.advance(1_000);
  expect(current().isOpen).toBe(false);
  clock.advance(100);
  expect(kinds()).toEqual(['hello']);
});

test('a head that has lost facts gets another hello, on another stream', () => {
  isHelloRight = false;
  say({ kind: 'hello-read', headEpoch: 1, storedFact: 0 });
  expect(kinds()).toEqual(['hello']);
  clock.advance(100);
  expect(streams).toHaveLength(2);
});

test('a head that comes back late is heard of in time, as the welcome is followed by a heartbeat', () => {
  clock.advance(500);
  say(WELCOME);
  say({ kind: 'echo', number: 1, headEpoch: 1 });
  clock.advance(1_000);
  expect(headless.at(-1)).toBe(59_000);
});

test('the first echo after a long silence is told at once: the time that is left would not reach to the next heartbeat', () => {
  clock.advance(59_500);
  current().events.onEnd('cut');
  clock.advance(100);
  say(WELCOME);
  expect(headless.at(-1)).toBe(400);
  const beats = current().sent.flatMap((message) => (message.kind === 'heartbeat' ? [message.number] : []));
  say({ kind: 'echo', number: beats.at(-1) ?? 0, headEpoch: 1 });
  expect(headless.at(-1)).toBe(60_000);
});

test('a command before the welcome is not obeyed', () => {
  say({ kind: 'command', headEpoch: 1, command: STOP });
  expect(told).toEqual([]);
});

test('after a stop nothing is tried and no timer is left', () => {
  link.stop();
  clock.advance(10_000);
  expect(streams).toHaveLength(1);
  expect(clock.pending).toBe(0);
});
