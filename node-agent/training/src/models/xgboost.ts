import { join } from 'node:path';
import { InvalidRequestError, type HyperparameterValues } from '@trainer/model';
import { openXgboost, type XgboostBooster, type XgboostLibrary, type XgboostMatrix } from '../engines/xgboost-library.js';
import { joinXgboostRanks } from '../engines/xgboost-ranks.js';
import { readXgboostTrees } from '../engines/xgboost-trees.js';
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

/** Gradient boosting by XGBoost's library. */
export async function openEngine(nativeDir: string): Promise<Engine> {
  const library = await openXgboost(join(nativeDir, 'xgboost'));
  return {
    versions: { xgboost: library.version },
    createLearner: (init) => createXgboostLearner(library, init),
    join: (team, network) => joinXgboostRanks(library, team, network),
  };
}

/**
 * Copies the rows into the library; `init.train` and `init.validation` may be let go afterwards.
 * @throws InvalidRequestError when the objective does not fit the target. @throws EngineError
 */
export function createXgboostLearner(library: XgboostLibrary, init: LearnerInit): Learner {
  const parameters = xgboostParameters(init);
  const train = library.createMatrix(init.train, init.threads);
  try {
    const validation = library.createMatrix(init.validation, init.threads);
    return new XgboostLearner(library, init, parameters, { train, validation });
  } catch (error) {
    train.close();
    throw error;
  }
}

/** Our names are those of XGBoost's scikit-learn interface; the library's parameters of the same name take the value as it is. */
const PASSED = [
  ...['max_depth', 'max_leaves', 'learning_rate', 'subsample', 'colsample_bytree', 'colsample_bylevel', 'colsample_bynode'],
  ...['min_child_weight', 'gamma', 'reg_alpha', 'reg_lambda', 'max_bin'],
];
const SAMPLING = ['subsample', 'colsample_bytree', 'colsample_bylevel', 'colsample_bynode'];

/**
 * Does the training draw rows or columns? Then the library keeps random state that a snapshot loses, seed_per_iteration or not
 * (tried with 3.2: rows alone, columns alone).
 */
function isSampled(hyperparameters: HyperparameterValues): boolean {
  return SAMPLING.some((name) => Number(hyperparameters[name] ?? 1) < 1);
}

/**
 * The library's parameters for `init`; what is not named keeps XGBoost's default.
 * @throws InvalidRequestError when the objective does not fit the classes.
 */
function xgboostParameters(init: LearnerInit): Readonly<Record<string, string>> {
  const { hyperparameters } = init;
  const parameters: Record<string, string> = {
    tree_method: 'hist',
    device: 'cpu',
    nthread: String(init.threads),
    seed: String(init.seed),
    ...objectiveOf(init),
  };
  for (const name of PASSED) {
    const value = hyperparameters[name];
    if (value !== null && value !== undefined) parameters[name] = readable(value);
  }
  return isSampled(hyperparameters) ? { ...parameters, seed_per_iteration: 'true' } : parameters;
}

/** It keeps float32, writes what it was given with nine digits, and refuses to read what is below the least normal number (1.2e-38). */
const LEAST_READABLE = 1e-37;

function readable(value: HyperparameterValues[string]): string {
  const isTooSmall = typeof value === 'number' && value > 0 && value < LEAST_READABLE;
  return String(isTooSmall ? LEAST_READABLE : value);
}

function objectiveOf({ task, classCount, hyperparameters }: LearnerInit): Readonly<Record<string, string>> {
  if (task === 'regression') return { objective: 'reg:squarederror' };
  const asked = hyperparameters['objective'] ?? 'auto';
  const weight = hyperparameters['scale_pos_weight'] ?? 1;
  if (asked === 'multi:softprob' || (asked === 'auto' && classCount > 2)) {
    if (weight !== 1) {
      const message = `scale_pos_weight weighs the second of two classes; the target has ${classCount} and objective softprob: leave it out`;
      throw new InvalidRequestError([{ path: ['hyperparameters', 'scale_pos_weight'], message, type: 'value' }]);
    }
    return { objective: 'multi:softprob', num_class: String(classCount) };
  }
  if (classCount !== 2) {
    const message = `objective binary:logistic is for two classes; the target has ${classCount}: use auto or multi:softprob`;
    throw new InvalidRequestError([{ path: ['hyperparameters', 'objective'], message, type: 'value' }]);
  }
  return { objective: 'binary:logistic', scale_pos_weight: String(weight) };
}

/** With an exponent: the library reads the digits of 1e19 as an integer, which overflows. */
const scoreText = (score: number): string => score.toExponential();

/** The attribute of our files that says how raw columns become the file's. */
const PREPROCESSING_ATTRIBUTE = 'trainer_preprocessing';

/** The model with names and preprocessing; its predictions are those of `bytes`, in units of the target. */
function describedModel(library: XgboostLibrary, bytes: Uint8Array, description: NativeDescription): Uint8Array {
  const { columns, preprocessing, target } = description;
  if (target !== null && target.factor !== 1) throw new RangeError('Trees of the library can be moved, not scaled.');
  const booster = library.createBooster([]);
  try {
    booster.read(bytes);
    booster.setParameters({ num_feature: String(columns.length) });
    if (target !== null) booster.setParameters({ base_score: scoreText((readXgboostTrees(bytes).trees.base[0] ?? 0) + target.offset) });
    booster.nameColumns(columns);
    booster.setAttribute(PREPROCESSING_ATTRIBUTE, preprocessing);
    return booster.save();
  } finally {
    booster.close();
  }
}

/** The library predicts one number for two classes: the probability of the second. */
function ofEachClass(raw: Float32Array, isBinary: boolean, out: Float64Array): Predictions {
  if (!isBinary) {
    out.set(raw);
    return out;
  }
  for (let row = 0; row < raw.length; row += 1) {
    const positive = raw[row] ?? 0;
    out[2 * row] = 1 - positive;
    out[2 * row + 1] = positive;
  }
  return out;
}

function predictedBy(library: XgboostLibrary, file: Uint8Array, features: FeatureMatrix, isBinary: boolean): Predictions {
  const matrix = library.createMatrix({ features, target: new Float64Array(features.rows) }, 1);
  const booster = library.createBooster([]);
  try {
    booster.read(file);
    const raw = booster.predict(matrix);
    return ofEachClass(raw, isBinary, new Float64Array(isBinary ? raw.length * 2 : raw.length));
  } finally {
    booster.close();
    matrix.close();
  }
}

/** Before the library's own state: the rounds of the epoch, and those that are remembered (0: none), as Uint32. */
const STATE_HEAD_BYTES = 8;

class XgboostLearner implements Learner {
  readonly epochs: number;
  readonly snapshots: 'exact' | 'cut';
  readonly #rounds: number;
  readonly #buffers = new Map<Part, Float64Array>();
  #booster: XgboostBooster;
  #epoch = 0;
  #remembered = 0;

  constructor(
    private readonly library: XgboostLibrary,
    private readonly init: LearnerInit,
    private readonly parameters: Readonly<Record<string, string>>,
    private readonly matrices: Readonly<Record<Part, XgboostMatrix>>,
  ) {
    this.#rounds = Number(init.hyperparameters['n_estimators'] ?? 100);
    this.epochs = Math.min(init.epochs, this.#rounds);
    this.snapshots = isSampled(init.hyperparameters) ? 'cut' : 'exact';
    this.#booster = library.createBooster(Object.values(matrices));
    this.#booster.setParameters(parameters);
  }

  async step(epoch: number, work: Work): Promise<'more' | 'done'> {
    const [from, to] = [this.#roundsAt(epoch - 1), this.#roundsAt(epoch)];
    for (let round = from; round < to; round += 1) {
      this.#booster.update(round, this.matrices.train);
      work.tick((round + 1 - from) / (to - from));
    }
    this.#epoch = epoch;
    return 'more';
  }

  async predict(part: Part): Promise<Predictions> {
    const raw = this.#booster.predict(this.matrices[part]);
    const out = this.#bufferOf(part, this.#isBinary ? raw.length * 2 : raw.length);
    return ofEachClass(raw, this.#isBinary, out);
  }

  remember(): void {
    this.#remembered = this.#epoch;
  }

  recall(): void {
    const rounds = this.#roundsAt(this.#remembered);
    this.#epoch = this.#remembered;
    if (rounds === this.#booster.rounds()) return;
    const kept = this.#booster.slice(rounds);
    this.#booster.close();
    this.#booster = kept;
    this.#booster.setParameters({ nthread: String(this.init.threads) });
  }

  async snapshot(): Promise<Uint8Array> {
    const state = this.#booster.serialize();
    if (this.snapshots === 'cut') this.#load(state);
    const bytes = new Uint8Array(STATE_HEAD_BYTES + state.length);
    const head = new DataView(bytes.buffer);
    head.setUint32(0, this.#epoch);
    head.setUint32(4, this.#remembered);
    bytes.set(state, STATE_HEAD_BYTES);
    return bytes;
  }

  async restore(bytes: Uint8Array): Promise<void> {
    const head = new DataView(bytes.buffer, bytes.byteOffset, STATE_HEAD_BYTES);
    this.#load(bytes.subarray(STATE_HEAD_BYTES));
    this.#epoch = head.getUint32(0);
    this.#remembered = head.getUint32(4);
    const [held, due] = [this.#booster.rounds(), this.#roundsAt(this.#epoch)];
    if (held !== due) throw new TrainingStateError({ epoch: this.#epoch, due, held });
  }

  async model(): Promise<TrainedModel> {
    const bytes = this.#booster.save();
    const isBinary = this.#isBinary;
    const { trees, gain } = readXgboostTrees(bytes);
    const total = gain.reduce((sum, value) => sum + value, 0);
    const importance = total > 0 ? gain.map((value) => value / total) : gain;
    return {
      native: {
        ending: '.ubj',
        bytes,
        described: (description) => describedModel(this.library, bytes, description),
        predict: (file, rows) => predictedBy(this.library, file, rows, isBinary),
      },
      importance,
      addTo: (graph, features) => addTrees(graph, trees, features),
    };
  }

  close(): void {
    this.#booster.close();
    for (const matrix of Object.values(this.matrices)) matrix.close();
    this.#buffers.clear();
  }

  get #isBinary(): boolean {
    return this.parameters['objective'] === 'binary:logistic';
  }

  #roundsAt(epoch: number): number {
    return roundsAtEpoch(this.#rounds, epoch, this.init.epochs);
  }

  #load(state: Uint8Array): void {
    const fresh = this.library.createBooster(Object.values(this.matrices));
    fresh.load(state);
    fresh.setParameters(this.parameters);
    this.#booster.close();
    this.#booster = fresh;
  }

  #bufferOf(part: Part, length: number): Float64Array {
    const held = this.#buffers.get(part);
    if (held?.length === length) return held;
    const fresh = new Float64Array(length);
    this.#buffers.set(part, fresh);
    return fresh;
  }
}
