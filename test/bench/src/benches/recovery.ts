import { setTimeout as wait } from 'node:timers/promises';
import { signalTo, slowTable, slowTraining, startFaultCluster, type FaultCluster } from '@trainer/test';
import type { ActorHandle, Cluster } from '@trainer/client';
import { EchoSpec, type Echo } from '../actors/echo.js';
import { putData } from '../cluster/rest.js';
import { latency, type Latency } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

const LIMIT_MS = 60_000;
/** So that nothing of the start or of the last recovery is still under way. */
const SETTLE_MS = 2_000;
const LOOK_EVERY_MS = 5;
const TREES = 1_000;

/** What dies, and how long until it is as before; on a cluster of processes with the cluster's own patience. */
export const recovery: Bench = {
  name: 'recovery',
  about: 'an actor, its agent, the head and a rank killed, an agent frozen, until all works again',
  ray: { script: 'ray_fault.py', environment: {} },
  run: async (context) => {
    await using cluster = await startFaultCluster({ agents: 2, cpus: 2 });
    const client = await cluster.connect();
    try {
      const answers = new Answers(cluster, client);
      return {
        actor_killed: await answers.actorKilled(context),
        agent_killed: await answers.agentLost(context, 'killed'),
        agent_frozen: await answers.agentLost(context, 'frozen'),
        head_killed: await headKilled(cluster, context),
        rank_killed: await rankKilled(cluster, context),
      };
    } finally {
      await client.close();
    }
  },
};

/** An actor that is to answer again, from another process: each time a new one, as one that restarts often is held back on purpose. */
class Answers {
  constructor(
    private readonly cluster: FaultCluster,
    private readonly client: Cluster,
  ) {}

  async actorKilled({ runs, say }: BenchContext): Promise<Latency> {
    const times: number[] = [];
    for (let run = 0; run < runs * 2; run += 1) {
      say(`the actor's process is killed, ${run + 1} of ${runs * 2}`);
      const { actor, pid } = await this.#settled();
      const begun = performance.now();
      signalTo(pid, 'SIGKILL');
      times.push((await this.#fromAnother(actor, pid)) - begun);
      await actor.kill();
    }
    return latency(times);
  }

  /** Frozen as a machine freezes: the agent and its actors. */
  async agentLost({ runs, say }: BenchContext, how: 'killed' | 'frozen'): Promise<Latency> {
    const times: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      say(`the actor's agent is ${how}, ${run + 1} of ${runs}`);
      const { actor, pid } = await this.#settled();
      const agent = this.cluster.agents.find((name) => this.cluster.actorProcesses(name).some((row) => row.pid === pid)) ?? '';
      const actors = this.cluster.actorProcesses(agent).map((row) => row.pid);
      const begun = performance.now();
      if (how === 'killed') signalTo(this.cluster.part(agent).pid ?? -1, 'SIGKILL');
      else {
        this.cluster.part(agent).freeze();
        for (const actorPid of actors) signalTo(actorPid, 'SIGSTOP');
      }
      times.push((await this.#fromAnother(actor, pid)) - begun);
      for (const actorPid of actors) signalTo(actorPid, 'SIGCONT');
      await this.cluster.mend();
      await actor.kill();
      await this.cluster.until(
        'both agents are connected',
        async () => (await this.client.nodes.list()).filter(({ state }) => state === 'connected').length === 2,
        LIMIT_MS,
      );
    }
    return latency(times);
  }

  async #settled(): Promise<{ readonly actor: ActorHandle<Echo>; readonly pid: number }> {
    const actor = await this.client.actors.create(EchoSpec, { cpu: 0.01, memory: '128MiB', maxRestarts: -1 });
    await actor.call.pid();
    await wait(SETTLE_MS);
    return { actor, pid: await actor.call.pid() };
  }

  /** @returns when a process other than `pid` answered, on the clock of performance.now() */
  async #fromAnother(actor: ActorHandle<Echo>, pid: number): Promise<number> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const answered = await actor
        .with({ timeoutMs: 500 })
        .call.pid()
        .catch(() => null);
      if (answered !== null && answered !== pid) return performance.now();
      prove(performance.now() < deadline, `the actor answers within ${LIMIT_MS} ms`);
      if (answered === null) await wait(LOOK_EVERY_MS);
    }
  }
}

/** From SIGKILL, the new one started at once, until REST accepts a job. */
async function headKilled(cluster: FaultCluster, { runs, say }: BenchContext): Promise<Results> {
  await putData(cluster.restUrl, 'bench/slow.csv', slowTable());
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    say(`the head is killed, ${run + 1} of ${runs}`);
    await wait(SETTLE_MS);
    const begun = performance.now();
    await cluster.part('head').kill();
    const starting = cluster.part('head').start();
    const id = await accepted(cluster, 2);
    times.push(performance.now() - begun);
    await starting;
    await cluster.until(`job ${id} has completed`, async () => (await jobOf(cluster, id)).status === 'completed', LIMIT_MS);
  }
  return latency(times);
}

/** From SIGKILL of a rank that trains until its job trains again. */
async function rankKilled(cluster: FaultCluster, { runs, say }: BenchContext): Promise<Results> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    say(`a rank is killed, ${run + 1} of ${runs}`);
    const before = new Set(cluster.actorProcesses().map(({ pid }) => pid));
    const id = await accepted(cluster, TREES);
    await cluster.until(`job ${id} trains past a checkpoint`, async () => (await jobOf(cluster, id)).current_epoch > TREES / 20, LIMIT_MS);
    const ranks = cluster.actorProcesses().filter(({ pid }) => !before.has(pid));
    prove(ranks.length === 1, 'the job has one rank');
    const begun = performance.now();
    for (const { pid } of ranks) signalTo(pid, 'SIGKILL');
    const again = async (): Promise<boolean> => {
      const job = await jobOf(cluster, id);
      return job.attempt === 2 && job.phase === 'training';
    };
    await cluster.until(`job ${id} trains again`, again, LIMIT_MS);
    times.push(performance.now() - begun);
    await fetch(`${cluster.restUrl}/train/${id}`, { method: 'DELETE' });
  }
  return latency(times);
}

async function accepted(cluster: FaultCluster, trees: number): Promise<string> {
  const request = { ...slowTraining(trees), data_id: 'bench/slow.csv' };
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const answer = await fetch(`${cluster.restUrl}/train`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const body = (await answer.json()) as { job_id: string };
    if (answer.status === 200) return body.job_id;
    prove(answer.status === 503 && performance.now() < deadline, `POST /train answers 200 or for a while 503, and not ${answer.status}`);
    await wait(LOOK_EVERY_MS);
  }
}

async function jobOf(
  cluster: FaultCluster,
  id: string,
): Promise<{ status: string; phase: string; attempt: number; current_epoch: number }> {
  return (await (await fetch(`${cluster.restUrl}/train/${id}`)).json()) as {
    status: string;
    phase: string;
    attempt: number;
    current_epoch: number;
  };
}
