/** The best cut of a column: between the codes of two neighbouring rows. */
export interface ColumnCut {
  /** How much the impurity falls, in units of rows; -Infinity: no cut leaves enough rows on both sides. */
  gain: number;
  below: number;
  above: number;
}

/** Below the code in a sorted key: the place within the node. Codes take 16 bits, and keys stay within 31. */
export const PLACE_BITS = 14;
export const PLACE_MASK = (1 << PLACE_BITS) - 1;

/**
 * The rows of a growing tree with what is predicted, in the order of the tree's nodes: a node has the places from `start` to `end`.
 */
export interface RowTarget {
  /** The numbers of the rows, by place. */
  readonly rows: Int32Array;
  /** Looks at a node; what follows is about it. */
  enter(start: number, end: number): void;
  /** All rows of the node have one class, or one value. */
  readonly isPure: boolean;
  /**
   * Looks for the cut by which the impurity falls most, of equal ones the first, by a histogram over the codes from `least` on.
   * @param codes of the column, by row number from `column` on. @param slots one more than the greatest code less `least`
   * @returns whether the column varies
   */
  cutOfCodes(codes: Uint8Array | Uint16Array, column: number, least: number, slots: number, cut: ColumnCut): boolean;
  /** The same from the node's rows as sorted keys: the code above `PLACE_BITS` bits of the place within the node. */
  cutOfKeys(keys: Int32Array, cut: ColumnCut): void;
  /** Moves the rows with codes up to `last` before the others, each side in its order. @returns where the others begin */
  part(codes: Uint8Array | Uint16Array, column: number, last: number): number;
  /** The entries of a leaf of these rows. */
  writeLeaf(write: (cls: number, value: number) => void): void;
}
