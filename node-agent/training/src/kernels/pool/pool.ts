import { Worker } from 'node:worker_threads';
import { deferred } from '@trainer/runtime';
import type { Work } from '../../learning/learner.js';
import type { KernelName } from './kernels.js';
import type { FromThread, ThreadStart, ToThread } from './pool-worker.js';
import { JobMemory, type Kernel } from './thread-work.js';

/** Threads that do one job at a time together, this thread among them. */
export interface ThreadPool<Job, Answer> {
  /**
   * Does a job with all threads. While it runs `work` is told how far all of them are, at least five times a second; what its tick throws
   * ends the job on all threads, and is thrown on.
   * @returns each thread's answer, this one's first
   * @throws Error when a thread has died, or the kernel's own error
   */
  run(job: Job, work: Work): Promise<readonly Answer[]>;
  /** Ends the threads. Idempotent. */
  close(): void;
}

/** How often this thread looks after the others once its own part is done. */
const WATCH_MS = 50;

/**
 * Threads are started by the first job, 40 ms and 10 MiB each, and wait without work until `close`.
 * @param threads in all; with one nothing is started
 */
export function openPool<Shared, Job, Answer>(
  name: KernelName,
  kernel: Kernel<Shared, Job, Answer>,
  shared: Shared,
  threads: number,
): ThreadPool<Job, Answer> {
  const own = kernel.open(shared);
  let others: readonly PoolThread<Job, Answer>[] | null = null;
  let isOpen = true;
  return {
    async run(job, work) {
      if (!isOpen) throw new RangeError('The pool is closed.');
      others ??= Array.from({ length: threads - 1 }, () => openThread<Job, Answer>({ kernel: name, shared }));
      const memory = new JobMemory();
      const answers = others.map((thread) => thread.run(job, memory));
      const all = Promise.all(answers);
      // A failure is heard where it is awaited.
      all.catch(() => undefined);
      try {
        const first = own(
          job,
          memory.work(() => work.tick(memory.share)),
        );
        return [first, ...(await watched(all, () => work.tick(memory.share)))];
      } catch (error) {
        memory.end();
        await Promise.allSettled(answers);
        throw error;
      }
    },
    close() {
      isOpen = false;
      others?.forEach((thread) => thread.close());
      others = null;
    },
  };
}

interface PoolThread<Job, Answer> {
  run(job: Job, memory: JobMemory): Promise<Answer>;
  close(): void;
}

function openThread<Job, Answer>(start: ThreadStart): PoolThread<Job, Answer> {
  const worker = new Worker(new URL('./pool-worker.js', import.meta.url), { workerData: start });
  const ended = deferred<never>();
  // Whoever waits for a job hears of it.
  ended.promise.catch(() => undefined);
  let heard: (message: FromThread) => void = () => undefined;
  worker.on('message', (message: FromThread) => heard(message));
  worker.on('error', (error) => ended.reject(error));
  worker.on('exit', (code) => ended.reject(new Error(`A computing thread ended with code ${code}.`)));
  const post = (message: ToThread): void => worker.postMessage(message);
  return {
    run(job, memory) {
      const answer = new Promise<Answer>((resolve, reject) => {
        heard = (message) => (message.kind === 'done' ? resolve(message.answer as Answer) : reject(new Error('The job was ended.')));
      });
      post({ kind: 'job', job, memory: memory.memory });
      return Promise.race([answer, ended.promise]);
    },
    close: () => post({ kind: 'close' }),
  };
}

/** Waits, and looks now and then; what the look throws ends the wait. */
async function watched<T>(promise: Promise<T>, look: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const thrown = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      try {
        look();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }, WATCH_MS);
  });
  try {
    return await Promise.race([promise, thrown]);
  } finally {
    clearInterval(timer);
  }
}
