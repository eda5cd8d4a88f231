import { seededSource, type RandomSource } from '../../split/random-source.js';
import type { Pace } from '../pool/pace.js';
import { SplitSearch } from './best-split.js';
import type { BinnedColumns } from './binned-columns.js';
import { ClassTarget } from './class-target.js';
import { drawRows, type DrawnRows } from './draw-rows.js';
import { GrowingTree, type Place } from './growing-tree.js';
import type { GrowthSettings } from './growth-settings.js';
import type { RowTarget } from './row-target.js';
import type { Tree } from './tree.js';
import { ValueTarget } from './value-target.js';

/** A node whose rows are parted, and which is not split yet. */
interface OpenNode extends Place {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** Columns that are known to be constant in it. */
  readonly constants: number;
}

const ROOT: Place = { parent: -1, isLeft: true };

/** Grows trees one after the other on this thread; a tree depends on the data, the settings and its number alone. */
export class TreeGrower {
  readonly #tree = new GrowingTree();

  /** @param target the class of each row as its index, or its value */
  constructor(
    private readonly table: BinnedColumns,
    private readonly target: Float64Array,
    private readonly settings: GrowthSettings,
  ) {}

  /** @param settled called with the share of the tree's rows that have come to a leaf, and so adds up to 1 */
  grow(number: number, pace: Pace, settled: (share: number) => void): Tree {
    const random = seededSource(seedOf(this.settings.seed, number));
    const drawn = drawRows(this.target, this.settings, random);
    pace.spend(this.table.rows * 10);
    const rows = targetOf(this.target, drawn, this.settings);
    this.#tree.clear();
    const growth = new Growth(this.table, rows, this.settings, this.#tree, random, pace, settled);
    if (this.settings.maxLeaves === Infinity) growth.depthFirst();
    else growth.bestFirst();
    return this.#tree.finish();
  }
}

/** The stream of a tree: the finaliser of MurmurHash3 over seed and number, so that neighbours have nothing in common. */
function seedOf(seed: number, tree: number): number {
  return mixed((mixed(tree + 1) + seed) | 0) >>> 0;
}

function mixed(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

function targetOf(target: Float64Array, { rows, times, weights }: DrawnRows, { criterion, minLeaf }: GrowthSettings): RowTarget {
  if (criterion === 'squared_error' || criterion === 'poisson') {
    const values = new Float64Array(rows.length);
    for (let at = 0; at < rows.length; at += 1) values[at] = target[rows[at] ?? 0] ?? 0;
    return new ValueTarget(rows, values, times, criterion, minLeaf);
  }
  const classes = new Uint16Array(rows.length);
  for (let at = 0; at < rows.length; at += 1) classes[at] = target[rows[at] ?? 0] ?? 0;
  return new ClassTarget(rows, classes, times, weights, criterion, minLeaf);
}

/** One tree. */
class Growth {
  readonly #search: SplitSearch;
  readonly #rows: number;

  constructor(
    table: BinnedColumns,
    private readonly target: RowTarget,
    private readonly settings: GrowthSettings,
    private readonly tree: GrowingTree,
    random: RandomSource,
    pace: Pace,
    private readonly settled: (share: number) => void,
  ) {
    this.table = table;
    this.#rows = target.rows.length;
    this.#search = new SplitSearch(table, target, settings.columnsDrawn, random, pace);
  }

  private readonly table: BinnedColumns;

  /** The next node is the last one that was opened, the left before the right. */
  depthFirst(): void {
    const open: OpenNode[] = [{ ...ROOT, start: 0, end: this.#rows, depth: 0, constants: 0 }];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (!this.#canSplit(node)) {
        this.#addLeaf(node);
        continue;
      }
      const [left, right] = this.#split(node, this.#search.constants);
      open.push(right, left);
    }
  }

  /** The next node is the one that lowers the impurity most, of equal ones the first that was opened. */
  bestFirst(): void {
    const open = new Frontier();
    const offer = (node: OpenNode): void => {
      if (this.#canSplit(node)) open.push({ node, split: { ...this.#search.best } });
      else this.#addLeaf(node);
    };
    offer({ ...ROOT, start: 0, end: this.#rows, depth: 0, constants: 0 });
    for (let leaves = 1; leaves < this.settings.maxLeaves; leaves += 1) {
      const next = open.pop();
      if (next === undefined) break;
      Object.assign(this.#search.best, next.split);
      this.target.enter(next.node.start, next.node.end);
      // Between a node and its children others are searched, whose constants are not theirs.
      const [left, right] = this.#split(next.node, 0);
      offer(left);
      offer(right);
    }
    for (const { node } of open.rest()) {
      this.target.enter(node.start, node.end);
      this.#addLeaf(node);
    }
  }

  /** Enters the node. @returns whether it is to be split; the split is the search's best then */
  #canSplit({ start, end, depth, constants }: OpenNode): boolean {
    const { maxDepth, minSplit, minLeaf } = this.settings;
    this.target.enter(start, end);
    const rows = end - start;
    if (depth >= maxDepth || rows < minSplit || rows < 2 * minLeaf || this.target.isPure) return false;
    return this.#search.search(start, end, constants);
  }

  #split(node: OpenNode, constants: number): [left: OpenNode, right: OpenNode] {
    const { start, end } = node;
    const { best } = this.#search;
    const parent = this.tree.addSplit(node, best);
    const middle = this.target.part(this.table.codes, best.feature * this.table.rows, best.code);
    const depth = node.depth + 1;
    return [
      { parent, isLeft: true, start, end: middle, depth, constants },
      { parent, isLeft: false, start: middle, end, depth, constants },
    ];
  }

  #addLeaf(node: OpenNode): void {
    this.tree.addLeaf(node);
    this.target.writeLeaf(this.tree.addEntry);
    this.settled((node.end - node.start) / this.#rows);
  }
}

interface Candidate {
  readonly node: OpenNode;
  readonly split: { readonly gain: number };
}

/** Candidates by their gain, as a binary heap. */
class Frontier {
  readonly #heap: (Candidate & { readonly order: number })[] = [];
  #pushed = 0;

  push(candidate: Candidate): void {
    const heap = this.#heap;
    this.#pushed += 1;
    heap.push({ ...candidate, order: this.#pushed });
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): Candidate | undefined {
    const heap = this.#heap;
    if (heap.length > 1) this.#swap(0, heap.length - 1);
    const first = heap.pop();
    for (let at = 0; ;) {
      let best = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.#isBefore(child, best)) best = child;
      if (best === at) return first;
      this.#swap(at, best);
      at = best;
    }
  }

  /** In the order in which they came. */
  rest(): readonly Candidate[] {
    return this.#heap.toSorted((one, other) => one.order - other.order);
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.split.gain === b.split.gain ? a.order < b.order : a.split.gain > b.split.gain;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
