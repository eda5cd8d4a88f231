import { parentPort, workerData } from 'node:worker_threads';
import { KERNELS, type AnyKernel, type KernelName } from './kernels.js';
import { JobMemory, WorkEnded } from './thread-work.js';

/** What a thread is started with. */
export interface ThreadStart {
  readonly kernel: KernelName;
  readonly shared: unknown;
}
export type ToThread = { readonly kind: 'job'; readonly job: unknown; readonly memory: SharedArrayBuffer } | { readonly kind: 'close' };
export type FromThread = { readonly kind: 'done'; readonly answer: unknown } | { readonly kind: 'ended' };

/* The entry of a computing thread: it does one job at a time, and ends when it is told to. An error ends it, and its pool hears of that. */

const port = parentPort;
if (!port) throw new Error('This module is the entry of a worker thread.');
const { kernel, shared } = workerData as ThreadStart;
const run = KERNELS[kernel]().then((loaded) => (loaded as AnyKernel).open(shared));

port.on('message', (message: ToThread) => {
  if (message.kind === 'close') port.close();
  else void answered(message.job, new JobMemory(message.memory)).then((answer) => port.postMessage(answer));
});

async function answered(job: unknown, memory: JobMemory): Promise<FromThread> {
  try {
    return {
      kind: 'done',
      answer: (await run)(
        job,
        memory.work(() => undefined),
      ),
    };
  } catch (error) {
    if (error instanceof WorkEnded) return { kind: 'ended' };
    throw error;
  }
}
