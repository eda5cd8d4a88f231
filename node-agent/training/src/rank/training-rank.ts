import { MessageChannel, Worker } from 'node:worker_threads';
import { serveCollective, type Gang, type Rank, type RankContext } from '@trainer/actor';
import { TrainerError, toErrorData, type Begin, type RankReport, type TrainingAssignment, type TrainingResult } from '@trainer/model';
import { deferred, sleep, systemClock } from '@trainer/runtime';
import { AttemptStore } from './attempt-store.js';
import { failureOf } from './failure.js';
import type { CheckpointBytes, FinishedTraining, FromWorker, ToWorker, WorkerOutcome, WorkerStart } from './rank-messages.js';
import { lineOf } from './report-line.js';
import { SharedWork } from './shared-work.js';

/** The worker thread ended by itself, without an outcome. */
class TrainingThreadError extends TrainerError<'training.thread', { exitCode: number }> {
  constructor(exitCode: number) {
    super('training.thread', `The training thread ended with code ${exitCode} before it had a result.`, { exitCode }, 'same');
  }
}

/** How often a step that runs is asked how far it is: the watch of the agent counts minutes, a person seconds. */
const ASKED_EVERY_MS = 1_000;
/** A change that is worth a fact: a tenth of what a progress bar shows. */
const LEAST_PROGRESS = 0.001;

/** A library that lost a peer says only that a connection broke; by then the gang hears, within milliseconds, whose it was. */
const LOSS_SETTLES_MS = 2_000;

/**
 * onnxruntime sends its maker an event about each model that it opens (the graph's name and hash, the machine's properties), and
 * writes an identifier of the machine to the home directory, unless this variable is set before it is loaded. What users train is
 * nobody else's to know. Said here, as a worker thread's `process.env` is a copy that native code does not see.
 */
// eslint-disable-next-line no-restricted-properties -- native code knows no other way to be told
process.env['ORT_DISABLE_TELEMETRY'] = '1';

/**
 * The actor that trains one model, or one of several that do: a rank of an attempt. Everything that can be done before the gang begins is begun by the
 * constructor: libraries are loaded, the dataset is fetched and read.
 *
 * R1. Native work runs in the worker thread; this loop only moves messages and bytes.
 * R2. Facts are reported in the order of the work; the result is the last one, after every checkpoint is stored. Rank 0 reports; the
 *     others only what fails.
 * R3. Whatever goes wrong is reported as `failed`; the error's own `retry` says whether another attempt would end alike.
 */
export class TrainingRank implements Rank {
  readonly #worker: Worker;
  readonly #store: AttemptStore;
  readonly #work = new SharedWork();
  /** The last tick that was heard, and what was told of it. */
  #heard = { ticks: 0, done: 0 };
  #isWorking = false;
  readonly #outcome = deferred<WorkerOutcome>();
  /** Nothing is reported after the outcome. */
  #isDecided = false;
  #gang: Gang | null = null;
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
      datasetCache: context.datasetCache,
      network: context.network,
      work: this.#work.memory,
    };
    this.#worker = new Worker(new URL('./training-worker.js', import.meta.url), { workerData: start });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new TrainingThreadError(code)));
    this.#outcome.promise.catch(() => undefined);
    const cancel = (): void => this.#work.cancel();
    context.signal.addEventListener('abort', cancel, { once: true });
    if (context.signal.aborted) cancel();
    const retries = { clock: systemClock(), random: Math.random, signal: AbortSignal.any([context.signal, this.#over.signal]) };
    this.#store = new AttemptStore(context.openStore(), assignment, context.scratchDir, retries);
    this.#ask();
    this.#stage().catch((error: unknown) => this.#fail(error));
  }

  /** Trains to the end; resolves when the result, or the failure, is stored by the head. */
  async begin(begin: Begin): Promise<void> {
    const begunMs = performance.now();
    if (begin.rank === 0) void this.#report({ kind: 'phase', phase: 'loading' });
    const joining = this.context.join(begin).then(
      (gang) => this.#train(gang),
      (error: unknown) => this.#fail(error),
    );
    try {
      const outcome = await this.#outcome.promise.finally(() => (this.#isDecided = true));
      await this.#checkpoints;
      if (outcome.kind === 'failed') await this.#tell({ kind: 'failed', error: outcome.error });
      if (outcome.kind === 'finished') await this.#finish(outcome.training, begunMs);
      // A rank that failed does not leave in good order: the others hear of it by its end.
      await joining;
      if (outcome.kind !== 'failed') await this.#gang?.leave();
    } finally {
      // It ends by itself when its last call is over: to terminate a thread inside a native call aborts the process (tried).
      this.#work.cancel();
      this.#over.abort();
      this.#post({ kind: 'close' });
    }
  }

  #train(gang: Gang): void {
    this.#gang = gang;
    // The thread may be in a call that waits for the lost rank; it ends with the process.
    void gang.whenLost.then((error) => this.#fail(error));
    const { port1, port2 } = new MessageChannel();
    serveCollective(port1, gang);
    this.#worker.postMessage({ kind: 'train', team: port2 } satisfies ToWorker, [port2]);
  }

  /** At its next tick the training ends; a call into a library that runs longer ends with the process. */
  async stop(_reason: string): Promise<void> {
    this.#work.cancel();
  }

  /** Tells the agent that a step goes on, and the head how far it is. */
  #ask(): void {
    if (this.#over.signal.aborted || this.#isDecided) return;
    const { ticks, done } = this.#work;
    // One that ended meanwhile has said so itself.
    if (ticks !== this.#heard.ticks && this.#isWorking) {
      this.context.working(true);
      const isFarther = done - this.#heard.done >= LEAST_PROGRESS;
      if (isFarther && this.assignment.rank === 0) void this.#report({ kind: 'progress', done, epoch: 0 });
      this.#heard = { ticks, done: isFarther ? done : this.#heard.done };
    }
    systemClock().after(ASKED_EVERY_MS, () => this.#ask());
  }

  async #stage(): Promise<void> {
    const { resumeFrom } = this.assignment;
    const checkpoint = resumeFrom ? await this.#store.downloadCheckpoint(resumeFrom) : null;
    const isLost = resumeFrom !== null && checkpoint === null;
    const warnings = isLost ? [`The checkpoint of epoch ${resumeFrom.epoch} is gone or damaged; training begins anew.`] : [];
    this.#post({ kind: 'load', staged: { checkpoint, warnings } });
  }

  async #fetch(what: 'file' | 'nothing'): Promise<void> {
    try {
      const file = what === 'file' ? await this.#store.downloadDataset() : await this.#store.checkDataset().then(() => null);
      this.#post({ kind: 'fetched', file });
    } catch (error) {
      this.#post({ kind: 'not-fetched', error: failureOf(error) });
    }
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
      case 'working':
        this.#isWorking = message.isWorking;
        this.context.working(message.isWorking);
        return;
      case 'fetch':
        void this.#fetch(message.what);
        return;
      case 'log':
        this.context.log(message.line);
        return;
      case 'ended':
        void this.#ended(message.outcome);
    }
  }

  async #ended(outcome: WorkerOutcome): Promise<void> {
    const mayBeEcho = outcome.kind === 'failed' && outcome.error.retry !== 'never' && (this.#gang?.worldSize ?? 1) > 1;
    if (mayBeEcho) {
      const settled = sleep(systemClock(), LOSS_SETTLES_MS, this.#over.signal).catch(() => undefined);
      await Promise.race([this.#gang?.whenLost, settled]);
    }
    this.#outcome.resolve(outcome);
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
      await this.#tell({ kind: 'result', result });
    } catch (error) {
      await this.#tell({ kind: 'failed', error: failureOf(error) });
    }
  }

  /** A report that the head refuses ends the attempt: `begin` throws its error. */
  async #report(report: RankReport): Promise<void> {
    try {
      await this.#tell(report);
    } catch (error) {
      this.#outcome.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #tell(report: RankReport): Promise<void> {
    const line = lineOf(report);
    if (line !== null) this.context.log(line);
    return this.context.report(report);
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** The first outcome stands; a later one is without effect. */
  #fail(error: unknown): void {
    this.#outcome.resolve({ kind: 'failed', error: failureOf(error) });
  }
}
