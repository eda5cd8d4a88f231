import type { FeatureMatrix } from '../../learning/learner.js';
import type { Pace } from '../pool/pace.js';

/** Codes of a column that is not kept value by value. */
export const MAX_BINS = 256;
/**
 * Up to so many training rows each distinct value has its own code, and splits are exact. Above, a column of more than `MAX_BINS` values is cut
 * into bins: its codes take one byte a cell, and a node's histogram fits into the first cache. The number is a judgement: of so many rows a
 * quantile holds 64.
 */
export const EXACT_ROWS = 16_384;
/** Rows whose values decide the bins of a column: each bin has 128 of them. */
const SAMPLED_ROWS = 32_768;

/** A matrix of features as small numbers that keep the order of the values in each column. */
export interface BinnedColumns {
  readonly rows: number;
  readonly columns: number;
  /** Column-major, columns x rows, over shared memory: which code of its column a value has. */
  readonly codes: Uint8Array | Uint16Array;
  /** Where the codes of a column begin in `least`, `greatest` and `edge`; one number more than columns. */
  readonly starts: Int32Array;
  /** The least and the greatest value of each code (of the sampled rows). */
  readonly least: Float32Array;
  readonly greatest: Float32Array;
  /** A value has the first code whose edge is not below it; of the last code of a column Infinity. */
  readonly edge: Float32Array;
  /** 1 where each code of the column is one value. */
  readonly isExact: Uint8Array;
}

/** @param exactRows up to how many rows every distinct value has its own code, at most 65,536 */
export function binColumns(matrix: FeatureMatrix, pace: Pace, exactRows = EXACT_ROWS): BinnedColumns {
  const { rows, columns } = matrix;
  const cuts: ColumnCuts[] = [];
  const column = new Float32Array(rows);
  for (let at = 0; at < columns; at += 1) {
    copyColumn(matrix, at, column);
    cuts.push(cutsOf(column, rows <= exactRows));
    pace.spend(rows * 4);
  }
  const isWide = cuts.some(({ edge }) => edge.length > MAX_BINS);
  const memory = new SharedArrayBuffer(rows * columns * (isWide ? 2 : 1));
  const codes = isWide ? new Uint16Array(memory) : new Uint8Array(memory);
  for (const [at, { edge }] of cuts.entries()) {
    copyColumn(matrix, at, column);
    encodeColumn(column, edge, codes.subarray(at * rows, (at + 1) * rows));
    pace.spend(rows * 8);
  }
  const starts = new Int32Array(columns + 1);
  for (const [at, { edge }] of cuts.entries()) starts[at + 1] = (starts[at] ?? 0) + edge.length;
  const joined = (of: (cut: ColumnCuts) => Float32Array): Float32Array => {
    const all = new Float32Array(starts[columns] ?? 0);
    for (const [at, cut] of cuts.entries()) all.set(of(cut), starts[at]);
    return all;
  };
  return {
    ...{ rows, columns, codes, starts },
    least: joined(({ least }) => least),
    greatest: joined(({ greatest }) => greatest),
    edge: joined(({ edge }) => edge),
    isExact: Uint8Array.from(cuts, ({ isExact }) => (isExact ? 1 : 0)),
  };
}

/**
 * The greatest float32 that is not above the middle of two: `x <= it` holds for the lower and not for the upper one.
 * @param below must be less than `above`
 */
export function middle(below: number, above: number): number {
  const exact = below / 2 + above / 2;
  const rounded = Math.fround(exact);
  if (rounded <= exact && rounded < above) return rounded;
  // It was rounded up to a neighbour, and `below` is a float32 at or under it.
  return Math.max(below, nextBelow(rounded));
}

const asFloat = new Float32Array(1);
const asBits = new Int32Array(asFloat.buffer);

/** The float32 before `value`. */
function nextBelow(value: number): number {
  if (value === 0) return -(2 ** -149);
  asFloat[0] = value;
  asBits[0] = (asBits[0] ?? 0) + (value > 0 ? -1 : 1);
  return asFloat[0] ?? 0;
}

interface ColumnCuts {
  readonly least: Float32Array;
  readonly greatest: Float32Array;
  readonly edge: Float32Array;
  readonly isExact: boolean;
}

function copyColumn({ values, rows, columns }: FeatureMatrix, column: number, into: Float32Array): void {
  for (let row = 0, at = column; row < rows; row += 1, at += columns) into[row] = values[at] ?? 0;
}

function cutsOf(column: Float32Array, isSmall: boolean): ColumnCuts {
  const distinct = isSmall ? distinctOf(column.slice().sort()) : fewDistinct(column);
  if (distinct !== null) return { least: distinct, greatest: distinct, edge: edgesOf(distinct, distinct), isExact: true };
  const sorted = sampled(column).sort();
  const [least, greatest] = quantileBins(sorted);
  return { least, greatest, edge: edgesOf(least, greatest), isExact: false };
}

function edgesOf(least: Float32Array, greatest: Float32Array): Float32Array {
  return greatest.map((value, at) => (at + 1 < least.length ? middle(value, least[at + 1] ?? 0) : Infinity));
}

/** The values of a sorted array, each once; -0 is 0. */
function distinctOf(sorted: Float32Array): Float32Array {
  let kept = 0;
  for (let at = 0; at < sorted.length; at += 1) {
    if (at > 0 && sorted[at] === sorted[kept - 1]) continue;
    sorted[kept] = sorted[at] ?? 0;
    kept += 1;
  }
  return sorted.slice(0, kept);
}

/** @returns the distinct values in their order where there are at most `MAX_BINS`, else null */
function fewDistinct(column: Float32Array): Float32Array | null {
  const seen = new Set<number>();
  let last = NaN;
  for (let row = 0; row < column.length; row += 1) {
    const value = column[row] ?? 0;
    if (value === last) continue;
    last = value;
    seen.add(value);
    if (seen.size > MAX_BINS) return null;
  }
  return Float32Array.from(seen).sort();
}

/** Rows at equal distances, all of them where they are few. */
function sampled(column: Float32Array): Float32Array {
  if (column.length <= SAMPLED_ROWS) return column.slice();
  const step = column.length / SAMPLED_ROWS;
  return Float32Array.from({ length: SAMPLED_ROWS }, (_, at) => column[Math.floor(at * step)] ?? 0);
}

/** Bins of about as many values: what a frequent value takes, the others share the bins that are left. */
function quantileBins(sorted: Float32Array): [least: Float32Array, greatest: Float32Array] {
  const [least, greatest]: [number[], number[]] = [[], []];
  let at = 0;
  while (at < sorted.length) {
    const binsLeft = MAX_BINS - least.length;
    let end = Math.min(sorted.length, at + Math.max(1, Math.ceil((sorted.length - at) / binsLeft)));
    const value = sorted[end - 1] ?? 0;
    while (end < sorted.length && sorted[end] === value) end += 1;
    least.push(sorted[at] ?? 0);
    greatest.push(value);
    at = end;
  }
  return [Float32Array.from(least), Float32Array.from(greatest)];
}

/** The first code whose edge is not below the value. */
function encodeColumn(column: Float32Array, edge: Float32Array, codes: Uint8Array | Uint16Array): void {
  const last = edge.length - 1;
  for (let row = 0; row < column.length; row += 1) {
    const value = column[row] ?? 0;
    let from = 0;
    let to = last;
    while (from < to) {
      const half = (from + to) >> 1;
      if (value <= (edge[half] ?? 0)) to = half;
      else from = half + 1;
    }
    codes[row] = from;
  }
}
