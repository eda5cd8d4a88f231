import { newHeadId, sleep } from '@trainer/runtime';
import type { Logger } from '@trainer/runtime';
import type { HeadId } from '@trainer/model';
import { ClusterLoop, ClusterState, composeHead, Renewal } from '@trainer/head/internal';
import type { HeadServices } from '@trainer/head/internal';
import { TIMERS, type Ground, type HeadPart } from '../ground.js';
import { NatsConnection } from '../nats.js';
import type { Link } from '../network.js';
import { Machine, SimProcess } from '../world.js';

/** How often a candidate looks whether the leader moves. */
const CANDIDATE_MS = 250;
/** A head that leads no more takes so long to close. */
const CLOSE_MS = 300;

/** One life of a head's process: its real parts over simulated ports, as `start.ts` joins them. */
export class SimHead implements HeadPart {
  readonly process: SimProcess;
  readonly machine: Machine;
  readonly id: HeadId;
  readonly toDatabase: Link;
  readonly toNats: Link;
  services: HeadServices | null = null;
  loop: ClusterLoop | null = null;

  constructor(
    readonly cluster: Ground,
    readonly slot: string,
    n: number,
  ) {
    this.machine = new Machine(slot);
    this.process = new SimProcess(cluster.world, `${slot}.${n}`, this.machine);
    this.id = newHeadId(cluster.world.random.bytes);
    this.toDatabase = cluster.linkBetween(this.machine.name, 'database');
    this.toNats = cluster.linkBetween(this.machine.name, 'nats');
    cluster.world.note(this.process.name, 'starts');
    void this.#run().catch((error: unknown) => {
      cluster.world.note(this.process.name, `could not start: ${String(error)}`);
      this.process.kill();
    });
  }

  async #run(): Promise<void> {
    const { cluster, process, toDatabase } = this;
    const { clock } = process;
    const leadership = cluster.database.leadershipOf(process, toDatabase, (head) => cluster.isConnected(head));
    const messages = new NatsConnection(cluster.nats, process, this.toNats);
    let headEpoch: number | null = null;
    while (headEpoch === null) {
      headEpoch = await leadership.acquire(this.id);
      if (headEpoch === null) await sleep(clock, CANDIDATE_MS);
    }
    cluster.world.note(process.name, `leads with head epoch ${headEpoch}`);
    const state = new ClusterState(headEpoch);
    const store = cluster.database.storeOf(process, toDatabase, () => state.headEpoch);
    const logger = this.#logger();
    const random = cluster.world.random.next;
    const onFenced = (): void => this.#end('another head leads');
    const raise = async (held: number, to: number): Promise<boolean> => (await leadership.raise(this.id, held, to)) === 'held';
    const loop = new ClusterLoop({ state, store, clock, random, logger, raise, onFenced });
    const renewal = new Renewal({ leadership, headId: this.id, loop, clock, everyMs: TIMERS.renewMs });
    const composed = composeHead({
      databaseOutlook: () => Promise.resolve(null),
      config: cluster.config,
      timers: TIMERS,
      clock,
      logger,
      random,
      randomBytes: cluster.world.random.bytes,
      loop,
      store,
      messages,
      objects: cluster.objects.openFor(process),
    });
    await loop.start();
    this.loop = loop;
    this.services = composed.services;
    this.#close = () => {
      renewal.close();
      composed.close();
      loop.close();
    };
    renewal.start();
    cluster.listens(this);
  }

  #close: () => void = () => undefined;

  #end(why: string): void {
    this.cluster.world.note(this.process.name, `ends: ${why}`);
    this.#close();
    this.process.clock.after(CLOSE_MS, () => this.process.kill());
  }

  accept(service: 'agents' | 'sessions', call: object): void {
    if (service === 'agents') this.services?.agents.connect(call as never);
    else this.services?.sessions.attach(call as never);
  }

  #logger(): Logger {
    const { world } = this.cluster;
    const { name } = this.process;
    const write = (message: string, fields?: object): void => world.note(name, `${message} ${fields === undefined ? '' : shown(fields)}`);
    const logger: Logger = {
      debug: () => undefined,
      info: write,
      warn: write,
      error: (message, fields) => {
        write(message, fields);
        this.cluster.witness.logged(message, fields);
      },
      child: () => logger,
    };
    return logger;
  }
}

function shown(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value)).slice(0, 300);
}
