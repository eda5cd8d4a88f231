import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActorHandle, Cluster } from '@trainer/client';
import { CallLoad } from './call-load.js';
import type { Fault, Scene } from './faults.js';
import { startFaultCluster, type FaultCluster } from './fault-cluster.js';
import { JobLoad } from './job-load.js';
import { stillRunning } from './processes.js';
import { ROOT } from './program.js';
import { RecorderSpec, type Recorder } from './recorder.js';
import { slowTable, slowTraining } from './slow-training.js';

/** Small enough that a filler leaves no room beside itself for one. */
const SMALL = { cpu: 0.05, memory: '64MiB' } as const;
/** As an actor is created that people rely on. */
const RELIED_ON = { ...SMALL, maxRestarts: -1, checkpointEvery: 'call' } as const;
const TREES = 240;
const IRIS = { model_id: 'xgboost_classifier', data_id: 'iris.csv', task_type: 'classification', target_column: 'species', epochs: 5 };
const SOON_MS = 30_000;
/** A new attempt waits for the lost node first, and the machine may be busy. */
const RECOVERED_WITHIN_MS = 60_000;
const OVER_WITHIN_MS = 180_000;

export interface ProvingGroundSettings {
  /** TRAINER_TIME_SCALE: every wait of the cluster is so much shorter, but no program is faster. */
  readonly timeScale: number;
  /** How long what does not heal itself lasts, unless it is a kill; longer than the cluster's patience. */
  readonly outageMs: number;
}

/** From the fault, or from what ended it, until all went on. */
export interface Recovery {
  /** Every actor answered a call made afterwards. */
  readonly callsMs: number;
  /** REST accepted a job. */
  readonly acceptMs: number;
  /** The job that had been training trained on, or was completed. */
  readonly jobMs: number;
}

interface CalledActor {
  readonly handle: ActorHandle<Recorder>;
  readonly load: CallLoad;
}

/**
 * A cluster of two agents that works while faults come over it: actors are called without end, a job trains and others queue.
 * Whatever is accepted or answered meanwhile is held against what the cluster says at the end.
 */
export class ProvingGround implements AsyncDisposable {
  readonly #actors: CalledActor[] = [];
  readonly #jobs: JobLoad;
  readonly #violations: string[] = [];
  #training: string | null = null;
  #files = 0;

  private constructor(
    readonly cluster: FaultCluster,
    private readonly client: Cluster,
    private readonly settings: ProvingGroundSettings,
  ) {
    this.#jobs = new JobLoad(cluster.restUrl, 'ground').start();
  }

  static async start(settings: ProvingGroundSettings): Promise<ProvingGround> {
    const cluster = await startFaultCluster({ agents: 2, cpus: 2, timeScale: settings.timeScale, env: { MAX_PARALLEL_JOBS: '1' } });
    try {
      await putData(cluster.restUrl, 'iris.csv', await readFile(join(ROOT, 'deploy', 'sample', 'iris.csv'), 'utf8'));
      await putData(cluster.restUrl, 'slow.csv', slowTable());
      return new ProvingGround(cluster, await cluster.connect(), settings);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Lets one fault come while actors are called, a job trains and another waits, and waits until all has gone on. */
  async strike(fault: Fault): Promise<Recovery> {
    const { scene, training } = await this.#set();
    const before = this.#actors.map(({ load }) => load.counts.unknown);
    let sinceMs = performance.now();
    await fault.hit(scene);
    if (!fault.healsItself) {
      // What was killed is started again at once; a silence has to last.
      if (!/is killed/.test(fault.name)) await wait(this.settings.outageMs);
      sinceMs = performance.now();
      await fault.mend(scene);
    }
    const recovery = await this.#recovered(training, sinceMs);
    if (fault.healsItself) await fault.mend(scene);
    await this.cluster.mend();
    await this.#isWhole();
    if (!fault.disturbsCalls)
      this.#actors.forEach(({ load }, at) => {
        const unknown = load.counts.unknown - (before[at] ?? 0);
        if (unknown > 0) this.#violations.push(`${unknown} calls have an unknown outcome though ${fault.name}, which is no actor's matter`);
      });
    return recovery;
  }

  /** Waits until everything is over, and ends the actors. @returns all that was wrong since the start; empty when nothing was */
  async finish(): Promise<readonly string[]> {
    const { cluster } = this;
    await cluster.until('every accepted job is over', () => this.#jobs.isOver(), OVER_WITHIN_MS);
    await this.#jobs.stop();
    this.#violations.push(...(await this.#jobs.violations()));
    for (const { handle, load } of this.#actors) {
      await withDeadline(load.stop(), `the calls of ${handle.id} have settled`, cluster);
      this.#violations.push(...(await load.violations('call')).map((wrong) => `${handle.id}: ${wrong}`));
      const pid = await handle.call.pid();
      await handle.kill();
      if (stillRunning([pid]).length > 0) this.#violations.push(`${handle.id} was killed and process ${pid} runs`);
    }
    await cluster.until('no node holds a lease', async () => (await this.client.nodes.list()).every(({ leases }) => leases === 0), SOON_MS);
    await cluster.until('no process of an ended job or actor is left', () => cluster.actorProcesses().length === 0, SOON_MS);
    return this.#violations;
  }

  /** Calls made so far by what was said of them. */
  get calls(): { readonly answered: number; readonly notRun: number; readonly unknown: number } {
    const counts = this.#actors.map(({ load }) => load.counts);
    const sum = (of: (count: CallLoad['counts']) => number): number => counts.reduce((all, count) => all + of(count), 0);
    return { answered: sum((one) => one.answered), notRun: sum((one) => one.notRun), unknown: sum((one) => one.unknown) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#jobs.stop();
    // Pending calls are cancelled with the client, so that the loads come to their end.
    await this.client.close().catch(() => undefined);
    await Promise.all(this.#actors.map(({ load }) => load.stop()));
    await this.cluster.close();
  }

  /** A job trains, another waits, and an actor on the same agent as its rank is called; another lives elsewhere. */
  async #set(): Promise<{ readonly scene: Scene; readonly training: string }> {
    const training = await this.#trainingJob();
    const rank = await this.#rankOf(training);
    const elsewhere = this.cluster.agents.find((agent) => agent !== rank.agent) ?? rank.agent;
    const beside = await this.#actorOn(rank.agent);
    await this.#actorOn(elsewhere);
    const since = performance.now();
    await this.cluster.until('every actor is called', () => this.#actors.every(({ load }) => load.answeredAfter(since) !== null), SOON_MS);
    const pid = beside.load.lastPid;
    if (pid === null) throw new Error(`${beside.handle.id} has answered no call.`);
    return { scene: { cluster: this.cluster, actor: { pid, agent: rank.agent }, rank }, training };
  }

  async #trainingJob(): Promise<string> {
    if (this.#training === null || this.#jobs.isFinal(this.#training))
      this.#training = await this.#jobs.submit(slowTraining(TREES), SOON_MS);
    const id = this.#training;
    const trains = (): boolean => {
      const job = this.#jobs.job(id);
      return job?.phase === 'training' && job.current_epoch > 0 && job.current_epoch < TREES / 2;
    };
    const isTraining = await this.cluster.until(
      `job ${id} trains or is past its half`,
      () => trains() || this.#isPastHalf(id),
      OVER_WITHIN_MS,
    );
    if (isTraining && trains()) return id;
    await this.cluster.until(`job ${id} is over`, () => this.#jobs.isFinal(id), OVER_WITHIN_MS);
    return this.#trainingJob();
  }

  #isPastHalf(id: string): boolean {
    const job = this.#jobs.job(id);
    return job !== null && (this.#jobs.isFinal(id) || (job.phase !== 'queued' && job.current_epoch >= TREES / 2));
  }

  async #rankOf(id: string): Promise<{ readonly pid: number; readonly agent: string }> {
    const actors = new Set(this.#actors.map(({ load }) => load.lastPid));
    const found = (): { pid: number; agent: string } | null => {
      for (const agent of this.cluster.agents) {
        const rank = this.cluster.actorProcesses(agent).find(({ pid }) => !actors.has(pid));
        if (rank !== undefined) return { pid: rank.pid, agent };
      }
      return null;
    };
    return this.cluster.until(`the rank of ${id} runs`, found, SOON_MS);
  }

  /** @returns an actor that lives on that agent; a new one when there is none */
  async #actorOn(agent: string): Promise<CalledActor> {
    for (const actor of this.#actors) if ((await this.#agentOf(actor)) === agent) return actor;
    const fillers = await this.#fillOthers(agent);
    const file = join(this.cluster.folder, `calls-${(this.#files += 1)}`);
    const handle = await this.client.actors.create(RecorderSpec, { args: [file], ...RELIED_ON });
    await Promise.all(fillers.map((filler) => filler.kill()));
    const actor = { handle, load: new CallLoad(handle, file).start() };
    this.#actors.push(actor);
    return actor;
  }

  async #agentOf({ handle }: CalledActor): Promise<string | null> {
    const { state } = await handle.state();
    return state.at === 'alive' ? (this.cluster.agents.find((agent) => this.cluster.nodeOf(agent) === state.node) ?? null) : null;
  }

  /** Takes all CPUs of the other agents, so that what is created next has only one place. */
  async #fillOthers(agent: string): Promise<ActorHandle<Recorder>[]> {
    const fillers: ActorHandle<Recorder>[] = [];
    for (const { id, available } of await this.client.nodes.list()) {
      if (id === this.cluster.nodeOf(agent) || available.cpuMilli < 1) continue;
      const args: [string] = [join(this.cluster.folder, 'filler')];
      fillers.push(await this.client.actors.create(RecorderSpec, { args, cpu: available.cpuMilli / 1000, memory: SMALL.memory }));
    }
    return fillers;
  }

  async #recovered(training: string, sinceMs: number): Promise<Recovery> {
    const { cluster } = this;
    const accepted = this.#jobs.submit(IRIS, RECOVERED_WITHIN_MS).then(() => performance.now());
    const answered = cluster.until(
      'every actor answers again',
      () => {
        const times = this.#actors.map(({ load }) => load.answeredAfter(sinceMs));
        return times.every((time) => time !== null) ? Math.max(...times) : null;
      },
      RECOVERED_WITHIN_MS,
    );
    const progressed = cluster.until(`job ${training} goes on`, () => this.#jobs.progressedAfter(training, sinceMs), RECOVERED_WITHIN_MS);
    const [acceptedAt, answeredAt, progressedAt] = await Promise.all([accepted, answered, progressed]);
    return { callsMs: answeredAt - sinceMs, acceptMs: acceptedAt - sinceMs, jobMs: progressedAt - sinceMs };
  }

  async #isWhole(): Promise<void> {
    const count = async (): Promise<boolean> => {
      const nodes = await this.client.nodes.list();
      return nodes.filter(({ state }) => state === 'connected').length === this.cluster.agents.length;
    };
    await this.cluster.until('every agent is connected', count, RECOVERED_WITHIN_MS);
  }
}

async function putData(url: string, key: string, body: string): Promise<void> {
  const { status } = await fetch(`${url}/data/${key}`, { method: 'PUT', body });
  if (status !== 201) throw new Error(`PUT /data/${key} answered ${status}.`);
}

async function withDeadline(work: Promise<void>, what: string, cluster: FaultCluster): Promise<void> {
  let isDone = false;
  void work.then(() => (isDone = true));
  await cluster.until(what, () => isDone, RECOVERED_WITHIN_MS);
}
