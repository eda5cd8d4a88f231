import type { FeatureMatrix } from '../learning/learner.js';
import { settledText } from './lightgbm-text.js';
import { bindLightgbm, type LightgbmBindings, type Out, type Pointer } from './lightgbm-bindings.js';

/** LightGBM's C library, opened. All calls of one booster and its datasets are made on one thread. */
export interface LightgbmLibrary {
  /** That of its wheel, such as `4.7.0`. */
  readonly version: string;
  readonly path: string;
  readonly bindings: LightgbmBindings;
  /**
   * Sorts rows, of which there must be one, into bins, those of `reference` where it is given. NaN is a missing value. Labels and weights are kept in float32.
   * @throws EngineError
   */
  createDataset(rows: DatasetRows, parameters: LightgbmParameters, reference: LightgbmDataset | null): LightgbmDataset;
  /** A booster that trains on `train` and keeps its predictions of both up to date tree by tree; null: no rows. @throws EngineError */
  createBooster(train: LightgbmDataset, validation: LightgbmDataset | null, parameters: LightgbmParameters): LightgbmBooster;
  /** A booster that predicts. @throws EngineError */
  readModel(text: string): LightgbmBooster;
}

/** By the library's names. */
export type LightgbmParameters = Readonly<Record<string, string>>;

export interface DatasetRows {
  readonly features: FeatureMatrix;
  readonly target: Float64Array;
  /** By row; null: all 1. */
  readonly weights: Float64Array | null;
}

export interface LightgbmDataset {
  readonly handle: Pointer;
  readonly rows: number;
  /** What boosters that are made from now on add their trees to: row-major, `rows x outputs`. */
  startFrom(scores: Float64Array): void;
  /** Idempotent. */
  close(): void;
}

/** Which rows a training booster has predictions of. */
export type BoosterPart = 'train' | 'validation';

/** Iterations are rounds: a tree, or a tree a class. @throws EngineError from every method. */
export interface LightgbmBooster {
  readonly handle: Pointer;
  /** Grows the trees of one round. @returns whether there was nothing left to split: nothing was added then, but for the first round */
  update(): boolean;
  rounds(): number;
  /** Numbers that it predicts of a row. */
  outputs(): number;
  /** What the booster keeps of a part's rows; row-major into `out`, `rows x outputs`. */
  kept(part: BoosterPart, out: Float64Array): void;
  /** Predicts by the first `rounds` rounds; row-major into `out`. raw: sums of leaves; else what the objective makes of them. */
  predict(
    features: FeatureMatrix,
    how: { readonly raw: boolean; readonly rounds: number; readonly threads: number },
    out: Float64Array,
  ): void;
  /** Puts another booster's rounds before this one's; the datasets must start from what they predict. */
  adopt(before: LightgbmBooster): void;
  /** The first `rounds` rounds as the library's own text, without its list of parameters; the same again after it was read and saved. */
  save(rounds: number): string;
  /** Idempotent. */
  close(): void;
}

/** C_API_DTYPE_FLOAT32 and _FLOAT64; C_API_PREDICT_NORMAL and _RAW_SCORE. */
const FLOAT32 = 0;
const FLOAT64 = 1;
const NORMAL = 0;
const RAW = 1;
const ROW_MAJOR = 1;
/** C_API_FEATURE_IMPORTANCE_SPLIT: which counts stand in the text, as the Python package writes it. */
const SPLITS = 0;
const PARTS: Readonly<Record<BoosterPart, number>> = { train: 0, validation: 1 };
/** The text's list of parameters follows its trees. */
const PARAMETERS_SECTION = '\nparameters:';

/**
 * Opens the library below `folder` (as pip unpacks the wheel there).
 * @throws EngineUnavailableError with the reason and the mend.
 */
export async function openLightgbm(folder: string): Promise<LightgbmLibrary> {
  const bindings = await bindLightgbm(folder);
  return {
    version: bindings.version,
    path: bindings.path,
    bindings,
    createDataset: (rows, parameters, reference) => createDataset(bindings, rows, parameters, reference),
    createBooster(train, validation, parameters) {
      const out: Out<Pointer> = [0n];
      bindings.LGBM_BoosterCreate(train.handle, textOf(parameters), out);
      const booster = boosterOf(bindings, out[0], { train: train.rows, validation: validation?.rows ?? 0 });
      try {
        if (validation !== null) bindings.LGBM_BoosterAddValidData(booster.handle, validation.handle);
      } catch (error) {
        booster.close();
        throw error;
      }
      return booster;
    },
    readModel(text) {
      const [iterations, out]: [Out<number>, Out<Pointer>] = [[0], [0n]];
      bindings.LGBM_BoosterLoadModelFromString(text, iterations, out);
      return boosterOf(bindings, out[0], { train: 0, validation: 0 });
    },
  };
}

function textOf(parameters: LightgbmParameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function createDataset(
  bindings: LightgbmBindings,
  { features, target, weights }: DatasetRows,
  parameters: LightgbmParameters,
  reference: LightgbmDataset | null,
): LightgbmDataset {
  const out: Out<Pointer> = [0n];
  const { values, rows, columns } = features;
  const text = textOf(parameters);
  bindings.LGBM_DatasetCreateFromMat(values, FLOAT32, rows, columns, ROW_MAJOR, text, reference?.handle ?? null, out);
  const handle = out[0];
  const close = onceOnly(() => bindings.LGBM_DatasetFree(handle));
  try {
    bindings.LGBM_DatasetSetField(handle, 'label', Float32Array.from(target), rows, FLOAT32);
    if (weights !== null) bindings.LGBM_DatasetSetField(handle, 'weight', Float32Array.from(weights), rows, FLOAT32);
  } catch (error) {
    close();
    throw error;
  }
  return {
    handle,
    rows,
    startFrom(scores) {
      const outputs = rows === 0 ? 1 : scores.length / rows;
      bindings.LGBM_DatasetSetField(handle, 'init_score', transposed(scores, rows, outputs), scores.length, FLOAT64);
    },
    close,
  };
}

/** The library has its scores output by output. */
function transposed(scores: Float64Array, rows: number, columns: number): Float64Array {
  if (columns === 1) return scores;
  const out = new Float64Array(scores.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) out[column * rows + row] = scores[row * columns + column] ?? NaN;
  return out;
}

function told(call: (out: Out<number>) => void): number {
  const out: Out<number> = [0];
  call(out);
  return out[0];
}

function boosterOf(bindings: LightgbmBindings, handle: Pointer, rowsOf: Readonly<Record<BoosterPart, number>>): LightgbmBooster {
  return {
    handle,
    update() {
      const isFinished: Out<number> = [0];
      bindings.LGBM_BoosterUpdateOneIter(handle, isFinished);
      return isFinished[0] === 1;
    },
    rounds: () => told((out) => bindings.LGBM_BoosterGetCurrentIteration(handle, out)),
    outputs: () => told((out) => bindings.LGBM_BoosterGetNumClasses(handle, out)),
    kept(part, out) {
      const rows = rowsOf[part];
      const outputs = rows === 0 ? 1 : out.length / rows;
      const scores = outputs === 1 ? out : new Float64Array(out.length);
      bindings.LGBM_BoosterGetPredict(handle, PARTS[part], [0], scores);
      if (outputs > 1) out.set(transposed(scores, outputs, rows));
    },
    predict({ values, rows, columns }, how, out) {
      const kind = how.raw ? RAW : NORMAL;
      // The library takes 0 rounds, as any number below, for all of them.
      if (how.rounds < 1) throw new RangeError('A model of no rounds predicts nothing.');
      const parameters = `num_threads=${how.threads} verbosity=-1`;
      bindings.LGBM_BoosterPredictForMat(handle, values, FLOAT32, rows, columns, ROW_MAJOR, kind, 0, how.rounds, parameters, [0], out);
    },
    adopt: (before) => bindings.LGBM_BoosterMerge(handle, before.handle),
    save: (count) => saved(bindings, handle, count),
    close: onceOnly(() => bindings.LGBM_BoosterFree(handle)),
  };
}

function saved(bindings: LightgbmBindings, handle: Pointer, rounds: number): string {
  const length: Out<number> = [0];
  const save = (room: Uint8Array): void => bindings.LGBM_BoosterSaveModelToString(handle, 0, rounds, SPLITS, room.length, length, room);
  let room = new Uint8Array(2 ** 20);
  save(room);
  if (length[0] > room.length) {
    room = new Uint8Array(length[0]);
    save(room);
  }
  // The last byte is the end of a C string.
  const text = new TextDecoder().decode(room.subarray(0, length[0] - 1));
  return settledText(text.slice(0, text.indexOf(PARAMETERS_SECTION) + 1));
}

function onceOnly(free: () => void): () => void {
  let isFree = false;
  return () => {
    if (isFree) return;
    isFree = true;
    free();
  };
}
