import { setTimeout as wait } from 'node:timers/promises';
import { startFaultCluster } from '@trainer/test';
import { cpuSeconds, pssMib } from '../measuring/processes.js';
import { round, summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

/** Caches of the start are given back by then. */
const SETTLE_MS = 5_000;
/** V8 collects a young process's garbage once, some 8 s after its start; what is idle has done so. */
const IDLE_AFTER_MS = 15_000;
const WATCHED_MS = 15_000;
const JOINED_WITHIN_MS = 20_000;

/** Machines that join, and what they take when they have nothing to do. */
export const agents: Bench = {
  name: 'agents',
  about: 'an agent that joins: its time and memory; and the CPU of four idle ones',
  ray: { script: 'ray_many_nodes.py', environment: { RAY_BENCH_NODES: '4' } },
  run: async (context) => ({ joining: await joining(context), idle_4: await idleFour(context) }),
};

async function joining({ runs, say }: BenchContext): Promise<Results> {
  await using cluster = await startFaultCluster({ agents: 2 });
  const agent = cluster.part('agent-2');
  const client = await cluster.connect();
  const times: number[] = [];
  const memory: number[] = [];
  try {
    for (let run = 0; run < runs; run += 1) {
      say(`an agent joins, ${run + 1} of ${runs}`);
      await agent.stop();
      const begun = performance.now();
      await agent.start();
      // It may be planned on from then on; its own word comes a little earlier.
      const both = async (): Promise<boolean> => (await client.nodes.list()).filter(({ state }) => state === 'connected').length === 2;
      await cluster.until('both agents can be planned on', both, JOINED_WITHIN_MS);
      times.push(performance.now() - begun);
      await wait(SETTLE_MS);
      memory.push(pssMib([agent.pid ?? -1]));
    }
  } finally {
    await client.close();
  }
  return { to_planned_on_ms: summary(times), pss_mib: summary(memory) };
}

async function idleFour({ say }: BenchContext): Promise<Results> {
  say('four agents idle');
  await using cluster = await startFaultCluster({ agents: 4 });
  await wait(IDLE_AFTER_MS);
  const pidsOf = (names: readonly string[]): readonly number[] => names.flatMap((name) => cluster.part(name).pid ?? []);
  const [four, all] = [pidsOf(cluster.agents), cluster.processes().map(({ pid }) => pid)];
  const before = { four: cpuSeconds(four), all: cpuSeconds(all), at: performance.now() };
  await wait(WATCHED_MS);
  const seconds = (performance.now() - before.at) / 1000;
  prove(cpuSeconds(four) >= before.four, 'all agents are there at the end');
  return {
    agents_cores: round((cpuSeconds(four) - before.four) / seconds, 3),
    whole_cluster_cores: round((cpuSeconds(all) - before.all) / seconds, 3),
    pss_mib_per_agent: round(pssMib(four) / four.length, 1),
  };
}
