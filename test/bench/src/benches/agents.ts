import { setTimeout as wait } from 'node:timers/promises';
import { startFaultCluster } from '@trainer/test';
import { cpuSeconds, pssMib, threadCpuMs } from '../measuring/processes.js';
import { round, summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

/** Caches of the start are given back by then. */
const SETTLE_MS = 5_000;
const IDLE_AFTER_MS = 15_000;
/**
 * V8 collects the garbage of a process that has come to rest: once, 8 to 50 s after its start, later the busier the machine is, and again after
 * a minute or more. That costs an agent 30 to 60 ms, as much as twenty seconds of idling, so a single window tells mainly whether it met one.
 */
const WINDOW_MS = 5_000;
const WINDOWS = 15;
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
  const windows: number[][] = four.map(() => []);
  const [begun, allBefore] = [performance.now(), cpuSeconds(all)];
  for (let window = 0; window < WINDOWS; window += 1) {
    const [before, at] = [four.map(threadCpuMs), performance.now()];
    await wait(WINDOW_MS);
    const ms = performance.now() - at;
    four.forEach((pid, agent) => windows[agent]?.push((threadCpuMs(pid) - (before[agent] ?? 0)) / ms));
  }
  const cores = windows.map((ofAgent) => summary(ofAgent, 6));
  prove(
    windows.every((ofAgent) => ofAgent.every((used) => used > 0)),
    'all agents are there at the end, and send heartbeats in each window',
  );
  return {
    agents_cores: round(sum(cores.map(({ median }) => median)), 4),
    agents_cores_with_collections: round(sum(windows.flat()) / WINDOWS, 4),
    whole_cluster_cores: round((cpuSeconds(all) - allBefore) / ((performance.now() - begun) / 1000), 3),
    pss_mib_per_agent: round(pssMib(four) / four.length, 1),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
