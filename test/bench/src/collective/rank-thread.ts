import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { threadCollective } from '@trainer/actor';
import { prove } from '../measuring/timing.js';
import type { ThreadAsked } from './messages.js';

const { port, rank } = workerData as { readonly port: MessagePort; readonly rank: number };
const team = threadCollective(port, { rank, worldSize: 2 });
/** As a learner has its gradients: in memory that is shared and used again. */
let memory: Float32Array = new Float32Array(0);

parentPort?.on('message', (asked: ThreadAsked | null) => {
  if (asked === null) {
    port.close();
    parentPort?.close();
  } else void reduced(asked).then((ms) => parentPort?.postMessage(ms));
});

async function reduced({ length, isBlocking }: ThreadAsked): Promise<number> {
  if (memory.length !== length) memory = new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
  memory.fill(rank + 1);
  await team.barrier();
  const begun = performance.now();
  if (isBlocking) team.blocking.allReduce(memory, 'sum');
  else await team.allReduce(memory, 'sum');
  const ms = performance.now() - begun;
  prove(
    memory.every((value) => value === 3),
    'every element is the sum of both ranks',
  );
  return ms;
}
