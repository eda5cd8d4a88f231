import { Worker } from 'node:worker_threads';
import { deferred } from '@trainer/runtime';
import type { CrewStart, ToCrew } from './crew-worker.js';
import { doJob, type CrewFinds, type CrewJob } from './crew-jobs.js';
import { FileWindow } from './file-window.js';

/** Threads that work on one file, this one among them. */
export interface Crew {
  readonly size: number;
  readonly file: FileWindow;
  /** Does `first` on this thread while the others begin the job, then joins them. @returns what each thread found */
  run<F>(job: CrewJob, first?: () => F): Promise<CrewFinds[]>;
  /** Ends the threads. Idempotent. */
  close(): void;
}

/** One thread, or more for a file that is worth the tenth of a second that they take to start. */
export function openCrew(path: string, threads: number): Crew {
  const file = new FileWindow(path);
  const workers = Array.from({ length: threads - 1 }, (_, index) => openWorker({ path, thread: index + 1 }));
  let isOpen = true;
  return {
    size: threads,
    file,
    async run(job, first = undefined) {
      const others = workers.map((worker) => worker.run(job));
      first?.();
      const own = doJob(file, job, 0);
      return [own, ...(await Promise.all(others))];
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      workers.forEach((worker) => worker.close());
      file.close();
    },
  };
}

function openWorker(start: CrewStart): { run(job: CrewJob): Promise<CrewFinds>; close(): void } {
  const worker = new Worker(new URL('./crew-worker.js', import.meta.url), { workerData: start });
  const ended = deferred<never>();
  // Whoever waits for a job hears of it.
  ended.promise.catch(() => undefined);
  let found: (finds: CrewFinds) => void = () => undefined;
  worker.on('message', (finds: CrewFinds) => found(finds));
  worker.on('error', (error) => ended.reject(error));
  worker.on('exit', (code) => ended.reject(new Error(`A reading thread ended with code ${code}.`)));
  const post = (message: ToCrew): void => worker.postMessage(message);
  return {
    run(job) {
      const finds = new Promise<CrewFinds>((resolve) => {
        found = resolve;
      });
      post(job);
      return Promise.race([finds, ended.promise]);
    },
    close: () => post({ kind: 'close' }),
  };
}
