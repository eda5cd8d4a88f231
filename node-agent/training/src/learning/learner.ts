import type { RankNetwork, ThreadCollective } from '@trainer/actor';
import type { HyperparameterValues, TaskType } from '@trainer/model';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { ModelOutputs } from '../onnx/model-outputs.js';

/** One matrix of encoded features, row-major, `rows x columns`; a missing value is NaN where the learner takes gaps. */
export interface FeatureMatrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The target as numbers. Classification: the index of the class in `TargetEncoding.classes` (0-based);
 * regression: the value as given. Clustering has none to learn from; its scores compare with labels, where a column of them is named.
 */
export type TargetVector = Float64Array;

/** Rows with their target, encoded. */
export interface LabelledRows {
  readonly features: FeatureMatrix;
  readonly target: TargetVector;
}

/** What a learner is started with. Everything here decides the model's bytes; nothing else may. */
export interface LearnerInit {
  readonly task: TaskType;
  /** Number of classes for classification (at least 2); of the labels that clusters are compared with; 0 where there are none. */
  readonly classCount: number;
  readonly hyperparameters: HyperparameterValues;
  /** Epochs asked, 1..1000. */
  readonly epochs: number;
  readonly seed: number;
  /** Threads the engine may use, at least 1. */
  readonly threads: number;
  readonly train: LabelledRows;
  /** Rows that it only predicts; none where the task holds none out. */
  readonly validation: LabelledRows;
}

/**
 * Predictions of one set of rows. Classification: probabilities, row-major `rows x classCount` (binary too: two columns);
 * regression: one number a row. Clustering: two numbers a row, that of its cluster (from 0; -1: none), and the squared distance to the
 * centre of it (NaN where the model has no centres).
 */
export type Predictions = Float64Array;

/** A numeric target as a model was trained with it: (value - offset) / factor. */
export interface TargetScale {
  readonly offset: number;
  readonly factor: number;
}

/** What the library's own file carries beside the model. */
export interface NativeDescription {
  /** The encoded columns, in order; plain enough that each library takes them. */
  readonly columns: readonly string[];
  /** How raw columns become encoded ones, as JSON. */
  readonly preprocessing: string;
  /** How the target was changed: what the file predicts is in units of the target as given. null: not at all. */
  readonly target: TargetScale | null;
}

/** The library's own file, with its ending. */
export interface NativeFile {
  readonly ending: string;
  /** The model alone. */
  readonly bytes: Uint8Array;
  /**
   * The model with its description. Columns may be more than it was trained with: the file then says that it wants them, though it reads
   * none of them. Equal arguments give equal bytes.
   */
  described(description: NativeDescription): Uint8Array;
  /** What such a file, read anew, predicts of encoded rows: it is verified before it is given out. */
  predict(file: Uint8Array, rows: FeatureMatrix): Predictions;
}

/** A finished model, as the exporters read it; it outlives its learner. */
export interface TrainedModel {
  readonly native: NativeFile;
  /** How much each encoded column matters, scaled to a sum of 1 (all 0 where none does); null where the model can't tell. */
  readonly importance: Float64Array | null;
  /**
   * Of encoded rows, by which share of itself the second best choice is worse than the one that is predicted (0: they tie, 1: nothing else is near);
   * absent: the predictions tell.
   */
  leads?(rows: FeatureMatrix): Float64Array;
  /** Adds the model to a graph. `features`: float32 [rows, encoded columns]. */
  addTo(graph: GraphBuilder, features: string): ModelOutputs;
}

/** What a step tells while it runs. */
export interface Work {
  /**
   * Called at least every 250 ms of a step, also by the rounds of an engine: for cancellation, progress and the watch.
   * @param share of this step that is done, 0..1
   * @throws TrainingCancelled, which the learner lets through
   */
  tick(share: number): void;
}

/** The job is cancelled; thrown through a step. */
export class TrainingCancelled extends Error {
  override readonly name = 'TrainingCancelled';
}

/** The rows that a learner has, by what they are for. */
export type Part = 'train' | 'validation';

/**
 * A learner trains one model epoch by epoch. The loop owns epochs, early stopping, metrics, checkpoints and cancellation.
 * All methods but `close` are called by all ranks together and in the same order, each for its own rows; their models are equal.
 */
export interface Learner {
  /** Epochs that it really has, at most `init.epochs` (models.md: fewer trees than epochs: one tree each). */
  readonly epochs: number;
  /**
   * cut: the library hides random state that no snapshot holds, so `snapshot` also reloads the learner and the undisturbed run goes on
   * from there as a resumed one would. Each is dear then; the loop makes at most four, at fixed epochs.
   */
  readonly snapshots: 'exact' | 'cut';
  /** Trains epoch `epoch`, 1-based; done: it has converged, and there is no other epoch. Deterministic for equal init. */
  step(epoch: number, work: Work): Promise<'more' | 'done'>;
  /** The array is the learner's: the next call for the same part writes it anew. */
  predict(part: Part): Promise<Predictions>;
  /** Keeps the model as it is now, in the place of the one kept before; part of every snapshot. */
  remember(): void;
  /** Goes back to the model that was kept. */
  recall(): void;
  /** Training state from which `restore` continues with the same bytes. */
  snapshot(): Promise<Uint8Array>;
  /** @throws TrainingStateError when the state is of another job */
  restore(state: Uint8Array): Promise<void>;
  /** The model as it is now. */
  model(): Promise<TrainedModel>;
  /** What a person should know of the model as it is now: what was chosen for them, or did not come out as asked. Absent: nothing ever. */
  warnings?(): readonly string[];
  /** Gives back native memory; idempotent. */
  close(): void;
}

/** An opened engine, or code of our own that stands in for one. */
export interface Engine {
  /** Names and versions of its libraries, for the card. */
  readonly versions: Readonly<Record<string, string>>;
  /** Copies the rows, or keeps them as they are: nobody else writes them. @throws InvalidRequestError where values do not fit the data */
  createLearner(init: LearnerInit): Learner;
  /** Joins this rank's engine with the others'; before `createLearner`. */
  join(team: ThreadCollective, network: RankNetwork): Promise<JoinedEngines>;
}

/** Ranks of a gang whose engines are joined. */
export interface JoinedEngines {
  /** All ranks call it when nothing is trained any more, each on the thread that joined. */
  leave(): Promise<void>;
}

/** What each file of `models` exports: how the models of its namesake in the catalog are trained. */
export interface LearnerFile {
  /** @param nativeDir where the set-up put the native parts. @throws EngineUnavailableError */
  openEngine(nativeDir: string): Promise<Engine>;
}
