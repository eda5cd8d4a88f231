import { setTimeout as wait } from 'node:timers/promises';
import { connect, type ActorHandle, type Cluster } from '@trainer/client';
import { EchoSpec, type Echo } from '../actors/echo.js';
import { startCluster, temporaryHome, type RunningCluster } from '../cluster/running-cluster.js';
import { cpuSeconds, pssMib, untilGone } from '../measuring/processes.js';
import { latency, round } from '../measuring/statistics.js';
import { prove, timeEach } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

const AT_ONCE = 40;
/** So little that all of them fit on two cores. */
const SMALL = { cpu: 0.01, memory: '64MiB' };
const GONE_WITHIN_MS = 10_000;
const SETTLE_MS = 2_000;

/** Creating, holding and killing actors. */
export const actors: Bench = {
  name: 'actors',
  about: 'an actor created to answering, many at once, their memory, and killed until gone',
  ray: { script: 'ray_actor_launch.py', environment: { RAY_BENCH_ACTORS: String(AT_ONCE) } },
  run: async (context) => {
    await using home = await temporaryHome();
    await using cluster = await startCluster({ withGateway: false, home: home.path });
    await using connection = await connect({ home: home.path });
    return { ...(await oneByOne(connection, context)), at_once_40: await atOnce(connection, cluster, context) };
  },
};

async function oneByOne(connection: Cluster, { runs, say }: BenchContext): Promise<Results> {
  say('actors one by one');
  const killed: number[] = [];
  const kill = async ({ echo, pid }: { echo: ActorHandle<Echo>; pid: number }): Promise<void> => {
    prove(pid > 0 && pid !== process.pid, 'the actor runs in a process of its own');
    const begun = performance.now();
    await Promise.all([echo.kill(), untilGone([pid], GONE_WITHIN_MS)]);
    killed.push(performance.now() - begun);
  };
  const create = async (): Promise<{ echo: ActorHandle<Echo>; pid: number }> => {
    const echo = await connection.actors.create(EchoSpec, SMALL);
    return { echo, pid: await echo.call.pid() };
  };
  // The class travels to the cluster with the first one.
  const [first = 0] = await timeEach(1, create, kill);
  killed.length = 0;
  const created = await timeEach(runs * 6, create, kill);
  return { first_to_answer_ms: round(first, 1), one_to_answer: latency(created), kill_until_process_gone: latency(killed) };
}

async function atOnce(connection: Cluster, cluster: RunningCluster, { runs, say }: BenchContext): Promise<Results> {
  const perSecond: number[] = [];
  const pss: number[] = [];
  const pssOfActor: number[] = [];
  const cpu: number[] = [];
  const killAll: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    say(`${AT_ONCE} actors at once, ${run + 1} of ${runs}`);
    await wait(SETTLE_MS);
    const [pssBefore, cpuBefore] = [pssMib(cluster.pids()), cpuSeconds(cluster.pids())];
    const begun = performance.now();
    const made = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const echo = await connection.actors.create(EchoSpec, SMALL);
        return { echo, pid: await echo.call.pid() };
      }),
    );
    const seconds = (performance.now() - begun) / 1000;
    const pids = made.map(({ pid }) => pid);
    prove(new Set(pids).size === AT_ONCE, `${AT_ONCE} actors answer from as many processes`);
    perSecond.push(AT_ONCE / seconds);
    cpu.push((cpuSeconds(cluster.pids()) - cpuBefore) / AT_ONCE);
    pss.push((pssMib(cluster.pids()) - pssBefore) / AT_ONCE);
    pssOfActor.push(pssMib(pids) / AT_ONCE);
    const killing = performance.now();
    await Promise.all([...made.map(({ echo }) => echo.kill()), untilGone(pids, GONE_WITHIN_MS)]);
    killAll.push(performance.now() - killing);
  }
  const middle = (values: number[], digits: number): number =>
    round(values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN, digits);
  return {
    per_s: middle(perSecond, 1),
    pss_mib_per_actor: middle(pss, 1),
    pss_mib_of_its_process: middle(pssOfActor, 1),
    cpu_s_per_actor: middle(cpu, 3),
    kill_all_ms: middle(killAll, 0),
  };
}
