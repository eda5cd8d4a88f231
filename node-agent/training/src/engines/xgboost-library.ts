import type { LabelledRows } from '../learning/learner.js';
import { bindXgboost, type Out, type Pointer, type XgboostBindings } from './xgboost-bindings.js';

/** XGBoost's C library, opened. All calls of one booster and its matrices are made on one thread. */
export interface XgboostLibrary {
  /** Such as `3.2.0`. */
  readonly version: string;
  readonly path: string;
  /** Copies rows into the library; `threads` is how many it may use for that. NaN is a missing value. @throws EngineError */
  createMatrix(rows: LabelledRows, threads: number): XgboostMatrix;
  /** A booster whose predictions of `matrices` are kept up to date tree by tree. @throws EngineError */
  createBooster(matrices: readonly XgboostMatrix[]): XgboostBooster;
  /** Starts the meeting point of a gang's communicators; it runs on a thread of the library's own. @throws EngineError */
  startTracker(place: TrackerPlace): XgboostTracker;
  /**
   * Makes this thread one of a gang: from now on matrices and boosters made on it are its share of what all of them train.
   * @throws EngineError
   */
  joinCommunicator(settings: CommunicatorSettings): void;
  /** This thread is alone again. The tracker must still run. @throws EngineError */
  leaveCommunicator(): void;
}

export interface TrackerPlace {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly ranks: number;
  readonly timeoutS: number;
}

export interface XgboostTracker {
  readonly port: number;
  /** Once all have left. Idempotent. @throws EngineError */
  close(): void;
}

export interface CommunicatorSettings {
  readonly trackerHost: string;
  readonly trackerPort: number;
  readonly rank: number;
  /** How long one exchange waits for the others. */
  readonly timeoutS: number;
  readonly connectTries: number;
}

export interface XgboostMatrix {
  readonly handle: Pointer;
  readonly rows: number;
  /** Idempotent. */
  close(): void;
}

/** @throws EngineError from every method. */
export interface XgboostBooster {
  setParameters(parameters: Readonly<Record<string, string>>): void;
  /** Grows the trees of one round, numbered from 0. */
  update(round: number, matrix: XgboostMatrix): void;
  /** Rounds so far. */
  rounds(): number;
  /** Row-major, `rows x outputs`; the memory is the library's and holds until its next call, so read it at once. */
  predict(matrix: XgboostMatrix): Float32Array;
  /** Model and parameters, for `load`. */
  serialize(): Uint8Array;
  load(state: Uint8Array): void;
  /** The model as XGBoost's own file, UBJSON. */
  save(): Uint8Array;
  /** Reads the model from a file's bytes, as `save` gives them. */
  read(model: Uint8Array): void;
  /** Names the columns of the model; the parameter `num_feature` says how many it has. */
  nameColumns(names: readonly string[]): void;
  /** A text of the model's file under a name. */
  setAttribute(name: string, value: string): void;
  /** A new booster of the first `rounds` rounds. */
  slice(rounds: number): XgboostBooster;
  /** Idempotent. */
  close(): void;
}

// Cached predictions are used only for the whole model, which is what 0,0 means.
const PREDICT = JSON.stringify({ type: 0, training: false, iteration_begin: 0, iteration_end: 0, strict_shape: true });

/**
 * Opens the library below `folder` (as pip unpacks the wheel there).
 * @throws EngineUnavailableError with the reason and the mend.
 */
export async function openXgboost(folder: string): Promise<XgboostLibrary> {
  const bindings = await bindXgboost(folder);
  // Its warnings would go to the process's output, unasked; what matters comes back as an error.
  bindings.XGBSetGlobalConfig(JSON.stringify({ verbosity: 0 }));
  return {
    version: bindings.version,
    path: bindings.path,
    createMatrix: (rows, threads) => createMatrix(bindings, rows, threads),
    createBooster: (matrices) => createBooster(bindings, matrices),
    startTracker: (place) => startTracker(bindings, place),
    joinCommunicator: (settings) => joinCommunicator(bindings, settings),
    leaveCommunicator: () => bindings.XGCommunicatorFinalize(),
  };
}

function startTracker(bindings: XgboostBindings, { host, port, ranks, timeoutS }: TrackerPlace): XgboostTracker {
  const out: Out<Pointer> = [0n];
  // sortby 1: ranks are those of the task ids, whoever comes first.
  bindings.XGTrackerCreate(JSON.stringify({ dmlc_communicator: 'rabit', host, n_workers: ranks, port, sortby: 1, timeout: timeoutS }), out);
  const [tracker] = out;
  const close = onceOnly(() => bindings.XGTrackerFree(tracker));
  try {
    bindings.XGTrackerRun(tracker, '{}');
    const args: Out<string> = [''];
    bindings.XGTrackerWorkerArgs(tracker, args);
    return { port: (JSON.parse(args[0]) as { dmlc_tracker_port: number }).dmlc_tracker_port, close };
  } catch (error) {
    close();
    throw error;
  }
}

function joinCommunicator(bindings: XgboostBindings, settings: CommunicatorSettings): void {
  const { trackerHost, trackerPort, rank, timeoutS, connectTries } = settings;
  const config = {
    dmlc_communicator: 'rabit',
    dmlc_tracker_uri: trackerHost,
    dmlc_tracker_port: trackerPort,
    // Sorted as text.
    dmlc_task_id: String(rank).padStart(8, '0'),
    dmlc_timeout: timeoutS,
    dmlc_retry: connectTries,
  };
  bindings.XGCommunicatorInit(JSON.stringify(config));
}

function createMatrix(bindings: XgboostBindings, { features, target }: LabelledRows, threads: number): XgboostMatrix {
  const out: Out<Pointer> = [0n];
  const data = arrayInterface(bindings, features.values, [features.rows, features.columns]);
  // JSON has no NaN, but XGBoost's reader takes it.
  bindings.XGDMatrixCreateFromDense(data, `{"missing":NaN,"nthread":${threads}}`, out);
  const handle = out[0];
  const close = onceOnly(() => bindings.XGDMatrixFree(handle));
  try {
    const labels = Float32Array.from(target);
    bindings.XGDMatrixSetInfoFromInterface(handle, 'label', arrayInterface(bindings, labels, [labels.length]));
  } catch (error) {
    close();
    throw error;
  }
  return { handle, rows: features.rows, close };
}

/** NumPy's array interface, version 3, as XGBoost reads it. */
function arrayInterface({ koffi }: XgboostBindings, values: Float32Array, shape: readonly number[]): string {
  // Asking for the buffer moves a small array's bytes out of V8's heap, so that the address stays true.
  const address = values.buffer.byteLength === 0 ? 0 : Number(koffi.address(values));
  return JSON.stringify({ data: [address, true], shape, typestr: '<f4', version: 3 });
}

function createBooster(bindings: XgboostBindings, matrices: readonly XgboostMatrix[]): XgboostBooster {
  const out: Out<Pointer> = [0n];
  bindings.XGBoosterCreate(
    matrices.map(({ handle }) => handle),
    matrices.length,
    out,
  );
  return boosterOf(bindings, out[0]);
}

function boosterOf(bindings: XgboostBindings, handle: Pointer): XgboostBooster {
  return {
    setParameters(parameters) {
      for (const [name, value] of Object.entries(parameters)) bindings.XGBoosterSetParam(handle, name, value);
    },
    update: (round, matrix) => bindings.XGBoosterUpdateOneIter(handle, round, matrix.handle),
    rounds: () => {
      const out: Out<number> = [0];
      bindings.XGBoosterBoostedRounds(handle, out);
      return out[0];
    },
    predict: (matrix) => predict(bindings, handle, matrix),
    serialize: () => bytesOf(bindings, (length, out) => bindings.XGBoosterSerializeToBuffer(handle, length, out)),
    load: (state) => bindings.XGBoosterUnserializeFromBuffer(handle, state, state.length),
    save: () => bytesOf(bindings, (length, out) => bindings.XGBoosterSaveModelToBuffer(handle, '{"format":"ubj"}', length, out)),
    read: (model) => bindings.XGBoosterLoadModelFromBuffer(handle, model, model.length),
    nameColumns: (names) => bindings.XGBoosterSetStrFeatureInfo(handle, 'feature_name', names, names.length),
    setAttribute: (name, value) => bindings.XGBoosterSetAttr(handle, name, value),
    slice: (rounds) => {
      const out: Out<Pointer> = [0n];
      bindings.XGBoosterSlice(handle, 0, rounds, 1, out);
      return boosterOf(bindings, out[0]);
    },
    close: onceOnly(() => bindings.XGBoosterFree(handle)),
  };
}

function predict(bindings: XgboostBindings, handle: Pointer, matrix: XgboostMatrix): Float32Array {
  const shape: Out<Pointer> = [0n];
  const dimensions: Out<number> = [0];
  const result: Out<Pointer> = [0n];
  bindings.XGBoosterPredictFromDMatrix(handle, matrix.handle, PREDICT, shape, dimensions, result);
  const extents = new BigUint64Array(bindings.koffi.view(shape[0], dimensions[0] * 8));
  const length = extents.reduce((product, extent) => product * Number(extent), 1);
  return length === 0 ? new Float32Array(0) : new Float32Array(bindings.koffi.view(result[0], length * 4));
}

/** Copies the library's answer out: its memory is written anew by the next call. */
function bytesOf(bindings: XgboostBindings, call: (length: Out<number>, out: Out<Pointer>) => void): Uint8Array {
  const length: Out<number> = [0];
  const out: Out<Pointer> = [0n];
  call(length, out);
  return new Uint8Array(bindings.koffi.view(out[0], length[0])).slice();
}

function onceOnly(free: () => void): () => void {
  let isFree = false;
  return () => {
    if (isFree) return;
    isFree = true;
    free();
  };
}
