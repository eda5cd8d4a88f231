import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ActorHandle, Cluster } from '@trainer/client';
import { WaitTimeoutError } from '@trainer/runtime';
import { CallLoad } from './call-load.js';
import type { Fault, Scene } from './faults.js';
import { startFaultCluster, type FaultCluster } from './fault-cluster.js';
import { JobLoad } from './job-load.js';
import { stillRunning } from './processes.js';
import { ROOT } from './program.js';
import { RecorderSpec, type Recorder } from './recorder.js';
import { slowTable, slowTraining } from './slow-training.js';

/** Small enough that a filler leaves no room beside itself for one. */
const SMALL = { cpu: 0.05, memory: '192MiB' } as const;
/** As an actor is created that people rely on. */
const RELIED_ON = { ...SMALL, maxRestarts: -1, checkpointEvery: 'call' } as const;
const IRIS = { model_id: 'xgboost_classifier', data_id: 'iris.csv', task_type: 'classification', target_column: 'species', epochs: 5 };
const SOON_MS = 60_000;
/** A new attempt waits for the lost node first, and the machine may be busy. */
const RECOVERED_WITHIN_MS = 60_000;
const OVER_WITHIN_MS = 180_000;

export interface ProvingGroundSettings {
  /** TRAINER_TIME_SCALE: every wait of the cluster is so much shorter, but no program is faster. */
  readonly timeScale: number;
  /** How long what does not heal itself lasts, unless it is a kill; longer than the cluster's patience. */
  readonly outageMs: number;
  /** How long the job trains: a tree an epoch; half of them should take longer than the outage. */
  readonly trees: number;
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
    const recovery = await this.#recovered(training, sinceMs, fault);
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

  /** On each agent an actor is called, and a job trains on one of them. */
  async #set(): Promise<{ readonly scene: Scene; readonly training: string }> {
    for (const agent of this.cluster.agents) await this.#actorOn(agent);
    const since = performance.now();
    const areCalled = (): boolean => this.#actors.every(({ load }) => load.answeredAfter(since) !== null);
    await this.cluster.until('every actor is called', areCalled, SOON_MS);
    const training = await this.#trainingJob();
    const rank = this.#rankOf(training);
    // The one that was there may have ended meanwhile, and its successor not have answered yet.
    const { load } = await this.#actorOn(rank.agent);
    const pid = await this.cluster.until(`an actor on ${rank.agent} has answered`, () => load.lastPid, SOON_MS);
    return { scene: { cluster: this.cluster, actor: { pid, agent: rank.agent }, rank }, training };
  }

  async #trainingJob(): Promise<string> {
    if (this.#training === null || this.#jobs.isFinal(this.#training))
      this.#training = await this.#jobs.submit(slowTraining(this.settings.trees), SOON_MS);
    const id = this.#training;
    const trains = (): boolean => {
      const job = this.#jobs.job(id);
      return job?.phase === 'training' && job.current_epoch > 0 && job.current_epoch < this.settings.trees / 2;
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
    return job !== null && (this.#jobs.isFinal(id) || (job.phase !== 'queued' && job.current_epoch >= this.settings.trees / 2));
  }

  /** The process beside those of the actors that are called. */
  #rankOf(id: string): { readonly pid: number; readonly agent: string } {
    const actors = new Set(this.#actors.map(({ load }) => load.lastPid));
    const ranks = this.cluster.agents.flatMap((agent) =>
      this.cluster.actorProcesses(agent).flatMap(({ pid }) => (actors.has(pid) ? [] : [{ pid, agent }])),
    );
    const [rank] = ranks;
    if (rank === undefined || ranks.length > 1) throw new Error(`Job ${id} has one rank, and not ${JSON.stringify(ranks)}.`);
    return rank;
  }

  /** @returns an actor that lives on that agent; a new one when there is none */
  async #actorOn(agent: string): Promise<CalledActor> {
    for (const actor of this.#actors) if ((await this.#agentOf(actor.handle)) === agent) return actor;
    const fillers = await this.#fillAll();
    for (const filler of fillers) if ((await this.#agentOf(filler)) === agent) await filler.kill();
    const file = join(this.cluster.folder, `calls-${(this.#files += 1)}`);
    const handle = await this.client.actors.create(RecorderSpec, { args: [file], ...RELIED_ON });
    for (const filler of fillers) await filler.kill();
    const actor = { handle, load: new CallLoad(handle, file).start() };
    this.#actors.push(actor);
    return actor;
  }

  async #agentOf(handle: ActorHandle<Recorder>): Promise<string | null> {
    const { state } = await handle.state();
    return state.at === 'alive' ? (this.cluster.agents.find((agent) => this.cluster.nodeOf(agent) === state.node) ?? null) : null;
  }

  /** Takes all free CPUs, so that what is created next has its place where one of these ends. */
  async #fillAll(): Promise<readonly ActorHandle<Recorder>[]> {
    const fillers: ActorHandle<Recorder>[] = [];
    for (;;) {
      const free = (await this.client.nodes.list()).map(({ available }) => available.cpuMilli);
      // The largest piece fits where it was found, or where there is as much.
      const most = Math.max(...free);
      if (most < 1) return fillers;
      const args: [string] = [join(this.cluster.folder, 'filler')];
      fillers.push(await this.client.actors.create(RecorderSpec, { args, cpu: most / 1000, memory: SMALL.memory }));
    }
  }

  async #recovered(training: string, sinceMs: number, { endsRank }: Fault): Promise<Recovery> {
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
    const progressed = cluster.until(
      `job ${training} goes on`,
      () => this.#jobs.progressedAfter(training, sinceMs, endsRank),
      RECOVERED_WITHIN_MS,
    );
    const all = Promise.all([accepted, answered, progressed]).catch(async (error: unknown) => {
      const state = error instanceof WaitTimeoutError ? '' : await cluster.describe();
      throw new Error(`${String(error)}\nThe jobs: ${this.#jobs.describe()}${state}`, { cause: error });
    });
    const [acceptedAt, answeredAt, progressedAt] = await all;
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
