import type { RandomSource } from '../../split/random-source.js';
import type { Pace } from '../pool/pace.js';
import { middle, type BinnedColumns } from './binned-columns.js';
import { PLACE_BITS, type ColumnCut, type RowTarget } from './row-target.js';

/** A split of a node; the best one of a search. */
export interface Split {
  feature: number;
  /** The last code that goes left, and the threshold that says the same of values. */
  code: number;
  threshold: number;
  gain: number;
}

/** A node of fewer rows is sorted by code: a histogram has more slots than it has rows. */
const FEW_ROWS = 24;
/** A node of more rows than this many times the codes of a column does not look first which of them it has. */
const ROWS_PER_CODE = 2;
/** Of fewer rows than this share of the range of their codes, sorting is cheaper than the empty slots. */
const SLOTS_PER_ROW = 4;

/**
 * Looks for the best split of a node among columns that are drawn at random. Columns that are constant in a node are so in all nodes below it
 * and are not looked at again there; they count as drawn, but at least one column that varies is looked at where there is one (as in
 * scikit-learn 1.9, `node_split_best`).
 */
export class SplitSearch {
  /** A permutation of the columns; known constants of the node stand first. */
  readonly #features: Int32Array;
  /** By depth of discovery: a node's constants in the order they were found, kept for its other child. */
  readonly #constants: Int32Array;
  readonly #cut: ColumnCut = { gain: 0, below: 0, above: 0 };
  /** A node's rows in one column, to sort. */
  readonly #keys: Int32Array;
  readonly best: Split = { feature: -1, code: 0, threshold: 0, gain: -Infinity };
  /** How many constant columns the children of the node last searched know. */
  constants = 0;

  constructor(
    private readonly table: BinnedColumns,
    private readonly target: RowTarget,
    private readonly columnsDrawn: number,
    private readonly random: RandomSource,
    private readonly pace: Pace,
  ) {
    this.#features = Int32Array.from({ length: table.columns }, (_, at) => at);
    this.#constants = new Int32Array(table.columns);
    this.#keys = new Int32Array(Math.min(target.rows.length, 1 << PLACE_BITS));
  }

  /**
   * The node that `target` has entered. @param known how many constants its parent knew
   * @returns whether there is a split; it is `best` then
   */
  search(start: number, end: number, known: number): boolean {
    const [features, constants] = [this.#features, this.#constants];
    this.best.gain = -Infinity;
    let [left, visited, found, drawn] = [features.length, 0, 0, 0];
    while (left > known + found && (visited < this.columnsDrawn || visited <= found + drawn)) {
      visited += 1;
      let at = drawn + this.random.below(left - found - drawn);
      if (at < known) {
        swap(features, at, drawn);
        drawn += 1;
        continue;
      }
      at += found;
      const feature = features[at] ?? 0;
      if (this.#look(feature, start, end)) {
        left -= 1;
        swap(features, at, left);
      } else {
        swap(features, at, known + found);
        found += 1;
      }
    }
    // Drawing has moved the known ones among themselves; the other child of an ancestor knows fewer of them.
    features.set(constants.subarray(0, known));
    constants.set(features.subarray(known, known + found), known);
    this.constants = known + found;
    return this.best.gain > -Infinity;
  }

  /** @returns whether the column varies in the node */
  #look(feature: number, start: number, end: number): boolean {
    const { table, target } = this;
    const { codes, rows, starts } = table;
    const column = feature * rows;
    const bins = (starts[feature + 1] ?? 0) - (starts[feature] ?? 0);
    const count = end - start;
    this.pace.spend(count * 3 + 50);
    if (bins < 2) return false;
    if (count >= bins * ROWS_PER_CODE) {
      const varies = target.cutOfCodes(codes, column, 0, bins, this.#cut);
      if (varies) this.#take(feature);
      return varies;
    }
    const keys = this.#keys;
    const { rows: places } = target;
    let least = 65_535;
    let greatest = 0;
    for (let place = 0; place < count; place += 1) {
      const code = codes[column + (places[start + place] ?? 0)] ?? 0;
      keys[place] = (code << PLACE_BITS) | place;
      if (code < least) least = code;
      if (code > greatest) greatest = code;
    }
    if (least === greatest) return false;
    const slots = greatest - least + 1;
    if (count >= FEW_ROWS && slots <= count * SLOTS_PER_ROW) target.cutOfCodes(codes, column, least, slots, this.#cut);
    else {
      sortKeys(keys, count);
      target.cutOfKeys(keys, this.#cut);
    }
    this.#take(feature);
    return true;
  }

  /** Keeps the cut where it is better. */
  #take(feature: number): void {
    const cut = this.#cut;
    const best = this.best;
    if (cut.gain <= best.gain) return;
    best.gain = cut.gain;
    best.feature = feature;
    placeThreshold(this.table, feature, cut.below, cut.above, best);
  }
}

/**
 * Between the values of two codes that are neighbours in a node: the middle, where codes are values; else the edge of a bin that is
 * nearest to it, as what lies within a bin is one.
 */
function placeThreshold(
  { starts, least, greatest, edge, isExact }: BinnedColumns,
  feature: number,
  below: number,
  above: number,
  split: Split,
): void {
  const from = starts[feature] ?? 0;
  const between = middle(greatest[from + below] ?? 0, least[from + above] ?? 0);
  let code = below;
  while (code + 1 < above && (greatest[from + code + 1] ?? 0) <= between) code += 1;
  split.code = code;
  split.threshold = isExact[feature] === 1 ? between : (edge[from + code] ?? 0);
}

/** Up to so many keys are sorted by insertion, without a call into the engine. */
const SORTED_HERE = 48;

function sortKeys(keys: Int32Array, count: number): void {
  if (count > SORTED_HERE) {
    keys.subarray(0, count).sort();
    return;
  }
  for (let at = 1; at < count; at += 1) {
    const key = keys[at] ?? 0;
    let to = at;
    while (to > 0 && (keys[to - 1] ?? 0) > key) {
      keys[to] = keys[to - 1] ?? 0;
      to -= 1;
    }
    keys[to] = key;
  }
}

function swap(values: Int32Array, one: number, other: number): void {
  const moved = values[one] ?? 0;
  values[one] = values[other] ?? 0;
  values[other] = moved;
}
