import { join } from 'node:path';
import type { ThreadCollective } from '@trainer/actor';
import { InvalidRequestError, type HyperparameterValues } from '@trainer/model';
import {
  openLightgbm,
  type LightgbmBooster,
  type LightgbmDataset,
  type LightgbmLibrary,
  type LightgbmParameters,
} from '../engines/lightgbm-library.js';
import { joinLightgbmRanks } from '../engines/lightgbm-ranks.js';
import { changedText, readLightgbmTrees } from '../engines/lightgbm-text.js';
import { TrainingStateError } from '../learning/errors.js';
import type {
  Engine,
  FeatureMatrix,
  Learner,
  LearnerInit,
  NativeDescription,
  Part,
  Predictions,
  TrainedModel,
  Work,
} from '../learning/learner.js';
import { roundsAtEpoch } from '../learning/rounds.js';
import { addTrees } from '../onnx/trees.js';

/** Gradient boosting by LightGBM's library. */
export async function openEngine(nativeDir: string): Promise<Engine> {
  const library = await openLightgbm(join(nativeDir, 'lightgbm'));
  let team: ThreadCollective | null = null;
  return {
    versions: { lightgbm: library.version },
    createLearner: (init) => createLightgbmLearner(library, init, team),
    join(joined) {
      team = joined;
      return Promise.resolve(joinLightgbmRanks(library, joined));
    },
  };
}

/**
 * Sorts the rows into the library's bins, and keeps `init.train` and `init.validation` too.
 * @param team the ranks that train with this one, whose engines have joined; null: none
 * @throws InvalidRequestError when parameters do not go together. @throws EngineError, PeerLostError
 */
export function createLightgbmLearner(library: LightgbmLibrary, init: LearnerInit, team: ThreadCollective | null = null): Learner {
  const parameters = { ...lightgbmParameters(init), ...leavesOf(init, team), ...parametersOfRanks(team) };
  requireRows(init, team);
  const train = library.createDataset({ ...init.train, weights: weightsOf(init, team) }, parameters, null);
  try {
    // A rank may have no share of few rows.
    const hasValidation = init.validation.features.rows > 0;
    const validation = hasValidation ? library.createDataset({ ...init.validation, weights: null }, parameters, train) : null;
    return new LightgbmLearner(library, init, parameters, { train, validation });
  } catch (error) {
    train.close();
    throw error;
  }
}

/** Our names are those of LightGBM's scikit-learn interface; the library knows them as aliases, but for `n_estimators`, which we count. */
const PASSED: Readonly<Record<string, string>> = {
  num_leaves: 'num_leaves',
  max_depth: 'max_depth',
  learning_rate: 'learning_rate',
  min_child_samples: 'min_data_in_leaf',
  min_child_weight: 'min_sum_hessian_in_leaf',
  min_split_gain: 'min_gain_to_split',
  subsample: 'bagging_fraction',
  subsample_freq: 'bagging_freq',
  colsample_bytree: 'feature_fraction',
  reg_alpha: 'lambda_l1',
  reg_lambda: 'lambda_l2',
  boosting_type: 'boosting',
  max_bin: 'max_bin',
  subsample_for_bin: 'bin_construct_sample_cnt',
};

const drawsRows = ({ subsample, subsample_freq: every }: HyperparameterValues): boolean =>
  Number(subsample ?? 1) < 1 && Number(every ?? 0) > 0;

/** Does the training draw rows or columns? The library begins its random streams anew where a model goes on. */
function isSampled(values: HyperparameterValues): boolean {
  return drawsRows(values) || Number(values['colsample_bytree'] ?? 1) < 1 || values['boosting_type'] === 'goss';
}

/** The library's parameters for `init`; what is not named keeps LightGBM's default. @throws InvalidRequestError */
function lightgbmParameters(init: LearnerInit): LightgbmParameters {
  const { hyperparameters } = init;
  const parameters: Record<string, string> = {
    verbosity: '-1',
    // Sums of a fixed order: the same bytes for any number of threads.
    deterministic: 'true',
    force_row_wise: 'true',
    num_threads: String(init.threads),
    seed: String(init.seed),
    ...objectiveOf(init),
  };
  for (const [name, theirs] of Object.entries(PASSED)) {
    const value = hyperparameters[name];
    if (value !== null && value !== undefined) parameters[theirs] = String(value);
  }
  return parameters;
}

function objectiveOf({ task, classCount, hyperparameters }: LearnerInit): LightgbmParameters {
  if (task === 'regression') return { objective: 'regression' };
  const asked = hyperparameters['objective'] ?? 'auto';
  if (asked === 'multiclass' || (asked === 'auto' && classCount > 2)) return { objective: 'multiclass', num_class: String(classCount) };
  if (classCount === 2) return { objective: 'binary' };
  const message = `objective binary is for two classes; the target has ${classCount}: use auto or multiclass`;
  throw new InvalidRequestError([{ path: ['hyperparameters', 'objective'], message, type: 'value' }]);
}

/** Each rank has rows of its own, and adds up histograms with the others. */
function parametersOfRanks(team: ThreadCollective | null): LightgbmParameters {
  if (team === null || team.worldSize === 1) return {};
  return { tree_learner: 'data', num_machines: String(team.worldSize), pre_partition: 'true' };
}

/** The library makes room for all leaves that it may grow, be the rows fewer or not. */
function leavesOf({ hyperparameters, train }: LearnerInit, team: ThreadCollective | null): LightgbmParameters {
  const asked = Number(hyperparameters['num_leaves'] ?? 0);
  const most = Math.max(2, train.features.rows);
  return asked > most && (team?.worldSize ?? 1) === 1 ? { num_leaves: String(most) } : {};
}

/** The library trains on no share without rows, and draws none of too few. @throws InvalidRequestError on every rank alike */
function requireRows({ train, hyperparameters }: LearnerInit, team: ThreadCollective | null): void {
  const [least = 0] = team === null ? [train.features.rows] : team.blocking.allReduce(Int32Array.of(train.features.rows), 'min');
  if (least > 0) {
    requireDrawn(hyperparameters, least);
    return;
  }
  const message = `there are fewer blocks of training rows than the ${team?.worldSize ?? 1} workers: ask for fewer workers`;
  throw new InvalidRequestError([{ path: ['num_workers'], message, type: 'value' }]);
}

/** It draws the whole part of `subsample` times the rows. */
function requireDrawn(hyperparameters: HyperparameterValues, rows: number): void {
  const share = Number(hyperparameters['subsample'] ?? 1);
  if (!drawsRows(hyperparameters) || Math.floor(share * rows) > 0) return;
  const message = `${share} of ${rows} training rows is less than one row: send at least ${String(Math.ceil(1e4 / rows) / 1e4)}`;
  throw new InvalidRequestError([{ path: ['hyperparameters', 'subsample'], message, type: 'value' }]);
}

/** scikit-learn's `balanced`: rows / (classes x rows of the class), of all ranks. @returns null: all alike */
function weightsOf({ hyperparameters, classCount, train }: LearnerInit, team: ThreadCollective | null): Float64Array | null {
  if (hyperparameters['class_weight'] !== 'balanced') return null;
  const own = new Float64Array(classCount);
  for (const label of train.target) own[label] = (own[label] ?? 0) + 1;
  const counts = team === null ? own : team.blocking.allReduce(own, 'sum');
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return train.target.map((label) => rows / (present * (counts[label] ?? 1)));
}

/** The attribute of our files that says how raw columns become the file's. */
const PREPROCESSING_ATTRIBUTE = 'trainer_preprocessing';

/** The model with names and preprocessing; its predictions are those of `text`, in units of the target. */
function describedModel(text: string, { columns, preprocessing, target }: NativeDescription): Uint8Array {
  if (target !== null && target.factor !== 1) throw new RangeError('Trees of the library can be moved, not scaled.');
  const attributes = { [PREPROCESSING_ATTRIBUTE]: preprocessing };
  return new TextEncoder().encode(changedText(text, { columns, offset: target?.offset ?? 0, attributes }));
}

/** The library predicts one number for two classes: the probability of the second. */
function ofEachClass(raw: Float64Array): Float64Array {
  const out = new Float64Array(raw.length * 2);
  raw.forEach((positive, row) => {
    out[2 * row] = 1 - positive;
    out[2 * row + 1] = positive;
  });
  return out;
}

/** Another one for each part of a training that goes on from a model, so that its draws are not those of the part before. */
function seedFrom(seed: number, rounds: number): number {
  return (seed + rounds * 1_000_003) % 2 ** 31;
}

/** Before the model's text, as Uint32: the epoch, the rounds it ends at by the request; the remembered epoch and its rounds (0: none). */
const STATE_HEAD_BYTES = 16;
const UNWATCHED: Work = { tick: () => undefined };

class LightgbmLearner implements Learner {
  readonly epochs: number;
  readonly snapshots: 'exact' | 'cut';
  readonly #rounds: number;
  /** Numbers a row that the library predicts. */
  readonly #outputs: number;
  readonly #isBinary: boolean;
  readonly #isSampled: boolean;
  /**
   * DART changes older trees, by weights that the library writes nowhere. So its snapshot is the number of its epoch, and what goes on from
   * there grows its rounds again.
   */
  readonly #isReplayed: boolean;
  readonly #buffers = new Map<Part, Float64Array>();
  #booster: LightgbmBooster;
  #epoch = 0;
  /** Rounds that were asked of the booster; it may have fewer, where one found nothing to split. */
  #asked = 0;
  /** Rounds of the booster that are the model's: fewer than it has after `recall`. */
  #held = 0;
  #remembered = { epoch: 0, rounds: 0 };

  constructor(
    private readonly library: LightgbmLibrary,
    private readonly init: LearnerInit,
    private readonly parameters: LightgbmParameters,
    private readonly datasets: { readonly train: LightgbmDataset; readonly validation: LightgbmDataset | null },
  ) {
    const { hyperparameters, classCount } = init;
    this.#rounds = Number(hyperparameters['n_estimators'] ?? 100);
    this.epochs = Math.min(init.epochs, this.#rounds);
    this.#isSampled = isSampled(hyperparameters);
    this.#isReplayed = hyperparameters['boosting_type'] === 'dart';
    this.snapshots = this.#isSampled && !this.#isReplayed ? 'cut' : 'exact';
    this.#isBinary = parameters['objective'] === 'binary';
    this.#outputs = parameters['objective'] === 'multiclass' ? classCount : 1;
    this.#booster = this.#newBooster(init.seed);
  }

  async step(epoch: number, work: Work): Promise<'more' | 'done'> {
    this.#epoch = epoch;
    return this.#grow(work);
  }

  async predict(part: Part): Promise<Predictions> {
    this.#grow(UNWATCHED);
    const { features } = this.init[part];
    const out = this.#bufferOf(part, features.rows * this.#outputs);
    if (features.rows === 0) return out;
    const isWhole = this.#held === this.#booster.rounds();
    // To ask a DART booster for its training rows drops trees for the next round.
    if (isWhole && !(this.#isReplayed && part === 'train')) this.#booster.kept(part, out);
    else this.#booster.predict(features, { raw: false, rounds: this.#held, threads: this.init.threads }, out);
    return this.#isBinary ? ofEachClass(out) : out;
  }

  remember(): void {
    this.#remembered = { epoch: this.#epoch, rounds: this.#held };
  }

  recall(): void {
    const { epoch, rounds } = this.#remembered;
    if (this.#isReplayed && rounds !== this.#held) this.#begin();
    this.#epoch = epoch;
    this.#held = rounds;
  }

  async snapshot(): Promise<Uint8Array> {
    const text = this.#isReplayed ? '' : this.#booster.save(this.#held);
    if (this.snapshots === 'cut') this.#goOnFrom(text);
    const state = new TextEncoder().encode(text);
    const bytes = new Uint8Array(STATE_HEAD_BYTES + state.length);
    const head = new DataView(bytes.buffer);
    [this.#epoch, this.#due, this.#remembered.epoch, this.#remembered.rounds].forEach((value, at) => head.setUint32(4 * at, value));
    bytes.set(state, STATE_HEAD_BYTES);
    return bytes;
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const head = new DataView(bytes.buffer, bytes.byteOffset, STATE_HEAD_BYTES);
    this.#epoch = head.getUint32(0);
    const held = head.getUint32(4);
    if (held !== this.#due) throw new TrainingStateError({ epoch: this.#epoch, due: this.#due, held });
    this.#remembered = { epoch: head.getUint32(8), rounds: head.getUint32(12) };
    if (this.#isReplayed) this.#begin();
    else this.#goOnFrom(new TextDecoder().decode(bytes.subarray(STATE_HEAD_BYTES)));
  }

  async model(): Promise<TrainedModel> {
    this.#grow(UNWATCHED);
    const text = this.#booster.save(this.#held);
    const { trees, gain } = readLightgbmTrees(text);
    const total = gain.reduce((sum, value) => sum + value, 0);
    return {
      native: {
        ending: '.txt',
        bytes: new TextEncoder().encode(text),
        described: (description) => describedModel(text, description),
        predict: (file, rows) => predictedBy(this.library, file, rows, this.#isBinary),
      },
      importance: total > 0 ? gain.map((value) => value / total) : gain,
      addTo: (graph, features) => addTrees(graph, trees, features),
    };
  }

  close(): void {
    this.#booster.close();
    this.datasets.validation?.close();
    this.datasets.train.close();
    this.#buffers.clear();
  }

  /** Rounds at the end of this epoch. */
  get #due(): number {
    return roundsAtEpoch(this.#rounds, this.#epoch, this.init.epochs);
  }

  /** Grows what this epoch lacks. done: nothing is left to split, and nothing is drawn that could change that. */
  #grow(work: Work): 'more' | 'done' {
    const from = this.#asked;
    let [to, share, isOver] = [this.#due, 0, false];
    while (this.#asked < to) {
      const isFinished = this.#booster.update();
      if (isFinished && this.#isReplayed && this.#asked > 0) {
        // It has dropped trees for a round that it did not grow, and does not take them back (4.7): grown again without that round.
        to = this.#asked;
        isOver = true;
        this.#begin();
        continue;
      }
      this.#asked += 1;
      this.#held = this.#booster.rounds();
      if (isFinished && !this.#isSampled) to = this.#asked;
      isOver ||= isFinished && !this.#isSampled;
      share = Math.max(share, to === this.#asked ? 1 : (this.#asked - from) / (to - from));
      work.tick(share);
    }
    if (!isOver) return 'more';
    this.#asked = this.#due;
    return 'done';
  }

  #newBooster(seed: number): LightgbmBooster {
    return this.library.createBooster(this.datasets.train, this.datasets.validation, { ...this.parameters, seed: String(seed) });
  }

  /** With no rounds. */
  #begin(): void {
    this.#booster.close();
    this.#booster = this.#newBooster(this.init.seed);
    this.#asked = 0;
    this.#held = 0;
  }

  /** With the rounds of a model; sums of leaves are the same doubles, in the same order, as if they had been grown here. */
  #goOnFrom(text: string): void {
    const before = this.library.readModel(text);
    try {
      const rounds = before.rounds();
      for (const part of ['train', 'validation'] as const) {
        const { features } = this.init[part];
        if (features.rows === 0) continue;
        const scores = new Float64Array(features.rows * this.#outputs);
        before.predict(features, { raw: true, rounds, threads: this.init.threads }, scores);
        this.datasets[part]?.startFrom(scores);
      }
      this.#booster.close();
      this.#booster = this.#newBooster(seedFrom(this.init.seed, rounds));
      this.#booster.adopt(before);
      this.#asked = this.#due;
      this.#held = rounds;
    } finally {
      before.close();
    }
  }

  #bufferOf(part: Part, length: number): Float64Array {
    const held = this.#buffers.get(part);
    if (held?.length === length) return held;
    const fresh = new Float64Array(length);
    this.#buffers.set(part, fresh);
    return fresh;
  }
}

function predictedBy(library: LightgbmLibrary, file: Uint8Array, features: FeatureMatrix, isBinary: boolean): Predictions {
  const booster = library.readModel(new TextDecoder().decode(file));
  try {
    const rounds = booster.rounds();
    const raw = new Float64Array(features.rows * booster.outputs());
    booster.predict(features, { raw: false, rounds, threads: 1 }, raw);
    return isBinary ? ofEachClass(raw) : raw;
  } finally {
    booster.close();
  }
}
