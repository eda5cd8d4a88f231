import type { FeatureMatrix, NativeDescription, Predictions } from '../../learning/learner.js';
import { addOfValues, rootOf, type Nodes } from './predict-trees.js';
import type { Tree } from './tree.js';

/**
 * The native file of a forest: safetensors (an 8-byte length, JSON that says where each tensor lies, the tensors), as docs/forest-file.md has
 * it for people. All splits, leaves and entries are numbered through all trees.
 */

/** Trees that are averaged. */
export interface Forest {
  readonly trees: readonly Tree[];
  /** 0: a number is predicted. */
  readonly classes: number;
  readonly columns: number;
  /** Added to the mean of the trees' values; 0 for classes. */
  readonly offset: number;
}

const FORMAT = 'trainer-forest';
const VERSION = '1';
const BYTES = { root: 4, split: 16, leaf: 4, entry: 12 };
/** Before the first tensor the file is filled up to a multiple of it. */
const ALIGNMENT = 8;

/** @returns what a tree takes in the file */
export function fileBytes({ splits, leaves, entryValue }: Tree): number {
  return BYTES.root + splits * BYTES.split + leaves * BYTES.leaf + entryValue.length * BYTES.entry;
}

const KINDS = { F64: Float64Array, F32: Float32Array, I32: Int32Array } as const;
type Kind = keyof typeof KINDS;
/** By the size of their numbers, so that each begins at a multiple of it. */
const TENSORS = {
  leaf_value: 'F64',
  threshold: 'F32',
  roots: 'I32',
  feature: 'I32',
  left: 'I32',
  right: 'I32',
  leaf_start: 'I32',
  leaf_class: 'I32',
} as const satisfies Readonly<Record<string, Kind>>;
type TensorName = keyof typeof TENSORS;

interface TensorPlace {
  readonly dtype: Kind;
  readonly shape: readonly [number];
  readonly data_offsets: readonly [from: number, to: number];
}
type Head = Readonly<Record<TensorName, TensorPlace>> & { readonly __metadata__: Readonly<Record<string, string>> };

/** Equal arguments give equal bytes. */
export function writeForest({ trees, classes, columns, offset }: Forest, description: NativeDescription | null): Uint8Array {
  const sum = (of: (tree: Tree) => number): number => trees.reduce((all, tree) => all + of(tree), 0);
  const [splits, leaves, entries] = [sum((tree) => tree.splits), sum((tree) => tree.leaves), sum((tree) => tree.entryValue.length)];
  const lengths: Readonly<Record<TensorName, number>> = {
    ...{ leaf_value: entries, leaf_class: entries, leaf_start: leaves + 1, roots: trees.length },
    ...{ threshold: splits, feature: splits, left: splits, right: splits },
  };
  const metadata = {
    ...{ format: FORMAT, version: VERSION, classes: String(classes), offset: String(offset) },
    columns: JSON.stringify(description?.columns ?? columns),
    preprocessing: description?.preprocessing ?? 'null',
  };
  const { bytes, tensors } = layOut(metadata, lengths);
  let [split, leaf, entry] = [0, 0, 0];
  for (const [at, tree] of trees.entries()) {
    const child = (to: number): number => (to < 0 ? to - leaf : to + split);
    tensors.roots[at] = child(rootOf(tree));
    tensors.feature.set(tree.feature, split);
    tensors.threshold.set(tree.threshold, split);
    for (let own = 0; own < tree.splits; own += 1) {
      tensors.left[split + own] = child(tree.left[own] ?? 0);
      tensors.right[split + own] = child(tree.right[own] ?? 0);
    }
    for (let own = 0; own <= tree.leaves; own += 1) tensors.leaf_start[leaf + own] = (tree.leafStart[own] ?? 0) + entry;
    tensors.leaf_class.set(tree.entryClass, entry);
    tensors.leaf_value.set(tree.entryValue, entry);
    split += tree.splits;
    leaf += tree.leaves;
    entry += tree.entryValue.length;
  }
  return bytes;
}

type Tensors = { readonly [Name in TensorName]: InstanceType<(typeof KINDS)[(typeof TENSORS)[Name]]> };

function layOut(
  metadata: Readonly<Record<string, string>>,
  lengths: Readonly<Record<TensorName, number>>,
): { bytes: Uint8Array<ArrayBuffer>; tensors: Tensors } {
  let at = 0;
  const places = namesOf().map((name): [TensorName, TensorPlace] => {
    const dtype = TENSORS[name];
    const from = at;
    at += lengths[name] * KINDS[dtype].BYTES_PER_ELEMENT;
    return [name, { dtype, shape: [lengths[name]], data_offsets: [from, at] }];
  });
  const head = { __metadata__: metadata, ...(Object.fromEntries(places) as Record<TensorName, TensorPlace>) };
  const text = Buffer.from(JSON.stringify(head));
  const headBytes = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(8 + headBytes + at);
  bytes.fill(0x20, 8 + text.length, 8 + headBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headBytes), true);
  bytes.set(text, 8);
  return { bytes, tensors: tensorsIn(bytes, 8 + headBytes, head) };
}

function namesOf(): TensorName[] {
  return Object.keys(TENSORS) as TensorName[];
}

function tensorsIn({ buffer, byteOffset }: Uint8Array<ArrayBuffer>, start: number, head: Head): Tensors {
  const views = namesOf().map((name) => {
    const { dtype, shape, data_offsets } = head[name];
    return [name, new KINDS[dtype](buffer, byteOffset + start + data_offsets[0], shape[0])];
  });
  return Object.fromEntries(views) as Tensors;
}

/** What a file of `writeForest` predicts: the mean of the trees, in the order in which they were grown. */
export function predictForest(file: Uint8Array, { values, rows, columns }: FeatureMatrix): Predictions {
  const bytes = isAligned(file) ? file : new Uint8Array(file);
  const headBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const head = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + 8, headBytes).toString()) as Head;
  const { classes = '0', offset = '0' } = head.__metadata__;
  const { roots, ...tensors } = tensorsIn(bytes, 8 + headBytes, head);
  const nodes: Nodes = {
    ...tensors,
    leafStart: tensors.leaf_start,
    entryClass: tensors.leaf_class,
    entryValue: tensors.leaf_value,
  };
  const width = Math.max(1, Number(classes));
  const sums = new Float64Array(rows * width);
  for (const root of roots) addOfValues(nodes, root, values, columns, 0, rows, sums, width);
  return meanOf(sums, roots.length, Number(offset));
}

/** Views of its numbers can be made where it lies. */
function isAligned(file: Uint8Array): file is Uint8Array<ArrayBuffer> {
  return file.byteOffset % ALIGNMENT === 0 && file.buffer instanceof ArrayBuffer;
}

/** Of the sums of so many trees, in their place. */
export function meanOf(sums: Float64Array, trees: number, offset: number): Float64Array {
  for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0) / trees + offset;
  return sums;
}
