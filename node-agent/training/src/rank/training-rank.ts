import { Worker } from 'node:worker_threads';
import type { RankContext, SystemActor } from '@trainer/actor';
import { TrainerError, toErrorData, type Begin, type TrainingAssignment, type TrainingResult } from '@trainer/model';
import { deferred, systemClock } from '@trainer/runtime';
import { openObjectStore } from '@trainer/storage';
import { AttemptStore } from './attempt-store.js';
import { failureOf } from './failure.js';
import type { CheckpointBytes, FinishedTraining, FromWorker, ToWorker, WorkerOutcome, WorkerStart } from './rank-messages.js';

/** The worker thread ended by itself, without an outcome. */
class TrainingThreadError extends TrainerError<'training.thread', { exitCode: number }> {
  constructor(exitCode: number) {
    super('training.thread', `The training thread ended with code ${exitCode} before it had a result.`, { exitCode });
  }
}

/**
 * The actor that trains one model: rank 0 of an attempt. Everything that can be done before the gang begins is begun by the
 * constructor: libraries are loaded, the dataset is downloaded and read.
 *
 * R1. Native work runs in the worker thread; this loop only moves messages and bytes.
 * R2. Facts are reported in the order of the work; the result is the last one, after every checkpoint is stored.
 * R3. A wrong request is reported as `failed`, class request; whatever else goes wrong as class crash.
 */
export class TrainingRank implements SystemActor {
  readonly #worker: Worker;
  readonly #store: AttemptStore;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));
  readonly #outcome = deferred<WorkerOutcome>();
  /** Aborted when the attempt is over, so that nothing of it is tried again. */
  readonly #over = new AbortController();
  /** Settles when the checkpoints so far are stored and reported. */
  #checkpoints: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: RankContext,
    private readonly assignment: TrainingAssignment,
  ) {
    const start: WorkerStart = {
      assignment,
      threads: context.threads,
      nativeDir: context.nativeDir,
      scratchDir: context.scratchDir,
      cancelled: this.#cancelled.buffer as SharedArrayBuffer,
    };
    this.#worker = new Worker(new URL('./training-worker.js', import.meta.url), { workerData: start });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new TrainingThreadError(code)));
    this.#outcome.promise.catch(() => undefined);
    const cancel = (): void => void Atomics.store(this.#cancelled, 0, 1);
    context.signal.addEventListener('abort', cancel, { once: true });
    if (context.signal.aborted) cancel();
    const retries = { clock: systemClock(), random: Math.random, signal: AbortSignal.any([context.signal, this.#over.signal]) };
    this.#store = new AttemptStore(openObjectStore(context.store), assignment, context.scratchDir, retries);
    this.#stage().catch((error: unknown) => this.#fail(error));
  }

  /** Trains to the end; resolves when the result, or the failure, is stored by the head. */
  async begin(_begin: Begin): Promise<void> {
    const begunMs = performance.now();
    void this.#report({ kind: 'phase', phase: 'loading' });
    this.#post({ kind: 'train' });
    try {
      const outcome = await this.#outcome.promise;
      await this.#checkpoints;
      if (outcome.kind === 'failed') await this.context.report({ kind: 'failed', ...outcome.failure });
      if (outcome.kind === 'finished') await this.#finish(outcome.training, begunMs);
    } finally {
      // It ends by itself when its last call is over: to terminate a thread inside a native call aborts the process (tried).
      Atomics.store(this.#cancelled, 0, 1);
      this.#over.abort();
      this.#post({ kind: 'close' });
    }
  }

  /** Between two epochs the training ends; a call into a library that runs longer ends with the process. */
  async stop(_reason: string): Promise<void> {
    Atomics.store(this.#cancelled, 0, 1);
  }

  async #stage(): Promise<void> {
    const { resumeFrom } = this.assignment;
    const [path, checkpoint] = await Promise.all([
      this.#store.downloadDataset(),
      resumeFrom ? this.#store.downloadCheckpoint(resumeFrom) : null,
    ]);
    const isLost = resumeFrom !== null && checkpoint === null;
    const warnings = isLost ? [`The checkpoint of epoch ${resumeFrom.epoch} is gone or damaged; training begins anew.`] : [];
    this.#post({ kind: 'load', files: { path, checkpoint, warnings } });
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'report':
        void this.#report(message.report).then(() => this.#post({ kind: 'stored', number: message.number }));
        return;
      case 'checkpoint': {
        const stored = this.#storeCheckpoint(message.checkpoint, this.#checkpoints);
        this.#checkpoints = stored.then(() => this.#post({ kind: 'stored', number: message.number }));
        return;
      }
      case 'ended':
        this.#outcome.resolve(message.outcome);
    }
  }

  /** Uploads at once, reports in order. A checkpoint that can't be stored costs a resumption, not the training. */
  async #storeCheckpoint(checkpoint: CheckpointBytes, before: Promise<void>): Promise<void> {
    try {
      const stored = await this.#store.putCheckpoint(checkpoint);
      await before;
      await this.#report({ kind: 'checkpoint', checkpoint: stored });
    } catch (error) {
      const { message } = toErrorData(error);
      await before;
      await this.#report({ kind: 'warning', message: `The checkpoint of epoch ${checkpoint.epoch} could not be stored: ${message}` });
    }
  }

  async #finish(training: FinishedTraining, begunMs: number): Promise<void> {
    try {
      const { exported, ...facts } = training;
      const files = await this.#store.putFiles(exported.files);
      const { signature, classes, featureImportance, verified } = exported;
      const trainingMs = Math.round(performance.now() - begunMs);
      const result: TrainingResult = { ...facts, files, signature, classes, featureImportance, verified, trainingMs };
      await this.context.report({ kind: 'result', result });
    } catch (error) {
      await this.context.report({ kind: 'failed', ...failureOf(error) });
    }
  }

  /** A report that the head refuses ends the attempt: `begin` throws its error. */
  async #report(report: Parameters<RankContext['report']>[0]): Promise<void> {
    try {
      await this.context.report(report);
    } catch (error) {
      this.#outcome.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** The first outcome stands; a later one is without effect. */
  #fail(error: unknown): void {
    this.#outcome.resolve({ kind: 'failed', failure: failureOf(error) });
  }
}
