import type { ActorId, JobId } from '@trainer/model';
import { SimDatabase } from './database.js';
import type { Ground, HeadPart, Stage } from './ground.js';
import { Marks } from './marks.js';
import { SimNats } from './nats.js';
import { Link } from './network.js';
import { SimObjects } from './objects.js';
import { SimAgent } from './rpc/sim-agent.js';
import { SimClient } from './rpc/sim-client.js';
import { SimHead } from './rpc/sim-head.js';
import { Witness } from './witness.js';
import type { World } from './world.js';

export interface ClusterSize {
  readonly agents: number;
  readonly clients: number;
  readonly cpus: number;
  readonly heads: number;
}

/** How long the supervisor of a head waits before it starts another one. */
const RESTART_MS = { from: 50, to: 2_000 };

/** The whole cluster: real heads and agents over a simulated network, database, NATS and processes. */
export class Cluster implements Ground, Stage {
  readonly modelsBucket = 'trained-models';
  readonly config = {
    secret: 'secret',
    version: '0',
    buckets: { data: 'data-preparer', models: this.modelsBucket, bundles: 'bundles', logs: 'logs' },
    maxParallelJobs: 3,
    checkpointInterval: 5,
    queueLimit: 1_000,
    defaultEpochs: 10,
    earlyStoppingPatience: 5,
  };
  readonly witness: Witness;
  readonly database: SimDatabase;
  readonly nats: SimNats;
  readonly objects = new SimObjects();
  readonly agents: readonly SimAgent[];
  readonly clients: readonly SimClient[];
  readonly heads: SimHead[] = [];
  readonly actorIds: ActorId[] = [];
  readonly jobIds: JobId[] = [];
  /** Machines on which a head is kept running; with two of them one waits to follow the other. */
  readonly slots: readonly string[];
  /** Of all agents together; a gang that needs more would wait for ever. */
  readonly cpus: number;
  readonly #listening = new Map<string, HeadPart>();
  readonly #links = new Map<string, Link>();
  #pids = 1_000;
  #headCount = 0;

  constructor(
    readonly world: World,
    size: ClusterSize,
  ) {
    this.witness = new Witness(this);
    this.database = new SimDatabase(world, this.witness);
    const marks = new Marks(world);
    this.nats = new SimNats(world, (sender, subject, bytes) => marks.sent(sender, subject, bytes));
    this.objects.put('data-preparer', 'iris.csv', 100);
    this.cpus = size.cpus * size.agents;
    const capacity = { cpuMilli: size.cpus * 1_000, memoryBytes: 2 ** 40, gpus: [] };
    this.slots = Array.from({ length: size.heads }, (_, n) => `head${n + 1}`);
    for (const slot of this.slots) this.#startHead(slot);
    this.agents = Array.from({ length: size.agents }, (_, n) => new SimAgent(this, n + 1, capacity));
    for (const agent of this.agents) agent.start();
    this.clients = Array.from({ length: size.clients }, (_, n) => new SimClient(this, n + 1));
    world.onChanged = () => this.witness.look();
  }

  nextPid(): number {
    this.#pids += 1;
    return this.#pids;
  }

  linkBetween(a: string, b: string): Link {
    const name = `${a}-${b}`;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = new Link(this.world, name);
    this.#links.set(name, link);
    return link;
  }

  links(): Link[] {
    return [...this.#links.values()];
  }

  #startHead(slot: string): void {
    this.#headCount += 1;
    const head = new SimHead(this, slot, this.#headCount);
    this.heads.push(head);
    head.process.onKilled(() => {
      this.heads.splice(this.heads.indexOf(head), 1);
      if (this.#listening.get(slot) === head) this.#listening.delete(slot);
      this.world.after(this.world.random.int(RESTART_MS.from, RESTART_MS.to), () => this.#startHead(slot));
    });
  }

  /** From now on this head is found at its address. */
  listens(head: HeadPart): void {
    this.#listening.set(head.slot, head);
  }

  listeningAt(slot: string): HeadPart | null {
    return this.#listening.get(slot) ?? null;
  }

  leader(): SimHead | null {
    return this.heads.find(({ id }) => id === this.database.leadership.head) ?? null;
  }

  /** Has PostgreSQL a connection of that head? */
  isConnected(head: string): boolean {
    return this.heads.some(({ id, process, toDatabase }) => id === head && process.isAlive && !toDatabase.isCut);
  }

  /** @param address of a process, as its `ready` names it */
  isProcessAlive(address: string): boolean {
    const [machine, pid] = address.split(':');
    return this.agents.some((agent) => agent.machine.name === machine && agent.children.get(Number(pid))?.process.isAlive === true);
  }

  created(actor: ActorId): void {
    this.actorIds.push(actor);
  }

  submitted(job: JobId): void {
    if (!this.jobIds.includes(job)) this.jobIds.push(job);
  }

  /** Every fault is over. */
  healAll(): void {
    this.database.answersToLose = 0;
    this.database.setUp(true);
    this.nats.isRough = false;
    for (const link of this.links()) link.heal();
    this.nats.setUp(true);
    for (const connection of this.nats.connections) connection.look();
    for (const head of [...this.heads]) head.process.thaw();
    for (const client of this.clients) client.process.thaw();
    for (const agent of this.agents) {
      agent.life?.process.thaw();
      agent.start();
      for (const child of agent.children.values()) child.process.thaw();
    }
  }
}
