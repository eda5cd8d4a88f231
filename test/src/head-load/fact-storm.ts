import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { connectHead } from '@trainer/client/internal';
import { openObjectStore } from '@trainer/storage';
import { timeScale } from '@trainer/runtime';
import { startRealServers } from '../real-servers.js';
import { actorIn, HeadClients } from '../rpc/head-clients.js';
import { openHead, storeConfigOf } from '../rpc/open-head.js';
import type { StormData } from './fact-storm-agent.js';
import { LoopCpu } from './loop-cpu.js';

export interface Storm {
  readonly kind: StormData['kind'];
  readonly agents: number;
}

export interface StormFigures {
  /** CPU time of the longest round of the head's event loop. */
  readonly longestTurnMs: number;
  /** Until all of it was acknowledged. */
  readonly storedMs: number;
  readonly heapMib: number;
}

const THREADS = 4;
const IRIS = { modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' } as const;

/** Agents that send 1 MiB of facts each at the same moment, as after an outage, to a real head in this thread. */
export async function factStorm({ kind, agents }: Storm): Promise<StormFigures> {
  const servers = await startRealServers();
  const objects = await openObjectStore(storeConfigOf(servers));
  await objects.put('data-preparer', IRIS.dataId, Buffer.from('a,b\n1,2\n'));
  const head = await openHead(servers, { timeScale: timeScale(1), maxParallelJobs: 10_000 });
  const { address } = head;
  const threads = Math.min(THREADS, agents);
  const share = agents / threads;
  const workers = Array.from({ length: threads }, (_, n) => {
    const workerData: StormData = { address, secret: servers.secret, natsUrl: servers.natsUrl, first: n * share + 1, agents: share, kind };
    return new Worker(new URL('./fact-storm-agent.js', import.meta.url), { workerData });
  });
  const connection = connectHead({ address, secret: servers.secret });
  const clients = new HeadClients(address, servers.secret);
  try {
    const ready = workers.map((worker) => once(worker, 'message'));
    const session = await clients.session();
    const calls = clients.actors(servers.secret);
    for (let n = 0; n < agents; n += 1) {
      if (kind === 'epochs') await connection.jobs.submit(IRIS);
      else void calls.create({ ...actorIn(session.id), resources: { cpuMilli: 1_000, memoryBytes: 2 ** 20, gpuMilli: 0 } }, 100_000);
    }
    await Promise.all(ready);
    const probe = new LoopCpu();
    const begun = performance.now();
    const stored = workers.map((worker) => once(worker, 'message'));
    probe.start();
    for (const worker of workers) worker.postMessage('go');
    const answers = (await Promise.all(stored)).flat();
    const storedMs = performance.now() - begun;
    const longestTurnMs = probe.stop();
    if (answers.some((answer) => answer !== 'stored')) throw new Error(`Not all was stored: ${answers.join('; ')}`);
    return { longestTurnMs, storedMs, heapMib: process.memoryUsage().rss / 2 ** 20 };
  } finally {
    connection.close();
    clients.close();
    await Promise.all(workers.map((worker) => worker.terminate()));
    await head.close();
    await servers.stop();
  }
}
