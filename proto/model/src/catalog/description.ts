import type { HyperparameterValues, TaskType } from '../train-request.js';
import type { Parameter, ParameterValue } from './parameters.js';

/** A table, as far as the size of a training goes. */
export interface TableShape {
  /** All rows, of both parts. */
  readonly rows: number;
  /** Encoded features. */
  readonly columns: number;
  /** 0 where the task has none. */
  readonly classes: number;
}

/** What a training of a shape takes. */
export interface ModelLimits {
  /** Rows that the model takes at most. */
  readonly maxRows: number;
  /** Bytes that a rank takes at most, from reading the table to the check of the exported file. */
  readonly memoryBytes: number;
}

/** The hyperparameters of a model: every name of its library is in one of the lists. */
export interface ModelParameters {
  /** In force, by the library's names. */
  readonly known: Readonly<Record<string, Parameter>>;
  /** Other names of the library for known ones. */
  readonly aliases: Readonly<Record<string, string>>;
  /** What speaks of the library's own process and can't change the model: accepted, without effect, named in a warning. */
  readonly withoutEffect: readonly string[];
  /**
   * What could change the model and is not obeyed: accepted with the one value that the library has when nothing is said (`value`), else
   * refused; `instead`: what to do.
   */
  readonly fixed: Readonly<Record<string, { readonly value: ParameterValue; readonly instead?: string }>>;
  /** What is wrong with values of which each alone is right, and that no table could make right; pure. Absent: nothing. */
  conflicts?(values: HyperparameterValues): readonly Conflict[];
}

/** A hyperparameter that does not fit the others, with what to do. */
export interface Conflict {
  readonly name: string;
  readonly message: string;
}

/** What a learner wants of the encoded table. */
export interface LearnerWants {
  /** It takes gaps; else they are filled. */
  readonly gaps: boolean;
  /** Columns with mean 0 and deviation 1. */
  readonly scaled: boolean;
  /**
   * A number to predict: as it is given; moved by the mean of the training rows; also divided by their deviation. Predictions and files are in
   * units of the target as given in any case.
   */
  readonly target: 'given' | 'centred' | 'standardised';
}

/** How several ranks train one model. */
export interface RanksDescription {
  /** Which training rows a rank has: its share, or all of them. */
  readonly rows: 'shard' | 'all';
  /** How the work is spread, for a person. */
  readonly about: string;
  /**
   * How far a validation score of several ranks may be from that of one (a loss or an error in units of the target's deviation); 0: it is the
   * same model.
   */
  readonly tolerance: number;
}

/**
 * A model of the catalog: data and pure functions. What trains it lies under the same file name in `node-agent/training/src/models`;
 * nothing else names it.
 */
export interface ModelDescription {
  readonly modelId: string;
  readonly task: TaskType;
  /** One line for a person. */
  readonly about: string;
  /** Library that trains it, by its name on the nodes: where it is absent the model can't be trained. null: code of our own. */
  readonly engine: string | null;
  readonly parameters: ModelParameters;
  /** Fields of the request that reach it. */
  readonly takes: { readonly batchSize: boolean; readonly learningRate: boolean };
  /** Hyperparameters that mean the same as a field of the request: where one is not sent the other is in force. */
  readonly meansSame?: { readonly batchSize: string; readonly learningRate: string; readonly epochs: string };
  /** Hyperparameter of the solver's most iterations, of which epochs are shares: where it is sent, and no epochs, there are as many epochs. */
  readonly iterations?: string;
  /** Equal trainings give equal bytes for equal threads only, as sums are taken in another order; else for any number of threads. */
  readonly areBytesByThreads?: true;
  /** How several ranks train it together; null: there is one rank only. */
  readonly ranks: RanksDescription | null;
  /** What an epoch is. */
  readonly epochs: 'rounds' | 'trees' | 'passes' | 'iterations' | 'none';
  /** Can the validation loss end the training early, and its best epoch be kept? */
  earlyStopping(values: HyperparameterValues): boolean;
  /** Predicting the training rows after each epoch costs little beside the epoch. */
  readonly scoredEachEpoch: boolean;
  readonly wants: LearnerWants;
  limits(shape: TableShape, values: HyperparameterValues): ModelLimits;
  /** Formats that a model can be downloaded in. */
  readonly formats: readonly string[];
}
