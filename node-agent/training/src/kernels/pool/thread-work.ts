import { pacedBy, type Pace } from './pace.js';

/** How one thread of a pool does its part of a job. */
export interface ThreadWork extends Pace {
  /** A piece of the job that no thread has taken, from 0 up. */
  next(): number;
  /** So much of the whole job is done by this thread, beside what it told before; of all threads 1 in the end. */
  done(share: number): void;
}

/**
 * What threads run. `open` is called once a thread with what all of them share, and gives what does the jobs; what a job and its answer hold is
 * cloned between threads, but for shared memory.
 */
export interface Kernel<Shared, Job, Answer> {
  open(shared: Shared): (job: Job, work: ThreadWork) => Answer;
}

/** A thread's work was ended, since another's was. */
export class WorkEnded extends Error {
  override readonly name = 'WorkEnded';
}

const [ENDED, NEXT, DONE] = [0, 1, 2];
const NUMBERS = 3;
/** Millionths are fine enough for a share, and fit into an Int32. */
const WHOLE = 1_000_000;

/** What the threads share of one job, in memory. */
export class JobMemory {
  readonly #numbers: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(NUMBERS * Int32Array.BYTES_PER_ELEMENT)) {
    this.#numbers = new Int32Array(memory);
  }

  /** Every thread ends its work when it looks next. */
  end(): void {
    Atomics.store(this.#numbers, ENDED, 1);
  }

  /** What all threads have done, 0..1. */
  get share(): number {
    return Math.min(1, Atomics.load(this.#numbers, DONE) / WHOLE);
  }

  /** @param look called now and then; what it throws ends this thread's work. */
  work(look: () => void): ThreadWork {
    const numbers = this.#numbers;
    let untold = 0;
    const pace = pacedBy(() => {
      const told = Math.floor(untold * WHOLE);
      untold -= told / WHOLE;
      Atomics.add(numbers, DONE, told);
      if (Atomics.load(numbers, ENDED) === 1) throw new WorkEnded();
      look();
    });
    return {
      spend: (units) => pace.spend(units),
      next: () => Atomics.add(numbers, NEXT, 1),
      done: (share) => {
        untold += share;
      },
    };
  }
}
