import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '@trainer/client';
import { EchoSpec } from '../actors/echo.js';
import { startCluster, temporaryHome, type RunningCluster, type StartOptions } from '../cluster/running-cluster.js';
import { cpuSeconds, pssByKind, pssMib } from '../measuring/processes.js';
import { summary } from '../measuring/statistics.js';
import { prove } from '../measuring/timing.js';
import type { Bench, BenchContext, Results } from './bench.js';

/** As long as the other side's script waits: caches of the start are given back by then. */
const SETTLE_MS = 8_000;
const FIRST_ANSWER = fileURLToPath(new URL('../actors/first-answer.js', import.meta.url));

/** Starting the cluster, and what it holds when nobody uses it. */
export const coldStart: Bench = {
  name: 'cold-start',
  about: 'start to the first answer of an actor, and idle memory',
  ray: { script: 'ray_cold_start.py', environment: {} },
  run: async (context) => ({
    without_gateway: await withoutGateway(context),
    with_gateway: await withGateway(context),
    npm_start: await npmStart(context),
  }),
};

/** A folder that a cluster has run on, as at every start but the first. */
async function usedHome(): Promise<Awaited<ReturnType<typeof temporaryHome>> & { readonly firstMs: number }> {
  const home = await temporaryHome();
  const cluster = await startCluster({ withGateway: false, home: home.path });
  await cluster.stop();
  return { ...home, firstMs: cluster.readyMs };
}

async function withoutGateway({ runs, say }: BenchContext): Promise<Results> {
  const first: number[] = [];
  const ready: number[] = [];
  const answered: number[] = [];
  const program: number[] = [];
  const cpu: number[] = [];
  await using home = await usedHome();
  first.push(home.firstMs);
  for (let run = 0; run < runs; run += 1) {
    say(`start without gateway ${run + 1} of ${runs}`);
    await using cluster = await startCluster({ withGateway: false, home: home.path });
    ready.push(cluster.readyMs);
    answered.push(await firstAnswer(cluster));
    cpu.push(cpuSeconds(cluster.pids()));
  }
  for (let run = 0; run < runs; run += 1) {
    await using cluster = await startCluster({ withGateway: false, home: home.path });
    await firstProgram(cluster);
    program.push(performance.now() - cluster.startedAt);
  }
  return {
    new_folder_to_ready_ms: summary(first),
    to_ready_ms: summary(ready),
    to_first_answer_ms: summary(answered),
    to_first_answer_cpu_s: summary(cpu, 2),
    to_first_answer_of_a_new_program_ms: summary(program),
    idle: await idle({ withGateway: false, home: home.path }),
  };
}

async function firstAnswer(cluster: RunningCluster): Promise<number> {
  const connection = await connect({ home: cluster.home });
  try {
    const echo = await connection.actors.create(EchoSpec, { cpu: 0.01, memory: '64MiB' });
    const length = await echo.call.lengthOf('hello');
    const ms = performance.now() - cluster.startedAt;
    prove(length === 5, 'the first actor answers');
    return ms;
  } finally {
    await connection.close();
  }
}

async function firstProgram({ home }: RunningCluster): Promise<void> {
  const child = spawn(process.execPath, [FIRST_ANSWER, home], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (piece: Buffer) => (printed += piece.toString()));
  // The answer counts, not the end of the program.
  await new Promise((resolve) => child.stdout.once('data', resolve).once('end', resolve));
  prove(printed.trim() === '5', 'the first actor of a new program answers');
  await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(null)));
}

async function withGateway({ runs, say }: BenchContext): Promise<Results> {
  const ready: number[] = [];
  const cpu: number[] = [];
  await using home = await usedHome();
  for (let run = 0; run < runs; run += 1) {
    say(`start with gateway ${run + 1} of ${runs}`);
    await using cluster = await startCluster({ withGateway: true, home: home.path });
    ready.push(cluster.readyMs);
    cpu.push(cpuSeconds(cluster.pids()));
  }
  return { to_health_ready_ms: summary(ready), to_health_ready_cpu_s: summary(cpu, 2) };
}

async function npmStart({ runs, say }: BenchContext): Promise<Results> {
  say('npm start');
  const ready: number[] = [];
  await using home = await usedHome();
  const options = { withGateway: true, withNpm: true, home: home.path };
  for (let run = 0; run < runs; run += 1) {
    await using cluster = await startCluster(options);
    ready.push(cluster.readyMs);
  }
  return { to_health_ready_ms: summary(ready), idle: await idle(options) };
}

async function idle(options: StartOptions): Promise<Results> {
  await using cluster = await startCluster(options);
  await wait(SETTLE_MS);
  const pids = cluster.pids();
  const cpuBefore = cpuSeconds(pids);
  const [pss, kinds] = [pssMib(pids), pssByKind(pids)];
  await wait(SETTLE_MS);
  const cores = (cpuSeconds(pids) - cpuBefore) / (SETTLE_MS / 1000);
  return { pss_mib: pss, processes: pids.length, by_kind: kinds, cores: Number(cores.toFixed(3)) };
}
