import { parentPort, workerData } from 'node:worker_threads';
import { nodeId } from '@trainer/model';
import type { FactBody, LeaseId } from '@trainer/model';
import { systemClock, until } from '@trainer/runtime';
import { TestAgent } from '../rpc/test-agent.js';

/** What a thread of agents is started with. */
export interface StormData {
  readonly address: string;
  readonly secret: string;
  readonly natsUrl: string;
  readonly first: number;
  readonly agents: number;
  readonly kind: 'epochs' | 'states';
}

const WAIT_MS = 120_000;
const data = workerData as StormData;
const METRICS = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`validation_metric_${n}`, 1 / (n + 3)]));
/** Messages of 64 KiB. */
const TOGETHER = { epochs: 45, states: 1 };
const EPOCHS = 900;
const STATES = 16;

/** About 1 MiB, as an agent sends at most before it hears an acknowledgement. */
function facts(): FactBody[] {
  if (data.kind === 'states')
    return Array.from({ length: STATES }, (_, n) => ({
      kind: 'state',
      state: { kind: 'inline', bytes: Buffer.alloc(2 ** 20 / STATES, n) },
    }));
  const none = { trainLoss: 0.5, valLoss: null, trainAccuracy: null, valAccuracy: null, learningRate: null };
  return Array.from({ length: EPOCHS }, (_, n) => ({
    kind: 'rank',
    report: { kind: 'epoch', metrics: { epoch: n + 1, ...none, additional: METRICS }, done: n / EPOCHS },
  }));
}

async function prepared(n: number): Promise<{ agent: TestAgent; lease: LeaseId }> {
  const node = nodeId(`node-${n.toString(16).padStart(12, '0')}`);
  const agent = await TestAgent.start({ ...data, node });
  await agent.connect([], 1_000);
  const placed = await until('a placement', () => agent.placed[0], { clock: systemClock(), deadlineMs: WAIT_MS });
  await agent.fact(placed.lease, { kind: 'started', pid: 7 });
  await agent.fact(placed.lease, { kind: 'ready', address: '127.0.0.1:7' });
  return { agent, lease: placed.lease };
}

const all = await Promise.all(Array.from({ length: data.agents }, (_, n) => prepared(data.first + n)));
parentPort?.once('message', () => {
  const sent = all.map(({ agent, lease }) => agent.manyFacts(lease, facts(), TOGETHER[data.kind], WAIT_MS));
  Promise.all(sent).then(
    async () => {
      parentPort?.postMessage('stored');
      await Promise.all(all.map(({ agent }) => agent.close()));
    },
    (error: unknown) => parentPort?.postMessage(String(error)),
  );
});
parentPort?.postMessage('ready');
