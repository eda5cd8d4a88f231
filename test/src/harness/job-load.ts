import { setTimeout as wait } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;
const RETRY_EVERY_MS = 50;
/** While faults go on, a request is given up early and made again. */
const ASK_WITHIN_MS = 3_000;
/** When all is over there is one look, on a machine that may do much else. */
const WHEN_OVER_WITHIN_MS = 20_000;
const FINAL = new Set(['completed', 'failed', 'cancelled']);

/** What the load looks at of a job. */
export interface SeenJob {
  readonly job_id: string;
  readonly status: string;
  readonly phase: string;
  readonly attempt: number;
  readonly current_epoch: number;
  readonly total_epochs: number;
  readonly error_message: string | null;
  readonly pending_reason: string | null;
}

interface FollowedJob {
  readonly id: string;
  /** Each look that saw something else than the one before. */
  readonly seen: { readonly atMs: number; readonly job: SeenJob }[];
}

/** Submits jobs over REST, keeps looking at each that was accepted, and knows afterwards what was wrong with what it saw. */
export class JobLoad {
  readonly #jobs = new Map<string, FollowedJob>();
  #isStopped = false;
  #looking: Promise<void> | null = null;
  #keys = 0;
  readonly #settled = new Set<string>();

  constructor(
    private readonly url: string,
    /** Distinguishes its idempotency keys from those of others. */
    private readonly name: string,
  ) {}

  get ids(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  /** Submits until it is accepted, always with the same key: only one job may come of it. @returns its id */
  async submit(body: Readonly<Record<string, unknown>>, withinMs: number): Promise<string> {
    const key = `${this.name}-${(this.#keys += 1)}`;
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { status, text } = await this.#ask('/train', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
      if (status === 200) return this.#accepted((JSON.parse(text) as SeenJob).job_id);
      // 0: no answer at all. Anything else is no fault of the cluster's.
      if (![0, 503, 500, 502, 504].includes(status) || performance.now() > deadline)
        throw new Error(`POST /train was not accepted within ${withinMs} ms; the last answer was ${status} ${text}`);
      await wait(RETRY_EVERY_MS);
    }
  }

  /** Cancels until that is answered; a job that is over or promoted by now is left to that. */
  async cancel(id: string, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { status, text } = await this.#ask(`/train/${id}`, { method: 'DELETE' });
      if (status === 200 || status === 400) return;
      if (![0, 503, 500, 502, 504].includes(status) || performance.now() > deadline)
        throw new Error(`DELETE /train/${id} was not answered within ${withinMs} ms; the last answer was ${status} ${text}`);
      await wait(RETRY_EVERY_MS);
    }
  }

  /** The job as last seen. */
  job(id: string): SeenJob | null {
    return this.#jobs.get(id)?.seen.at(-1)?.job ?? null;
  }

  /**
   * When the job was first seen after `sinceMs` (of performance.now()) to train beyond where it was, or to have ended; null until then.
   * @param inNewAttempt what the attempt of before still tells does not count
   */
  progressedAfter(id: string, sinceMs: number, inNewAttempt: boolean): number | null {
    const seen = this.#jobs.get(id)?.seen ?? [];
    const before = seen.findLast(({ atMs }) => atMs <= sinceMs)?.job;
    // It may have ended while the fault was on its way.
    if (before !== undefined && FINAL.has(before.status)) return sinceMs;
    const isFurther = ({ attempt, current_epoch: epoch, status, phase }: SeenJob): boolean =>
      FINAL.has(status) ||
      (phase === 'training' && (attempt > (before?.attempt ?? 0) || (!inNewAttempt && epoch > (before?.current_epoch ?? 0))));
    return seen.find(({ atMs, job }) => atMs > sinceMs && isFurther(job))?.atMs ?? null;
  }

  isFinal(id: string): boolean {
    return FINAL.has(this.job(id)?.status ?? '');
  }

  /** Whether it was looked at once more after its end. */
  isSettled(id: string): boolean {
    return this.#settled.has(id);
  }

  isOver(): boolean {
    return this.ids.every((id) => this.isFinal(id) && this.isSettled(id));
  }

  /** Looks at all its jobs again and again. */
  start(): this {
    this.#isStopped = false;
    this.#looking ??= this.#look();
    return this;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#looking;
    this.#looking = null;
  }

  describe(): string {
    return JSON.stringify([...this.#jobs.values()].map(({ seen }) => seen.at(-1)?.job));
  }

  /**
   * What is wrong: with each job that was accepted, with its epochs and with its events. Everything is over by now.
   * @param expected the statuses that it may have ended with
   */
  async violations(expected: readonly string[] = ['completed']): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const { id, seen } of this.#jobs.values()) {
      const last = await this.#get<SeenJob>(`/train/${id}`);
      if (!expected.includes(last.status)) wrong.push(`${id} was accepted and is ${last.status}: ${last.error_message}`);
      const firstFinal = seen.find(({ job }) => FINAL.has(job.status))?.job.status;
      if (firstFinal !== undefined && firstFinal !== last.status) wrong.push(`${id} was ${firstFinal} and then ${last.status}`);
      seen.forEach(({ job }, at) => {
        const before = seen[at - 1]?.job;
        if (before !== undefined && job.attempt < before.attempt) wrong.push(`${id} went from attempt ${before.attempt} to ${job.attempt}`);
      });
      if (last.status === 'completed') wrong.push(...(await this.#epochsOf(last)), ...(await this.#modelOf(id)));
      wrong.push(...(await this.#eventsOf(id, last.status)));
    }
    return wrong;
  }

  async #epochsOf(job: SeenJob): Promise<readonly string[]> {
    const { recent_metrics: metrics } = await this.#get<{ recent_metrics: { epoch: number }[] }>(
      `/train/${job.job_id}/progress?epochs=all`,
    );
    const epochs = metrics.map(({ epoch }) => epoch);
    const isEachOnce = epochs.length === job.current_epoch && epochs.every((epoch, at) => epoch === at + 1);
    return isEachOnce ? [] : [`${job.job_id} has ${job.current_epoch} epochs and shows ${JSON.stringify(epochs)}`];
  }

  /** The row of a completed job leads to its files. */
  async #modelOf(id: string): Promise<readonly string[]> {
    const { status } = await this.#ask(`/models/${id}/download`, {}, WHEN_OVER_WITHIN_MS);
    return status === 200 ? [] : [`${id} is completed and the download of its model answers ${status}`];
  }

  /** Numbers without a gap, and nothing after the final status. */
  async #eventsOf(id: string, status: string): Promise<readonly string[]> {
    const text = await (await fetch(`${this.url}/train/${id}/events`, { signal: AbortSignal.timeout(WHEN_OVER_WITHIN_MS) })).text();
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('id: '));
    const ids = frames.map((frame) => Number(/^id: (\d+)/.exec(frame)?.[1]));
    const finals = frames.map((frame) => /"status":"(completed|failed|cancelled)"/.exec(frame)?.[1]).filter((found) => found !== undefined);
    const wrong: string[] = [];
    if (!ids.every((number, at) => number === at + 1)) wrong.push(`${id} has events ${JSON.stringify(ids)}`);
    if (finals.length !== 1 || finals[0] !== status) wrong.push(`${id} is ${status} and its events end it with ${JSON.stringify(finals)}`);
    return wrong;
  }

  #accepted(id: string): string {
    if (this.#jobs.has(id)) return id;
    this.#jobs.set(id, { id, seen: [] });
    return id;
  }

  async #look(): Promise<void> {
    while (!this.#isStopped) {
      for (const { id, seen } of this.#jobs.values()) {
        // One more look after the final status: it stays.
        if (this.#settled.has(id)) continue;
        const { status, text } = await this.#ask(`/train/${id}`, {});
        if (status === 0 || status >= 500) continue;
        const job = JSON.parse(text) as SeenJob;
        if (status !== 200) throw new Error(`${id} was accepted and GET answers ${status} ${text}`);
        if (this.isFinal(id)) this.#settled.add(id);
        if (JSON.stringify(job) !== JSON.stringify(seen.at(-1)?.job)) seen.push({ atMs: performance.now(), job });
      }
      await wait(LOOK_EVERY_MS);
    }
  }

  async #get<T>(path: string): Promise<T> {
    const { status, text } = await this.#ask(path, {}, WHEN_OVER_WITHIN_MS);
    if (status !== 200) throw new Error(`GET ${path} answered ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** @returns status 0 when nobody answered in time. */
  async #ask(path: string, init: RequestInit, withinMs = ASK_WITHIN_MS): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const answer = await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(withinMs) });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }
}
