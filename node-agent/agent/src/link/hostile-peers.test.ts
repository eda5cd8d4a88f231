import { expect, test } from '@jest/globals';
import { available, leaseId, nodeId, streamId, type Capacity, type FromAgent, type ToAgent } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock, MemoryBroker, type ManualClock } from '@trainer/runtime/testing';
import { AgentServiceService, decodePlaceReply, decodeToAgent, encodePlaceRequest, encodeToAgent, placeSubject } from '@trainer/wire';
import { anyPlaceRequest, anyToAgent } from '@trainer/wire/testing';
import fc from 'fast-check';
import { Outbox } from '../facts/outbox.js';
import { emptyLedger, heldGrants } from '../ledger/ledger.js';
import { LeaseKeeper } from '../leases/lease-keeper.js';
import { servePlacement } from '../placement/serve-placement.js';
import type { SupervisedActor } from '../processes/supervised-actor.js';
import type { SupervisionEvents } from '../processes/supervision.js';
import { HeadLink } from './head-link.js';
import type { HeadStreamEvents } from './head-stream.js';
import { linkOwner } from './link-owner.js';

/** Sequences in the property; for a long run by hand make it 20,000. */
const RUNS = 200;
const NODE = nodeId('node-0123456789ab');
const STREAM = streamId('stream-0000000000000001');
const CAPACITY: Capacity = { cpuMilli: 1e15, memoryBytes: 1e15, gpus: [{ index: 0, uuid: 'g', model: 'm', memoryBytes: 1 }] };
const TIMING = { heartbeatMs: 1_000, headSilentMs: 3_000, headlessMs: 60_000, reconnectMs: 100, scoresApartMs: 50 };

/** An agent whose processes are only said, a head and a NATS that may say anything. */
class Ground {
  readonly clock: ManualClock = manualClock();
  readonly outbox: Outbox;
  readonly keeper: LeaseKeeper;
  readonly link: HeadLink;
  readonly #messages = new MemoryBroker(this.clock).connect();
  stream: HeadStreamEvents | null = null;
  readonly sent: FromAgent[] = [];

  constructor() {
    this.outbox = new Outbox({ append: () => 0, read: () => Buffer.alloc(0), clear: () => undefined, close: () => undefined });
    this.keeper = new LeaseKeeper(emptyLedger(CAPACITY, 0), {
      clock: this.clock,
      reservationMs: 10_000,
      silentMs: 3_000,
      outbox: this.outbox,
      launch: (_, events) => this.#process(events),
      onLine: () => undefined,
      onGone: () => undefined,
      onFacts: (urgency) => this.link.pump(urgency),
      onHeadEpoch: () => undefined,
    });
    const self = { node: NODE, incarnation: 1, host: 'h', version: '0', labels: {}, engines: [], capacity: CAPACITY };
    const { keeper, outbox } = this;
    const owner = linkOwner({
      self,
      keeper,
      outbox,
      logger: silentLogger,
      natsConnected: () => true,
      onWelcome: () => undefined,
      onRefused: () => undefined,
    });
    const ports = { clock: this.clock, logger: silentLogger, hasOtherHeads: false };
    this.link = new HeadLink(owner, (events) => this.#open(events), TIMING, ports);
    servePlacement(this.#messages, { node: NODE, incarnation: 1 }, (request) => this.keeper.place(request));
    this.clock.advance(0);
  }

  #open(events: HeadStreamEvents) {
    this.stream = events;
    const close = (): void => {
      if (this.stream !== events) return;
      this.stream = null;
      events.onEnd('closed');
    };
    return { send: (message: FromAgent) => (this.sent.push(message), true), close };
  }

  #process(events: SupervisionEvents): SupervisedActor {
    const end = (): void => void this.clock.after(1, () => events.onEnded({ kind: 'released' }));
    events.onStarted(1);
    const actor = { begin: () => undefined, reported: () => undefined, owned: () => undefined, stop: end, kill: end };
    return actor as unknown as SupervisedActor;
  }

  /** As the stream over gRPC does: what can't be read ends it. */
  hear(bytes: () => ToAgent): void {
    let message: ToAgent;
    try {
      message = bytes();
    } catch {
      this.stream?.onEnd("what can't be read");
      return;
    }
    this.stream?.onMessage(message);
  }

  /** @returns what was answered; null: nothing */
  async place(bytes: Uint8Array): Promise<string | null> {
    const reply = this.#messages.request(placeSubject(NODE, 1), bytes, 10);
    const answered = reply.then((answer) => decodePlaceReply(answer).kind).catch(() => null);
    await Promise.resolve();
    this.clock.advance(10);
    return answered;
  }
}

const { responseSerialize: toWire, responseDeserialize: fromWire } = AgentServiceService.connect;
const anyDown = fc.oneof(
  anyToAgent.map((message) => () => message),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => () => decodeToAgent(fromWire(Buffer.from(bytes)))),
  fc.tuple(anyToAgent, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })).map(([message, changes]) => () => {
    const bytes = toWire(encodeToAgent(message));
    for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
    return decodeToAgent(fromWire(bytes));
  }),
);
const anyRequest = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  anyPlaceRequest.map((request) => encodePlaceRequest({ ...request, stream: STREAM })),
  fc.tuple(anyPlaceRequest, fc.nat(), fc.nat(255)).map(([request, at, byte]) => {
    const bytes = encodePlaceRequest({ ...request, stream: STREAM });
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
);
const anyStep = fc.oneof(
  anyDown.map((down) => ({ do: 'hear' as const, down })),
  anyRequest.map((bytes) => ({ do: 'place' as const, bytes })),
  fc.integer({ min: 0, max: 5_000 }).map((ms) => ({ do: 'wait' as const, ms })),
);

test('whatever head and NATS say, in whatever order, the agent goes on, holds no more than it has, and seeks its head again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
      const ground = new Ground();
      ground.hear(() => ({ kind: 'hello-read', headEpoch: 1, storedFact: 0 }));
      ground.hear(() => ({ kind: 'welcome', stream: STREAM, headEpoch: 1, lowWater: leaseId('1-1'), verdicts: [] }));
      for (const step of steps) {
        if (step.do === 'hear') ground.hear(step.down);
        else if (step.do === 'place') expect(await ground.place(step.bytes)).not.toBeNull();
        else ground.clock.advance(step.ms);
        const left = available(CAPACITY, heldGrants(ground.keeper.ledger));
        expect(Math.min(left.cpuMilli, left.memoryBytes, ...left.gpus.map(({ milli }) => milli))).toBeGreaterThanOrEqual(0);
      }
      ground.stream?.onEnd('over');
      ground.sent.length = 0;
      ground.clock.advance(1_000);
      expect(ground.sent[0]?.kind).toBe('hello');
      ground.link.stop();
    }),
    { numRuns: RUNS },
  );
}, 600_000);
