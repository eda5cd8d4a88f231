import type { Kernel, ThreadWork } from '../pool/thread-work.js';
import type { BinnedColumns } from './binned-columns.js';
import { TreeGrower } from './grow-trees.js';
import type { GrowthSettings } from './growth-settings.js';
import { fileBytes } from './forest-file.js';
import { addOfCodes, addOfValues, rootOf } from './predict-trees.js';
import { viewTree, type Tree } from './tree.js';

/** What the threads of a forest share. Its arrays lie in shared memory where there are several. */
export interface CartShared {
  readonly table: BinnedColumns;
  /** The class of each training row as its index, or its value. */
  readonly target: Float64Array;
  readonly settings: GrowthSettings;
  /** Rows to predict beside the training rows, row-major. */
  readonly others: { readonly values: Float32Array; readonly rows: number };
}

export type CartJob =
  | {
      readonly kind: 'grow';
      /** The number of each tree. */
      readonly numbers: readonly number[];
      /** KiB that the model's file has left for all of them; in shared memory, and lowered by each tree. */
      readonly room: Int32Array;
    }
  | {
      readonly kind: 'predict';
      readonly part: 'train' | 'others';
      readonly trees: readonly Uint8Array[];
      /** rows x width, in shared memory: what the trees predict is added. */
      readonly sums: Float64Array;
      readonly width: number;
    };

/** The trees that a thread has grown, each with its place in the job's numbers. */
export type CartAnswer = readonly { readonly at: number; readonly bytes: Uint8Array }[];

/** Rows that a thread takes at once. */
const BLOCK = 1024;

/** Grows trees, and adds up what they predict. */
export const cartKernel: Kernel<CartShared, CartJob, CartAnswer> = {
  open(shared) {
    const grower = new TreeGrower(shared.table, shared.target, shared.settings);
    return (job, work) => {
      if (job.kind === 'grow') return grown(grower, job, work);
      predict(shared, job, work);
      return [];
    };
  },
};

function grown(grower: TreeGrower, { numbers, room }: Extract<CartJob, { kind: 'grow' }>, work: ThreadWork): CartAnswer {
  const trees: { at: number; bytes: Uint8Array }[] = [];
  for (let at = work.next(); at < numbers.length && Atomics.load(room, 0) >= 0; at = work.next()) {
    const tree = grower.grow(numbers[at] ?? 0, work, (share) => work.done(share / numbers.length));
    trees.push({ at, bytes: tree.bytes });
    Atomics.sub(room, 0, Math.ceil(fileBytes(tree) / 1024));
  }
  return trees;
}

function predict(shared: CartShared, { part, trees, sums, width }: Extract<CartJob, { kind: 'predict' }>, work: ThreadWork): void {
  const { table, others } = shared;
  const views: readonly Tree[] = trees.map(viewTree);
  const rows = part === 'train' ? table.rows : others.rows;
  for (let from = work.next() * BLOCK; from < rows; from = work.next() * BLOCK) {
    const to = Math.min(rows, from + BLOCK);
    for (const tree of views) {
      if (part === 'train') addOfCodes(tree, table, from, to, sums, width);
      else addOfValues(tree, rootOf(tree), others.values, table.columns, from, to, sums, width);
      work.spend((to - from) * 100);
    }
    work.done((to - from) / rows);
  }
}
