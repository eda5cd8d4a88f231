import { fromErrorData, nodeId } from '@trainer/model';
import type { Capacity, LeaseId, NodeId, ProcessStart, StreamId, ToAgent } from '@trainer/model';
import {
  ActorWatch,
  emptyLedger,
  HeadAddresses,
  HeadLink,
  LeaseKeeper,
  linkOwner,
  Outbox,
  servePlacement,
  SupervisedActor,
  timing,
} from '@trainer/agent/internal';
import type { FactDisk, HeadStream, HeadStreamEvents, Launch, OnDone, SupervisionEvents } from '@trainer/agent/internal';
import { silentLogger } from '@trainer/runtime';
import { decodeToAgent, encodeFromAgent } from '@trainer/wire';
import type { pb } from '@trainer/wire';
import { SimChild } from '../child.js';
import type { AgentPart, Ground } from '../ground.js';
import { NatsConnection } from '../nats.js';
import type { Link } from '../network.js';
import { Machine, SimProcess } from '../world.js';
import { openStream, type ClientStream } from './connection.js';

const TIMING = timing(1, 60_000);

/** One life of an agent's process: its real parts over simulated ports. */
interface Life {
  readonly process: SimProcess;
  readonly keeper: LeaseKeeper;
  readonly outbox: Outbox;
  readonly link: HeadLink;
  /** The stream that its newest welcome named. */
  stream: StreamId | null;
  connection: ClientStream<pb.FromAgent> | null;
}

/** A machine with an agent that is started, killed and started again; its folder outlives the agent. */
export class SimAgent implements AgentPart {
  readonly node: NodeId;
  readonly machine: Machine;
  readonly toNats: Link;
  incarnation = 0;
  /** As the folder keeps it. */
  newestHeadEpoch = 0;
  /** The newest head epoch in any message that reached it, as this simulation saw it. */
  heardEpoch = 0;
  /** That of the newest message. */
  spokenEpoch = 0;
  life: Life | null = null;
  readonly children = new Map<number, SimChild>();
  readonly #addresses: HeadAddresses;

  constructor(
    readonly cluster: Ground,
    n: number,
    readonly capacity: Capacity,
  ) {
    this.node = nodeId(`node-${String(n).padStart(12, '0')}`);
    this.machine = new Machine(`agent${n}`);
    this.toNats = cluster.linkBetween(this.machine.name, 'nats');
    this.#addresses = new HeadAddresses(cluster.slots);
  }

  /** The leases' processes on this machine, of every incarnation. */
  childrenOf(lease: LeaseId): SimChild[] {
    return [...this.children.values()].filter((child) => this.cluster.witness.leaseOf(child) === lease);
  }

  start(): void {
    const { cluster } = this;
    const { world, witness } = cluster;
    if (this.life?.process.isAlive === true) return;
    // The next agent on a folder waits for the end of what the one before left.
    if ([...this.children.values()].some((child) => child.isGroupAlive)) {
      world.after(20, () => this.start());
      return;
    }
    this.incarnation += 1;
    const process = new SimProcess(world, `${this.machine.name}.${this.incarnation}`, this.machine);
    world.note(process.name, 'starts');
    const { node, incarnation } = this;
    const { clock } = process;
    const outbox = new WitnessedOutbox((lease, number, body) => witness.made(node, incarnation, lease, number, body));
    const memory = { residentBytes: () => 0, kernelKills: () => 0 };
    const watch = new ActorWatch({ clock, everyMs: TIMING.memoryPollMs, memory }, () => keeper.actors);
    const keeper: LeaseKeeper = new LeaseKeeper(emptyLedger(this.capacity, this.newestHeadEpoch), {
      clock,
      reservationMs: TIMING.reservationMs,
      silentMs: TIMING.headSilentMs,
      outbox,
      launch: (launch, events) => {
        watch.wake();
        return this.#launch(process, launch, events);
      },
      onLine: () => undefined,
      onGone: () => undefined,
      onFacts: (urgency) => link.pump(urgency),
      onHeadEpoch: (headEpoch) => {
        this.newestHeadEpoch = headEpoch;
      },
    });
    const nats = new NatsConnection(this.cluster.nats, process, this.toNats);
    const owner = linkOwner({
      self: {
        node,
        incarnation,
        host: this.machine.name,
        version: '0',
        labels: {},
        engines: [{ engine: 'xgboost', unavailable: null }],
        capacity: this.capacity,
      },
      keeper,
      outbox,
      logger: silentLogger,
      natsConnected: () => nats.isConnected,
      onWelcome: () => undefined,
      onRefused: (error) => world.note(process.name, `is refused for good: ${error.message}`),
    });
    const link = new HeadLink(
      {
        ...owner,
        onCommand: (command) => {
          witness.obeyed(this, command.kind);
          owner.onCommand(command);
        },
        onAcknowledged: (storedFact, refused) => {
          witness.acknowledged(this, storedFact, refused);
          owner.onAcknowledged(storedFact, refused);
        },
      },
      (events) => this.#open(life, events),
      TIMING,
      { clock, logger: silentLogger, hasOtherHeads: cluster.slots.length > 1 },
    );
    const life: Life = { process, keeper, outbox, link, stream: null, connection: null };
    this.life = life;
    servePlacement(nats, { node, incarnation }, (request) => {
      const reply = keeper.place(request);
      witness.placed(this, life.stream, request, reply);
      world.isChanged = true;
      world.note(
        process.name,
        `${request.action.kind} ${request.lease}: ${reply.kind}${reply.kind === 'refused' ? ` ${reply.reason}` : ''}`,
      );
      return reply;
    });
    nats.onChange(() => link.conditionChanged());
  }

  #launch(process: SimProcess, launch: Launch, events: SupervisionEvents): SupervisedActor {
    const { cluster } = this;
    const { lease, spec } = launch;
    return new SupervisedActor(
      { lease, isRank: spec.holder.kind === 'rank', memoryBytes: 0 },
      {
        clock: process.clock,
        timing: TIMING,
        kernelKills: () => 0,
        sign: () => Promise.reject(new Error('nothing is signed here')),
        groups: {
          signal: (group, signal) => this.children.get(group)?.signal(signal) ?? false,
          isAlive: (group) => this.children.get(group)?.isGroupAlive ?? false,
          endStrays: (done) => done(),
        },
        spawn: () => {
          const child = new SimChild(cluster.nextPid(), process, cluster.objects, cluster.modelsBucket, {
            gone: (it) => {
              this.children.delete(it.pid);
              cluster.witness.gone(it);
            },
            isAlive: (address) => cluster.isProcessAlive(address),
            restored: (it, calls) => cluster.witness.restored(it, calls),
            answered: (it, calls) => cluster.witness.answered(it, calls),
          });
          this.children.set(child.pid, child);
          cluster.witness.spawned(this, child, launch);
          return child.asStarted;
        },
        prepare: () =>
          new Promise((resolve) => {
            const beatMs = spec.holder.kind === 'rank' ? TIMING.beatMs : null;
            const start = { lease, holder: spec.holder, beatMs, actor: spec.actor } as unknown as ProcessStart;
            process.world.after(process.world.random.int(1, 20), () => process.io(() => resolve(start)));
          }),
      },
      {
        ...events,
        onReady: (address) => {
          cluster.world.isChanged = true;
          events.onReady(address);
        },
      },
    );
  }

  #open(life: Life, events: HeadStreamEvents): HeadStream {
    const { cluster } = this;
    const { process } = life;
    const address = this.#addresses.current;
    const head = cluster.listeningAt(address);
    let isOver = false;
    const end = (why: string): void => {
      if (isOver) return;
      isOver = true;
      this.#addresses.moveOn(address);
      connection?.close();
      events.onEnd(why);
    };
    const connection =
      head === null
        ? null
        : openStream<pb.FromAgent, pb.ToAgent>({
            link: cluster.linkBetween(this.machine.name, head.machine.name),
            client: process,
            server: head.process,
            accept: (call) => head.accept('agents', call),
            onMessage: (wire) => {
              if (isOver) return;
              const message = decodeToAgent(wire);
              this.#heard(life, message);
              events.onMessage(message);
            },
            onEnd: end,
          });
    life.connection = connection;
    if (head === null) process.clock.after(1, () => end('nobody listens'));
    return {
      send: (message) => {
        if (!isOver) connection?.send(encodeFromAgent(message));
        return !isOver;
      },
      close: () => end('closed here'),
    };
  }

  #heard(life: Life, message: ToAgent): void {
    if ('headEpoch' in message) {
      if (message.headEpoch < this.heardEpoch) this.cluster.world.note(life.process.name, `hears the old head epoch ${message.headEpoch}`);
      this.cluster.witness.speaks(this, message.headEpoch);
    }
    if (message.kind === 'welcome') {
      if (message.headEpoch >= this.heardEpoch) life.stream = message.stream;
      this.cluster.world.note(
        life.process.name,
        `is welcome: ${message.stream}, low water ${message.lowWater}, ${message.verdicts.map(({ lease, verdict }) => `${verdict} ${lease}`).join(', ')}`,
      );
    } else if (message.kind === 'refused')
      this.cluster.world.note(life.process.name, `is refused: ${fromErrorData(message.error).message}`);
    else if (message.kind === 'command')
      this.cluster.world.note(
        life.process.name,
        `hears ${message.command.kind} ${'lease' in message.command ? message.command.lease : ''}`,
      );
  }

  kill(): void {
    this.life?.process.kill();
  }

  get isUp(): boolean {
    return this.life?.process.isAlive === true;
  }
}

/** The outbox of the agent, of which this simulation knows what was put in. */
class WitnessedOutbox extends Outbox {
  constructor(private readonly onMade: (lease: LeaseId, number: number, body: Parameters<Outbox['append']>[1]) => void) {
    super(memoryDisk());
  }

  override append(lease: LeaseId, body: Parameters<Outbox['append']>[1], onDone: OnDone | null = null): void {
    super.append(lease, body, onDone);
    this.onMade(lease, this.newest, body);
  }
}

function memoryDisk(): FactDisk {
  let bytes = Buffer.alloc(0);
  return {
    append: (more) => {
      const at = bytes.length;
      bytes = Buffer.concat([bytes, more]);
      return at;
    },
    read: (at, length) => bytes.subarray(at, at + length),
    clear: () => {
      bytes = Buffer.alloc(0);
    },
    close: () => undefined,
  };
}
