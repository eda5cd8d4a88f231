import { whenAborted } from '../http/caller-gone.js';
import { CallerGoneError } from '../http/errors.js';

/** What one work is asked by many. */
interface Running<T> {
  readonly answer: Promise<T>;
  readonly work: AbortController;
  waiting: number;
}

export interface SharedLimits {
  /** Works at once. */
  readonly running: number;
  /** Answers that are kept, and their sizes together; the one that was asked for longest ago goes first. */
  readonly kept: number;
  readonly keptSize: number;
}

/**
 * Answers that cost much and stay true: equal questions share one work, its answer is kept, and a work that nobody waits for any more
 * is cancelled. Failures are not kept.
 */
export class SharedAnswers<T> {
  readonly #running = new Map<string, Running<T>>();
  readonly #kept = new Map<string, { readonly answer: T; readonly size: number }>();
  #keptSize = 0;
  /** Works that have not ended, cancelled ones too. */
  #working = 0;

  constructor(
    private readonly limits: SharedLimits,
    private readonly sizeOf: (answer: T) => number,
    /** What is thrown where too many works run. */
    private readonly busy: (most: number) => Error,
  ) {}

  /** @param gone this one's caller. @throws CallerGoneError, and what the work throws */
  async get(question: string, gone: AbortSignal, work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
    const kept = this.#kept.get(question);
    if (kept !== undefined) {
      this.#kept.delete(question);
      this.#kept.set(question, kept);
      return kept.answer;
    }
    const running = this.#running.get(question) ?? this.#begin(question, work);
    running.waiting += 1;
    const left = whenAborted(gone);
    try {
      return await Promise.race([running.answer, left.promise.then(() => Promise.reject(new CallerGoneError()))]);
    } finally {
      left.release();
      running.waiting -= 1;
      if (running.waiting === 0) this.#over(question, running);
    }
  }

  #begin(question: string, work: (cancelled: AbortSignal) => Promise<T>): Running<T> {
    if (this.#working >= this.limits.running) throw this.busy(this.limits.running);
    const controller = new AbortController();
    const answer = work(controller.signal);
    const running: Running<T> = { answer, work: controller, waiting: 0 };
    this.#running.set(question, running);
    this.#working += 1;
    const ended = (): void => {
      this.#working -= 1;
    };
    answer.then((found) => {
      ended();
      this.#keep(question, found);
    }, ended);
    return running;
  }

  /** Idempotent; a work that has answered has nothing to be cancelled. */
  #over(question: string, running: Running<T>): void {
    if (this.#running.get(question) === running) this.#running.delete(question);
    running.work.abort();
  }

  #keep(question: string, answer: T): void {
    const size = this.sizeOf(answer);
    if (size > this.limits.keptSize) return;
    // A cancelled work may answer after the one that followed it.
    this.#drop(question);
    this.#kept.set(question, { answer, size });
    this.#keptSize += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.limits.kept && this.#keptSize <= this.limits.keptSize) return;
      this.#drop(oldest);
    }
  }

  #drop(question: string): void {
    this.#keptSize -= this.#kept.get(question)?.size ?? 0;
    this.#kept.delete(question);
  }
}
