import type { HyperparameterValues } from '../train-request.js';

/** What a table has, as far as memory goes. `rows` are all rows, `columns` the features, `classes` 0 for regression. */
export interface TableShape {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

/** How much memory trees take, beside the table: coefficients of `memoryNeed`. */
export interface TreeMemory {
  /** Of a split or leaf from training to the check of the exported file: in the library, its file, our arrays and onnxruntime. */
  readonly bytesPerNode: number;
  /** Of one bin of a column in the histogram of a leaf; a tree's are kept while it grows. */
  readonly bytesPerBin: number;
}

/** Bytes that the training of a model needs, as coefficients of `memoryNeed`. */
export interface ModelMemory {
  readonly baseBytes: number;
  readonly bytesPerCell: number;
  readonly trees: TreeMemory;
}

/** Where `max_depth` is null: XGBoost's default. */
const DEFAULT_DEPTH = 6;
/** A row of a classification weighs at most so much (p(1 - p), doubled for softmax), so a leaf of weight w has 2w rows or more. */
const MOST_ROW_WEIGHT = 0.5;

/**
 * @returns bytes that training the model on such a table takes at most: an upper estimate, as every tree may grow as large as its
 * parameters and rows allow. The coefficients were fitted to the peaks of real processes (docs/adr/0014).
 */
export function memoryNeed(memory: ModelMemory, table: TableShape, hyperparameters: HyperparameterValues): number {
  const cells = table.rows * (table.columns + 1);
  const { bytesPerNode, bytesPerBin } = memory.trees;
  const { trees, leaves } = treesOf(table, hyperparameters);
  const bins = Math.min(numberOf(hyperparameters, 'max_bin', 256), table.rows);
  const histograms = leaves * table.columns * bins * bytesPerBin;
  return Math.ceil(memory.baseBytes + cells * memory.bytesPerCell + trees * (2 * leaves - 1) * bytesPerNode + histograms);
}

/** @returns how many trees there are, and the most leaves that one of them has */
function treesOf({ rows, classes }: TableShape, hyperparameters: HyperparameterValues): { trees: number; leaves: number } {
  const isOneEach = classes > 2 || hyperparameters['objective'] === 'multi:softprob';
  const trees = numberOf(hyperparameters, 'n_estimators', 100) * (isOneEach ? Math.max(1, classes) : 1);
  const depth = numberOf(hyperparameters, 'max_depth', DEFAULT_DEPTH);
  const mostLeaves = numberOf(hyperparameters, 'max_leaves', 0);
  const weight = numberOf(hyperparameters, 'min_child_weight', 1);
  const byRows = classes === 0 || weight === 0 ? rows : Math.ceil((rows * MOST_ROW_WEIGHT) / weight);
  const leaves = Math.min(depth === 0 ? Infinity : 2 ** depth, mostLeaves === 0 ? Infinity : mostLeaves, Math.max(1, byRows));
  return { trees, leaves };
}

function numberOf(hyperparameters: HyperparameterValues, name: string, otherwise: number): number {
  const value = hyperparameters[name];
  return typeof value === 'number' ? value : otherwise;
}
