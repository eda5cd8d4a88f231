import { readFileSync, statSync } from 'node:fs';
import type { Collective, ThreadCollective } from '@trainer/actor';
import type { CatalogEntry, RankReport } from '@trainer/model';
import { systemClock } from '@trainer/runtime';
import { prepareVerifier } from '../artifacts/verifier.js';
import { MAX_UNPACKED_BYTES } from '../data/limits.js';
import { DatasetCache } from '../data/cache/dataset-cache.js';
import { openThroughCache } from '../data/cache/through-cache.js';
import { checkRows, openDataset } from '../data/open-dataset.js';
import type { Dataset } from '../data/table.js';
import type { Engine, Learner } from '../learning/learner.js';
import { openEngine, requireEntry } from '../learning/learners.js';
import { createScaledLearner } from '../learning/target-scale.js';
import { decodeCheckpoint, encodeCheckpoint, type CheckpointState } from '../loop/checkpoint-state.js';
import { train, type TrainingOutcome } from '../loop/train.js';
import { flatMetrics } from '../metrics/flat-metrics.js';
import { encodedColumns } from '../preprocessing/preprocessing.js';
import { classCountOf } from '../tasks/task.js';
import { cardFacts } from './card-facts.js';
import { checkMemory, checkReading } from './memory-check.js';
import { prepareData, type DataFacts, type PreparedData } from './prepare-data.js';
import type { CheckpointBytes, DatasetFile, FinishedTraining, Staged, WorkerOutcome, WorkerStart } from './rank-messages.js';

/** Where the session's facts go. Each call resolves when more may be sent. */
export interface SessionPorts {
  report(report: RankReport): Promise<void>;
  checkpoint(checkpoint: CheckpointBytes): Promise<void>;
  isCancelled(): boolean;
  /** A step of the work begins, or the rank waits from now on. */
  working(isWorking: boolean): void;
  /** Downloads the dataset, or (`nothing`) looks whether it is still the one that was submitted. @throws DatasetChangedError */
  fetch(what: 'file' | 'nothing'): Promise<DatasetFile | null>;
  /** Writes to the job's log. */
  log(line: string): void;
  /** A step goes on; `done`: share of the attempt's work that is done, 0..1. */
  tick(done: number): void;
}

/** The limit of rows holds for a table of any shape. */
const EMPTY = { rows: 0, columns: 0, classes: 0 };

/**
 * One attempt's work between a dataset file and a verified model, on one thread. The libraries are opened at once, while the
 * dataset is still on its way.
 */
export class TrainingSession {
  readonly #entry: CatalogEntry;
  readonly #engine: Promise<Engine>;
  readonly #cache: DatasetCache;
  #data: PreparedData | null = null;
  #checkpoint: CheckpointState | null = null;
  #warnings: string[] = [];

  /** @throws InvalidRequestError for a model that the catalog lacks. */
  constructor(
    private readonly start: Omit<WorkerStart, 'work'>,
    private readonly ports: SessionPorts,
  ) {
    const { assignment, nativeDir, datasetCache } = start;
    this.#entry = requireEntry(assignment.request.modelId);
    this.#cache = new DatasetCache(
      { ...datasetCache, readBy: readBy() },
      {
        clock: systemClock(),
        log: (line) => ports.log(line),
        isCancelled: () => ports.isCancelled(),
        tick: () => ports.tick(0),
      },
    );
    this.#engine = openEngine(this.#entry, nativeDir);
    // `load` and `run` await them; a failure before that must not end the process.
    this.#engine.catch(() => undefined);
  }

  /**
   * Reads and encodes the dataset; `warnings` are told when the training begins. An unreadable checkpoint is one more of them: the
   * training then begins anew.
   * @throws DatasetError, NeedsMemoryError, WaitCancelledError
   */
  async load({ checkpoint, warnings }: Staged): Promise<void> {
    const { dataset: id, request } = this.start.assignment;
    const { maxRows } = this.#entry.limits(EMPTY, request.hyperparameters);
    const dataset = await openThroughCache(this.#cache, {
      dataset: id,
      excluded: request.excludeColumns,
      open: () => this.#open(maxRows),
      check: async () => void (await this.ports.fetch('nothing')),
      working: (isWorking) => this.ports.working(isWorking),
    });
    const prepared = await this.#prepare(dataset, maxRows).finally(() => dataset.close());
    this.ports.working(false);
    const { rows, preprocessing } = prepared.facts;
    const columns = encodedColumns(preprocessing).length;
    checkMemory(this.#entry, this.start.assignment, { rows, columns, classes: classCountOf(preprocessing.target) });
    this.#data = prepared;
    this.#warnings = [...warnings, ...prepared.facts.warnings];
    if (!checkpoint) return;
    try {
      this.#checkpoint = decodeCheckpoint(checkpoint);
    } catch (error) {
      this.#warnings.push(error instanceof Error ? error.message : String(error));
    }
  }

  /** Downloads the dataset and looks at it. */
  async #open(maxRows: number): Promise<Dataset> {
    const { dataset, request } = this.start.assignment;
    this.#cache.giveWay(dataset.bytes);
    const file = await this.ports.fetch('file');
    if (file === null) throw new RangeError('A file was asked for.');
    this.ports.working(true);
    return openDataset(file.path, request.dataId, {
      maxRows,
      maxUnpackedBytes: MAX_UNPACKED_BYTES,
      threads: this.start.threads,
      fingerprint: file.fingerprint,
    });
  }

  async #prepare(dataset: Dataset, maxRows: number): Promise<PreparedData> {
    const { assignment } = this.start;
    const { request, rank, worldSize } = assignment;
    // A file's rows were checked as they were counted; of what is kept they are known.
    checkRows(dataset.rows, maxRows);
    checkReading(this.#entry, assignment, dataset.rows, dataset.columnNames.length - request.excludeColumns.length);
    const trainRows = this.#entry.ranks?.rows ?? 'all';
    return prepareData(dataset, request, this.#entry.wants, { rank, worldSize, trainRows });
  }

  /** Trains with the other ranks; the first one reports, exports and verifies. After `load`. */
  async run(team: ThreadCollective): Promise<Exclude<WorkerOutcome, { kind: 'failed' }>> {
    const isFirst = team.rank === 0;
    if (isFirst) {
      for (const message of this.#warnings) await this.ports.report({ kind: 'warning', message });
      await this.ports.report({ kind: 'phase', phase: 'training' });
    }
    const engine = await this.#engine;
    const joined = await engine.join(team, this.start.network);
    const { learner, data } = this.#createLearner(engine);
    try {
      const outcome = await this.#train(learner, data, team);
      await joined.leave();
      return outcome.kind === 'trained'
        ? { kind: 'finished', training: await this.#export(learner, data, outcome, engine) }
        : { kind: outcome.kind };
    } finally {
      learner.close();
    }
  }

  /** Afterwards the matrices are the learner's alone. */
  #createLearner(engine: Engine): { learner: Learner; data: DataFacts } {
    if (!this.#data) throw new RangeError('The dataset is not loaded.');
    const { train: trainRows, validation, facts } = this.#data;
    this.#data = null;
    const { request } = this.start.assignment;
    this.ports.working(true);
    const init = {
      task: request.taskType,
      classCount: classCountOf(facts.preprocessing.target),
      hyperparameters: request.hyperparameters,
      epochs: request.epochs,
      seed: request.seed,
      threads: this.start.threads,
      train: trainRows,
      validation,
    };
    const learner = createScaledLearner(engine, init, facts.targetScale);
    this.ports.working(false);
    return { learner, data: facts };
  }

  #train(learner: Learner, data: DataFacts, team: Collective): Promise<TrainingOutcome> {
    const { request, checkpointIntervalEpochs } = this.start.assignment;
    const rate = request.hyperparameters[this.#entry.meansSame?.learningRate ?? 'learning_rate'];
    return train(
      learner,
      {
        scores: data.scores,
        epochsAsked: request.epochs,
        scoredEachEpoch: this.#entry.scoredEachEpoch,
        trainRows: this.#entry.ranks?.rows ?? 'all',
        earlyStopping: request.earlyStopping && this.#entry.earlyStopping(request.hyperparameters) ? { patience: request.patience } : null,
        checkpointIntervalEpochs,
        learningRate: typeof rate === 'number' ? rate : null,
        trainTarget: data.trainTarget,
        validationTarget: data.validationTarget,
        resumeFrom: this.#checkpoint,
      },
      {
        epoch: (metrics, done) => this.ports.report({ kind: 'epoch', metrics, done: shareOf(done) }),
        checkpoint: (state) =>
          this.ports.checkpoint({ epoch: state.epoch, bytes: encodeCheckpoint(state), metrics: flatMetrics(state.metrics) }),
        warning: (message) => this.ports.report({ kind: 'warning', message }),
        isCancelled: () => this.ports.isCancelled(),
        working: (isWorking) => this.ports.working(isWorking),
        tick: (done) => this.ports.tick(shareOf(done)),
      },
      team,
    );
  }

  async #export(
    learner: Learner,
    data: DataFacts,
    outcome: Extract<TrainingOutcome, { kind: 'trained' }>,
    engine: Engine,
  ): Promise<FinishedTraining> {
    const { assignment, threads, scratchDir } = this.start;
    await this.ports.report({ kind: 'phase', phase: 'exporting' });
    this.ports.working(true);
    const verifier = prepareVerifier();
    // Its protobuf library is loaded late, as the first epoch need not wait for it.
    const { exportModel } = await import('../artifacts/export-model.js');
    const metrics = flatMetrics(outcome.kept);
    const baseline = data.scores.baseline();
    // The library's copy of rows and trees makes room for what the check of the exported file needs.
    learner.close();
    const versions = { trainer: trainerVersion(), node: process.versions.node, ...engine.versions };
    const exported = await exportModel(
      {
        task: assignment.request.taskType,
        preprocessing: data.preprocessing,
        model: outcome.model,
        validation: {
          raw: data.rawValidation,
          encoded: data.encodedValidation,
          target: data.split.method === 'none' ? data.trainTarget : data.validationTarget,
          predictions: outcome.validationPredictions,
        },
        card: cardFacts(assignment, data, { metrics, baseline }, { threads, versions }),
      },
      { folder: scratchDir, stem: assignment.artifactStem },
      verifier,
    );
    this.ports.working(false);
    return {
      exported,
      metrics,
      baseline,
      keptEpoch: outcome.kept.epoch,
      lastEpoch: outcome.lastEpoch,
      selectedOnValidation: outcome.selectedOnValidation,
      dataFingerprint: data.fingerprint,
    };
  }
}

/** Shares of an attempt's work that are done when the data is loaded and when the last epoch is; export and upload are the rest. */
const LOADED = 0.05;
const TRAINED = 0.95;

/** Share of the attempt's work where so much of the training is done. */
function shareOf(trained: number): number {
  return LOADED + (TRAINED - LOADED) * trained;
}

function trainerVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

/** What datasets are read by: what another version, or another build of this one, has kept of them may be read otherwise. */
function readBy(): string {
  return `${trainerVersion()} ${statSync(new URL(import.meta.url)).mtimeMs}`;
}
