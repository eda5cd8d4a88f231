import type { HyperparameterValues } from '../train-request.js';
import type { TableShape } from './description.js';

/** The trees that a training grows at most. */
export interface Forest {
  /** Of all trees. */
  readonly leaves: number;
  /** Of the largest tree. */
  readonly mostLeaves: number;
  /** Of one column in the histogram of a leaf. */
  readonly bins: number;
}

/** How much memory trees take beside the table: bytes, fitted to the peaks of real processes (docs/adr/0014). */
export interface TreeCosts {
  readonly base: number;
  /** Of a value of the encoded table, the target counted as a column. */
  readonly perCell: number;
  /** Of a split or leaf from training to the check of the exported file: in the library, its file, our arrays and onnxruntime. */
  readonly perNode: number;
  /** Of one bin of a column in the histogram of a leaf; a tree's are kept while it grows. */
  readonly perBin: number;
}

/** @returns bytes: an upper estimate, as every tree may grow as large as its parameters and rows allow */
export function treeMemory(costs: TreeCosts, { rows, columns }: TableShape, { leaves, mostLeaves, bins }: Forest): number {
  const cells = rows * (columns + 1);
  // A tree has one node less than twice its leaves.
  const nodes = 2 * leaves;
  return Math.ceil(costs.base + cells * costs.perCell + nodes * costs.perNode + mostLeaves * columns * bins * costs.perBin);
}

/** The value of a numeric parameter, or `otherwise` where it is null or absent. */
export function numericValue(values: HyperparameterValues, name: string, otherwise: number): number {
  const value = values[name];
  return typeof value === 'number' ? value : otherwise;
}
