import { createHash } from 'node:crypto';
import { startFaultCluster, type FaultCluster } from './fault-cluster.js';
import { signalTo } from './processes.js';
import { slowTable, slowTraining } from './slow-training.js';

const TREES = 60;
const FORMATS = ['onnx', 'native', 'pkl'];
const LONGEST_MS = 100_000;
const ASK_WITHIN_MS = 5_000;
/** A job is over when what its lost attempts left is surely dead, which is at most 15 s later at this scale; a head is back before that. */
const SHORT_HEADLESS = { TRAINER_HEADLESS_S: '45' };
/** The cluster's patience is a third: a lost node's job is taken up again after 3 s and not 10. */
const TIME_SCALE = 0.33;

/** Where a library hides random state, a resumed training is another matter than where it does not. */
export type Way = 'without sampling' | 'with subsample';
export const WAYS: readonly Way[] = ['without sampling', 'with subsample'];
const REQUESTS: Readonly<Record<Way, Readonly<Record<string, unknown>>>> = {
  'without sampling': slowTraining(TREES),
  'with subsample': slowTraining(TREES, { subsample: 0.7, colsample_bytree: 0.8 }),
};

export type Victim = 'rank' | 'agent' | 'head' | 'everything';
export interface Interruption {
  readonly way: Way;
  readonly victim: Victim;
  /** The phase whose event is waited for; the job may be in a later one when the signal arrives. */
  readonly phase: string;
  /** In training, how many epochs are waited for too. Default 0. */
  readonly pastEpoch?: number;
}

/** What came of a training that was interrupted. */
export interface Interrupted {
  readonly status: string;
  readonly error: string | null;
  readonly attempts: number;
  /** As REST showed it just before the signal. */
  readonly hitIn: string;
  readonly hitAtEpoch: number;
  /** From the signal until a later attempt trained, or the same one trained on or had ended. */
  readonly goesOnMs: number;
  readonly completedMs: number;
  /** The epochs that REST shows. */
  readonly epochs: readonly number[];
  /** `format sha256` of each file as downloaded. */
  readonly files: readonly string[];
  readonly metrics: Readonly<Record<string, number | null>>;
}

interface ShownJob {
  readonly job_id: string;
  readonly status: string;
  readonly phase: string;
  readonly attempt: number;
  readonly current_epoch: number;
  readonly error_message: string | null;
  readonly best_metrics: Readonly<Record<string, number | null>>;
}
const FINAL = new Set(['completed', 'failed', 'cancelled']);

/** Whether a job went on since it was as `before`; what a killed attempt had still to tell is no progress. */
function isFurther(before: ShownJob, now: ShownJob, isSameAttempt: boolean): boolean {
  if (FINAL.has(now.status) || now.phase === 'promoting') return true;
  if (now.attempt > before.attempt) return now.phase === 'training' || now.phase === 'exporting';
  return isSameAttempt && now.current_epoch > before.current_epoch;
}

/** A cluster of two agents that trains the same again and again, undisturbed and not. */
export class InterruptedTraining implements AsyncDisposable {
  private constructor(readonly cluster: FaultCluster) {}

  static async start(): Promise<InterruptedTraining> {
    const cluster = await startFaultCluster({ agents: 2, timeScale: TIME_SCALE, env: SHORT_HEADLESS });
    await fetch(`${cluster.restUrl}/data/slow.csv`, { method: 'PUT', body: slowTable() });
    return new InterruptedTraining(cluster);
  }

  /** How many epochs each has. */
  get epochs(): number {
    return TREES;
  }

  async undisturbed(way: Way): Promise<Interrupted> {
    const id = await this.#submit(way);
    const begun = performance.now();
    return this.#told(id, { hitIn: 'never', hitAtEpoch: 0, goesOnMs: 0 }, begun);
  }

  /** Trains, sends SIGKILL when the phase is heard of, starts again what does not come back by itself, and waits for the end. */
  async interrupt({ way, victim, phase, pastEpoch = 0 }: Interruption): Promise<Interrupted> {
    const id = await this.#submit(way);
    await this.#hears(id, phase);
    if (pastEpoch > 0)
      await this.#until(`job ${id} is past epoch ${pastEpoch}`, async () => (await this.#job(id)).current_epoch > pastEpoch);
    const before = await this.#job(id);
    const begun = performance.now();
    await this.#kill(victim);
    await this.cluster.mend();
    const goesOn = async (): Promise<boolean> => isFurther(before, await this.#job(id), victim === 'head');
    await this.#until(`job ${id} goes on`, goesOn);
    const goesOnMs = performance.now() - begun;
    return this.#told(id, { hitIn: before.phase, hitAtEpoch: before.current_epoch, goesOnMs }, begun);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster.close();
  }

  async #kill(victim: Victim): Promise<void> {
    const { cluster } = this;
    if (victim === 'head') return cluster.part('head').kill();
    if (victim === 'everything') {
      for (const { pid } of cluster.processes()) signalTo(pid, 'SIGKILL');
      await this.#until('nothing runs', () => cluster.processes().length === 0);
      return;
    }
    // Before a rank has started there is none to kill; after it has ended neither.
    const agent = cluster.agents.find((name) => cluster.actorProcesses(name).length > 0);
    if (victim === 'rank') for (const { pid } of cluster.actorProcesses()) signalTo(pid, 'SIGKILL');
    else if (agent !== undefined) await cluster.part(agent).kill();
  }

  async #told(id: string, hit: Pick<Interrupted, 'hitIn' | 'hitAtEpoch' | 'goesOnMs'>, begun: number): Promise<Interrupted> {
    await this.#until(`job ${id} has ended`, async () => FINAL.has((await this.#job(id)).status));
    const completedMs = performance.now() - begun;
    const job = await this.#job(id);
    const { recent_metrics: shown } = await this.#get<{ recent_metrics: { epoch: number }[] }>(`/train/${id}/progress?epochs=all`);
    await this.#until('no rank is left', () => this.cluster.actorProcesses().length === 0);
    return {
      ...hit,
      status: job.status,
      error: job.error_message,
      attempts: job.attempt,
      completedMs,
      epochs: shown.map(({ epoch }) => epoch),
      files: job.status === 'completed' ? await Promise.all(FORMATS.map((format) => this.#digest(id, format))) : [],
      metrics: job.best_metrics,
    };
  }

  async #digest(id: string, format: string): Promise<string> {
    const answer = await fetch(`${this.cluster.restUrl}/models/${id}/download?format=${format}`);
    return `${format} ${createHash('sha256')
      .update(Buffer.from(await answer.arrayBuffer()))
      .digest('hex')}`;
  }

  async #submit(way: Way): Promise<string> {
    const answer = await fetch(`${this.cluster.restUrl}/train`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(REQUESTS[way]),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`POST /train answered ${answer.status} ${text}`);
    return (JSON.parse(text) as ShownJob).job_id;
  }

  /** Waits for an event that tells the phase. */
  async #hears(id: string, phase: string): Promise<void> {
    const aborter = new AbortController();
    let text = '';
    const listening = fetch(`${this.cluster.restUrl}/train/${id}/events`, { signal: aborter.signal }).then(async ({ body }) => {
      for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) text += piece;
    });
    listening.catch(() => undefined);
    try {
      await this.#until(`an event tells that ${id} is ${phase}`, () => text.includes(`"phase":"${phase}"`));
    } finally {
      aborter.abort();
    }
  }

  #until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
    return this.cluster.until(what, condition, LONGEST_MS);
  }

  #job(id: string): Promise<ShownJob> {
    return this.#get(`/train/${id}`);
  }

  async #get<T>(path: string): Promise<T> {
    const { text } = await this.#until(`GET ${path} is answered`, async () => {
      const answer = await fetch(`${this.cluster.restUrl}${path}`, { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
      const told = { status: answer.status, text: await answer.text() };
      // A head that was killed is back, but the gateway may not have found it yet.
      if (told.status !== 200 && told.status !== 503) throw new Error(`GET ${path} answered ${told.status} ${told.text}`);
      return told.status === 200 ? told : null;
    });
    return JSON.parse(text) as T;
  }
}
