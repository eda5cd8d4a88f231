import type { XgboostBooster, XgboostLibrary, XgboostMatrix } from '../engines/xgboost-library.js';
import type { Learner, LearnerInit, Predictions, TrainedModel } from './learner.js';
import { TrainingStateError } from './errors.js';
import { isSampled, roundsOf, xgboostParameters } from './xgboost-parameters.js';
import { readXgboostTrees } from './xgboost-trees.js';

/**
 * The rounds (trees, or one tree a class) that are grown when `epoch` of `epochs` ends: floor(n k / E); with fewer rounds than
 * epochs one an epoch, and the last epoch is the number of rounds.
 */
export function roundsAtEpoch(rounds: number, epoch: number, epochs: number): number {
  return rounds <= epochs ? Math.min(epoch, rounds) : Math.floor((rounds * epoch) / epochs);
}

/**
 * Gradient boosting by XGBoost's library: classification (binary:logistic, multi:softprob) and regression (squared error).
 * Copies the rows into the library; `init.train` and `init.validation` may be let go afterwards.
 * @throws InvalidRequestError when the objective does not fit the target. @throws EngineError
 */
export function createXgboostLearner(library: XgboostLibrary, init: LearnerInit): Learner {
  const parameters = xgboostParameters(init);
  const train = library.createMatrix(init.train, init.threads);
  try {
    const validation = library.createMatrix(init.validation, init.threads);
    return new XgboostLearner(library, init, parameters, [train, validation]);
  } catch (error) {
    train.close();
    throw error;
  }
}

class XgboostLearner implements Learner {
  readonly epochs: number;
  readonly snapshotCuts: boolean;
  readonly #rounds: number;
  readonly #train: XgboostMatrix;
  readonly #validation: XgboostMatrix;
  readonly #buffers = new Map<XgboostMatrix, Float64Array>();
  #booster: XgboostBooster;

  constructor(
    private readonly library: XgboostLibrary,
    private readonly init: LearnerInit,
    private readonly parameters: Readonly<Record<string, string>>,
    private readonly matrices: readonly [XgboostMatrix, XgboostMatrix],
  ) {
    [this.#train, this.#validation] = matrices;
    this.#rounds = roundsOf(init.hyperparameters);
    this.epochs = Math.min(init.epochs, this.#rounds);
    this.snapshotCuts = isSampled(init.hyperparameters);
    this.#booster = library.createBooster(matrices);
    this.#booster.setParameters(parameters);
  }

  step(epoch: number): void {
    const end = this.#roundsAt(epoch);
    for (let round = this.#roundsAt(epoch - 1); round < end; round += 1) this.#booster.update(round, this.#train);
  }

  predictTrain(): Predictions {
    return this.#predict(this.#train);
  }

  predictValidation(): Predictions {
    return this.#predict(this.#validation);
  }

  snapshot(): Uint8Array {
    const state = this.#booster.serialize();
    if (this.snapshotCuts) this.#load(state);
    return state;
  }

  /** @throws TrainingStateError when the state is of another job. */
  restore(state: Uint8Array, epoch: number): void {
    this.#load(state);
    const [held, due] = [this.#booster.rounds(), this.#roundsAt(epoch)];
    if (held !== due) throw new TrainingStateError({ epoch, due, held });
  }

  keepEpoch(epoch: number): void {
    const rounds = this.#roundsAt(epoch);
    if (rounds === this.#booster.rounds()) return;
    const kept = this.#booster.slice(rounds);
    this.#booster.close();
    this.#booster = kept;
    this.#booster.setParameters({ nthread: String(this.init.threads) });
  }

  modelBytes(): Uint8Array {
    return this.#booster.save();
  }

  export(): TrainedModel {
    const bytes = this.modelBytes();
    const { trees, gain } = readXgboostTrees(bytes);
    const total = gain.reduce((sum, value) => sum + value, 0);
    const importance = total > 0 ? gain.map((value) => value / total) : gain;
    return { native: { ending: '.ubj', bytes }, trees, importance };
  }

  close(): void {
    this.#booster.close();
    for (const matrix of this.matrices) matrix.close();
    this.#buffers.clear();
  }

  #roundsAt(epoch: number): number {
    return roundsAtEpoch(this.#rounds, epoch, this.init.epochs);
  }

  #load(state: Uint8Array): void {
    const fresh = this.library.createBooster(this.matrices);
    fresh.load(state);
    fresh.setParameters(this.parameters);
    this.#booster.close();
    this.#booster = fresh;
  }

  #predict(matrix: XgboostMatrix): Predictions {
    const raw = this.#booster.predict(matrix);
    const isBinary = this.parameters['objective'] === 'binary:logistic';
    const out = this.#bufferOf(matrix, isBinary ? raw.length * 2 : raw.length);
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

  #bufferOf(matrix: XgboostMatrix, length: number): Float64Array {
    const held = this.#buffers.get(matrix);
    if (held?.length === length) return held;
    const fresh = new Float64Array(length);
    this.#buffers.set(matrix, fresh);
    return fresh;
  }
}
