import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActorHandle, Cluster } from '@trainer/client';
import { seededRandom } from '@trainer/runtime/testing';
import { CallLoad } from './call-load.js';
import type { FaultCluster } from './fault-cluster.js';
import { JobLoad } from './job-load.js';
import { signalTo } from './processes.js';
import { RecorderSpec, type Recorder } from './recorder.js';
import { slowTraining } from './slow-training.js';

const SMALL = { cpu: 0.05, memory: '192MiB' } as const;
const MOST_ACTORS = 6;
const MOST_JOBS_WAITING = 4;
const SHORT_TREES = 25;
const ACCEPTED_WITHIN_MS = 60_000;
const SETTLED_WITHIN_MS = 120_000;
/** Between two operations: from nothing to longer than most recoveries. */
const LONGEST_PAUSE_MS = 500;
/** Around the head's patience with an agent, 3 s, at the scale that the tests run with. */
const LONGEST_OUTAGE_MS = 2_000;

interface LivingActor {
  readonly handle: ActorHandle<Recorder>;
  readonly load: CallLoad;
  readonly isDetached: boolean;
  /** Whether somebody asked for its end. */
  isKilled: boolean;
}

/** What it does, how often beside the others, and how; null: there is nothing that it could be done to. */
type Operation = readonly [name: string, weight: number, operate: () => Promise<void> | null];

/** What people, programs and misfortune do to a cluster, in an order that a seed decides; and what must hold when all is quiet. */
export class RandomOperations {
  readonly #actors: LivingActor[] = [];
  readonly #jobs: JobLoad;
  readonly #pending = new Set<Promise<void>>();
  readonly #problems: string[] = [];
  readonly #random: () => number;
  readonly #done: string[] = [];
  readonly #busy = new Set<string>();
  #files = 0;

  constructor(
    private readonly cluster: FaultCluster,
    private readonly client: Cluster,
    readonly seed: number,
  ) {
    this.#random = seededRandom(seed);
    this.#jobs = new JobLoad(cluster.restUrl, `random-${seed}`).start();
  }

  /** What was done, in order. */
  get done(): readonly string[] {
    return this.#done;
  }

  /** What failed meanwhile. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Does so many operations, without waiting for what they lead to. */
  async run(count: number): Promise<void> {
    const operations = this.#operations();
    for (let index = 0; index < count; index += 1) {
      const [name, operate] = this.#pick(operations);
      const what = operate();
      this.#done.push(what === null ? `${name}: nothing to do` : name);
      if (what !== null) this.#background(name, what);
      await wait(this.#random() * LONGEST_PAUSE_MS);
    }
    await Promise.all(this.#pending);
  }

  /** Ends all misfortune, waits until the cluster is quiet, and ends the actors. @returns all that was wrong, by invariant */
  async settle(): Promise<readonly string[]> {
    await this.cluster.mend();
    const { cluster } = this;
    const nodes = this.cluster.agents.length;
    await cluster.until(
      'every agent is connected',
      async () => (await this.client.nodes.list()).filter(({ state }) => state === 'connected').length === nodes,
      SETTLED_WITHIN_MS,
    );
    await cluster.until(`every job is over ${this.#jobs.describe()}`, () => this.#jobs.isOver(), SETTLED_WITHIN_MS);
    await this.#jobs.stop();
    const wrong = [...this.#problems, ...(await this.#jobs.violations(['completed', 'cancelled']))];
    for (const actor of this.#actors) wrong.push(...(await this.#actorKeptItsWord(actor)));
    wrong.push(...(await this.#namesAreUnique()), ...(await this.#ledgersAgree()));
    return wrong;
  }

  /** 12: with the session its actors end, and the detached ones live on. @returns what is wrong */
  async endSession(): Promise<readonly string[]> {
    const detached = this.#actors.filter(({ isDetached, isKilled }) => isDetached && !isKilled).map(({ handle }) => handle.id);
    await this.client.close();
    await using client = await this.cluster.connect();
    const living = async (): Promise<readonly string[]> => (await client.actors.list()).map(({ id }) => id);
    const areOthersGone = async (): Promise<boolean> => (await living()).every((id) => detached.includes(id));
    await this.cluster.until('the actors of the closed session have ended', areOthersGone, SETTLED_WITHIN_MS);
    const left = new Set(await living());
    return detached.filter((id) => !left.has(id)).map((id) => `12: ${id} is detached and ended with a session`);
  }

  #operations(): readonly Operation[] {
    return [
      ['create an actor', 6, () => (this.#living().length < MOST_ACTORS ? this.#create() : null)],
      ['kill an actor', 2, () => this.#killActor()],
      ['submit a job', 5, () => (this.#waitingJobs() < MOST_JOBS_WAITING ? this.#submit() : null)],
      ['cancel a job', 2, () => this.#cancel()],
      ['crash a process of an actor or rank', 4, () => this.#crash()],
      ['kill an agent and start it again', 2, () => this.#restart(this.#oneOf(this.cluster.agents))],
      ['kill the head and start it again', 2, () => this.#restart('head')],
      ['kill NATS and start it again', 1, () => this.#restart('nats')],
      ['kill PostgreSQL and start it again', 1, () => this.#restart('postgres')],
      ['kill the gateway and start it again', 1, () => this.#restart('gateway')],
      ['freeze an agent for a while', 2, () => this.#freeze(this.#oneOf(this.cluster.agents))],
      ['freeze the head for a while', 1, () => this.#freeze('head')],
      ['cut a link for a while', 3, () => this.#cut()],
    ];
  }

  #pick(operations: readonly Operation[]): readonly [string, () => Promise<void> | null] {
    let at = this.#random() * operations.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight, operate] of operations) {
      at -= weight;
      if (at <= 0) return [name, operate];
    }
    throw new RangeError('A weight is no number.');
  }

  #background(name: string, work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => void this.#problems.push(`${name} failed: ${String(error)}`))
      .finally(() => this.#pending.delete(watched));
    this.#pending.add(watched);
  }

  #living(): readonly LivingActor[] {
    return this.#actors.filter(({ isKilled }) => !isKilled);
  }

  #waitingJobs(): number {
    return this.#jobs.ids.filter((id) => !this.#jobs.isFinal(id)).length;
  }

  async #create(): Promise<void> {
    const number = (this.#files += 1);
    const isDetached = this.#random() < 0.3;
    const file = join(this.cluster.folder, `random-${number}`);
    const options = {
      ...SMALL,
      maxRestarts: -1,
      checkpointEvery: 'call',
      name: `random-${this.seed}-${number}`,
      detached: isDetached,
    } as const;
    const handle = await this.client.actors.create(RecorderSpec, { args: [file], ...options });
    this.#actors.push({ handle, load: new CallLoad(handle, file).start(), isDetached, isKilled: false });
  }

  #killActor(): Promise<void> | null {
    const actor = this.#oneOf(this.#living());
    if (actor === undefined) return null;
    actor.isKilled = true;
    return actor.handle.kill();
  }

  async #submit(): Promise<void> {
    const sampled = this.#random() < 0.5 ? { subsample: 0.7 } : {};
    await this.#jobs.submit(slowTraining(SHORT_TREES, sampled), ACCEPTED_WITHIN_MS);
  }

  #cancel(): Promise<void> | null {
    const id = this.#oneOf(this.#jobs.ids.filter((one) => !this.#jobs.isFinal(one)));
    return id === undefined ? null : this.#jobs.cancel(id, ACCEPTED_WITHIN_MS);
  }

  #crash(): Promise<void> | null {
    const row = this.#oneOf(this.cluster.actorProcesses());
    if (row === undefined) return null;
    signalTo(row.pid, 'SIGKILL');
    return Promise.resolve();
  }

  /** What happens to a part already is not disturbed by more. */
  #restart(name: string | undefined): Promise<void> | null {
    if (name === undefined || this.#busy.has(name)) return null;
    return this.#alone(name, async () => {
      await this.cluster.part(name).kill();
      await this.cluster.part(name).start();
    });
  }

  #freeze(name: string | undefined): Promise<void> | null {
    if (name === undefined || this.#busy.has(name)) return null;
    const forMs = this.#random() * LONGEST_OUTAGE_MS;
    return this.#alone(name, async () => {
      this.cluster.part(name).freeze();
      await wait(forMs);
      this.cluster.part(name).thaw();
    });
  }

  #cut(): Promise<void> | null {
    const link = this.#oneOf([...this.cluster.links.values()]);
    if (link === undefined || this.#busy.has(link.name)) return null;
    const [forMs, isSevered] = [this.#random() * LONGEST_OUTAGE_MS, this.#random() < 0.3];
    return this.#alone(link.name, async () => {
      if (isSevered) link.sever();
      else link.cut();
      await wait(forMs);
      link.heal();
    });
  }

  async #alone(name: string, work: () => Promise<void>): Promise<void> {
    this.#busy.add(name);
    try {
      await work();
    } finally {
      this.#busy.delete(name);
    }
  }

  #oneOf<T>(all: readonly T[]): T | undefined {
    return all[Math.floor(this.#random() * all.length)];
  }

  /** 6, 9, 10, 11: it answers or has a stored cause; its calls ran as was said. */
  async #actorKeptItsWord({ handle, load, isKilled }: LivingActor): Promise<readonly string[]> {
    const since = performance.now();
    if (!isKilled)
      await this.cluster.until(
        `${handle.id} answers or is dead`,
        async () => load.answeredAfter(since) !== null || (await handle.state()).state.at === 'dead',
        SETTLED_WITHIN_MS,
      );
    let isSettled = false;
    void load.stop().then(() => (isSettled = true));
    await this.cluster.until(`the calls of ${handle.id} have settled`, () => isSettled, SETTLED_WITHIN_MS);
    const { state } = await handle.state();
    const end = state.at === 'dead' && !isKilled ? [`6: ${handle.id} restarts always and is dead: ${JSON.stringify(state.cause)}`] : [];
    const alive = isKilled && state.at !== 'dead' ? [`6: ${handle.id} was killed and is ${state.at}`] : [];
    return [...end, ...alive, ...(await load.violations('call')).map((wrong) => `10, 11: ${handle.id}: ${wrong}`)];
  }

  /** 9: a name has one unended actor. */
  async #namesAreUnique(): Promise<readonly string[]> {
    const names = (await this.client.actors.list()).map(({ name }) => name);
    return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `9: ${name} has more than one unended actor`);
  }

  /** 1, 2, 7: at rest the agents' leases, the living actors and the processes are the same number. */
  async #ledgersAgree(): Promise<readonly string[]> {
    const leases = async (): Promise<number> => (await this.client.nodes.list()).reduce((sum, node) => sum + node.leases, 0);
    const actors = (): number => this.#living().length;
    const found = async (): Promise<string> =>
      `${await leases()} leases, ${actors()} living actors, ${this.cluster.actorProcesses().length} processes`;
    const agree = async (): Promise<boolean> => (await leases()) === actors() && this.cluster.actorProcesses().length === actors();
    try {
      await this.cluster.until('leases, actors and processes agree', agree, SETTLED_WITHIN_MS / 4);
      return [];
    } catch (error) {
      return [`1, 2, 7: ${await found()}: ${String(error)}`];
    }
  }
}
