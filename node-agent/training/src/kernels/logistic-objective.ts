import type { Collective } from '@trainer/actor';
import type { LabelledRows } from '../learning/learner.js';
import { softmaxRows } from './affine-model.js';
import type { DenseAlgebra } from './dense-algebra.js';
import { eachBlock, type RowBlock } from './row-blocks.js';

/** Where the rows' classes and columns are known, of all ranks. */
export interface ClassTable {
  readonly rows: LabelledRows;
  readonly classCount: number;
  /** What a row of each class weighs. */
  readonly classWeights: Float64Array;
  /** Of all rows of all ranks. */
  readonly totalWeight: number;
  readonly hasIntercept: boolean;
  /** Half of it times the squares of the coefficients is added; intercepts are free. */
  readonly squarePenalty: number;
}

export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** How much of a pass over the rows is done, 0..1. */
export type Progress = (done: number) => void;

/**
 * The mean log-loss of a linear model of classes, and half the squares of its coefficients: scikit-learn's objective divided by C and the rows'
 * weight. Weights are row-major, outputs x (columns + 1), the intercept behind the columns; there is one output for two classes (the second's
 * score), else one a class. All ranks call each method together, and get the same numbers.
 */
export class LogisticObjective {
  /** Weights of an output. */
  readonly width: number;
  readonly outputs: number;
  /** All weights. */
  readonly size: number;

  constructor(
    private readonly algebra: DenseAlgebra,
    private readonly team: Collective,
    private readonly table: ClassTable,
  ) {
    this.width = table.rows.features.columns + 1;
    this.outputs = table.classCount === 2 ? 1 : table.classCount;
    this.size = this.outputs * this.width;
  }

  isIntercept(at: number): boolean {
    return at % this.width === this.width - 1;
  }

  async evaluate(weights: Float64Array, progress: Progress): Promise<Evaluation> {
    const { outputs, width, algebra, table } = this;
    const own = new Float64Array(1 + this.size);
    const slopes = own.subarray(1);
    this.#eachBlock(weights, ({ values, rows, from }, scores, done) => {
      own[0] = (own[0] ?? 0) + lossAndSlopes(scores, outputs, table, from);
      algebra.multiplyDouble({ m: outputs, n: width, k: rows, a: scores, isATransposed: true, b: values, c: slopes, kept: 1 });
      progress(done);
    });
    const sums = await this.team.allReduce(own, 'sum');
    const { totalWeight, squarePenalty } = table;
    let value = (sums[0] ?? NaN) / totalWeight;
    const gradient = sums.slice(1).map((slope, at) => {
      const weight = this.isIntercept(at) ? 0 : (weights[at] ?? 0);
      value += (squarePenalty / 2) * weight * weight;
      return slope / totalWeight + squarePenalty * weight;
    });
    return { value, gradient };
  }

  /** The second derivatives, size x size: worth it where there are few weights. */
  async hessian(weights: Float64Array, progress: Progress): Promise<Float64Array> {
    const { outputs, width, algebra } = this;
    const square = width * width;
    const own = new Float64Array(((outputs * (outputs + 1)) / 2) * square);
    this.#eachBlock(weights, ({ values, rows, from }, scores, done) => {
      const scaled = new Float64Array(rows * width);
      const curve = this.#curvesOf(scores, from);
      for (let one = 0, at = 0; one < outputs; one += 1) {
        for (let other = 0; other <= one; other += 1, at += square) {
          for (let row = 0; row < rows; row += 1) {
            const weight = curve(row, one, other);
            for (let column = 0; column < width; column += 1) scaled[row * width + column] = weight * (values[row * width + column] ?? NaN);
          }
          const c = own.subarray(at, at + square);
          algebra.multiplyDouble({ m: width, n: width, k: rows, a: scaled, isATransposed: true, b: values, c, kept: 1 });
        }
      }
      progress(done);
    });
    return this.#assembled(await this.team.allReduce(own, 'sum'));
  }

  /** The second derivative of a row's loss by two of its scores; the scores are written over. */
  #curvesOf(scores: Float64Array, from: number): (row: number, one: number, other: number) => number {
    const { outputs, table } = this;
    const { classWeights, rows } = table;
    const weightOf = (row: number): number => classWeights[rows.target[from + row] ?? 0] ?? 1;
    if (outputs === 1) {
      return (row) => {
        const share = 1 / (1 + Math.exp(-(scores[row] ?? NaN)));
        return weightOf(row) * share * (1 - share);
      };
    }
    softmaxRows(scores, outputs, scores);
    return (row, one, other) => {
      const [p, q] = [scores[row * outputs + one] ?? NaN, scores[row * outputs + other] ?? NaN];
      return weightOf(row) * p * (Number(one === other) - q);
    };
  }

  #assembled(pairs: Float64Array): Float64Array {
    const { outputs, width, size, table } = this;
    const matrix = new Float64Array(size * size);
    for (let one = 0, from = 0; one < outputs; one += 1) {
      for (let other = 0; other <= one; other += 1, from += width * width) {
        for (let at = 0; at < width * width; at += 1) {
          const [row, column] = [one * width + Math.floor(at / width), other * width + (at % width)];
          const value = (pairs[from + at] ?? NaN) / table.totalWeight;
          matrix[row * size + column] = value;
          matrix[column * size + row] = value;
        }
      }
    }
    for (let at = 0; at < size; at += 1) {
      if (!this.isIntercept(at)) matrix[at * size + at] = (matrix[at * size + at] ?? NaN) + table.squarePenalty;
    }
    return matrix;
  }

  #eachBlock(weights: Float64Array, visit: (block: RowBlock, scores: Float64Array, done: number) => void): void {
    const { features } = this.table.rows;
    const { columns } = features;
    const one = Number(this.table.hasIntercept);
    eachBlock(features, { columns, offsets: new Float64Array(columns), last: () => one }, (block, done) => {
      const scores = new Float64Array(block.rows * this.outputs);
      const { width, outputs } = this;
      this.algebra.multiplyDouble({ m: block.rows, n: outputs, k: width, a: block.values, b: weights, isBTransposed: true, c: scores });
      visit(block, scores, done);
    });
  }
}

/** @returns the loss of a block of rows; the scores become the derivatives by them */
function lossAndSlopes(scores: Float64Array, outputs: number, { rows: { target }, classWeights }: ClassTable, from: number): number {
  let loss = 0;
  for (let row = 0; row * outputs < scores.length; row += 1) {
    const label = target[from + row] ?? NaN;
    const weight = classWeights[label] ?? 1;
    const at = row * outputs;
    if (outputs === 1) {
      const score = scores[at] ?? NaN;
      loss += weight * (Math.max(score, 0) - label * score + Math.log1p(Math.exp(-Math.abs(score))));
      scores[at] = weight * (1 / (1 + Math.exp(-score)) - label);
      continue;
    }
    let most = -Infinity;
    for (let k = at; k < at + outputs; k += 1) most = Math.max(most, scores[k] ?? NaN);
    let sum = 0;
    for (let k = at; k < at + outputs; k += 1) sum += Math.exp((scores[k] ?? NaN) - most);
    loss += weight * (most + Math.log(sum) - (scores[at + label] ?? NaN));
    for (let k = at; k < at + outputs; k += 1) {
      scores[k] = weight * (Math.exp((scores[k] ?? NaN) - most) / sum - Number(k === at + label));
    }
  }
  return loss;
}
