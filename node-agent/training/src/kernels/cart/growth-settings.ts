/** How trees are grown; whole numbers where the hyperparameters may be shares. */
export interface GrowthSettings {
  readonly criterion: 'gini' | 'entropy' | 'squared_error' | 'poisson';
  /** 0: a number is predicted. */
  readonly classes: number;
  /** The deepest level of a leaf, the root's being 0; Infinity: no limit. */
  readonly maxDepth: number;
  /** Rows of a node that is split, at least 2. */
  readonly minSplit: number;
  /** Rows of a leaf, at least 1. */
  readonly minLeaf: number;
  /** Leaves of a tree, which then grows where the impurity falls most; Infinity: no limit, and it grows depth first. */
  readonly maxLeaves: number;
  /** Columns that each split looks at, drawn without putting back; more where these are constant. */
  readonly columnsDrawn: number;
  /** Rows drawn with putting back for each tree; 0: each tree has all rows once. */
  readonly rowsDrawn: number;
  /**
   * The classes' weights: `drawn` draws rows as often as they weigh, `all` weighs the rows, `each-tree` weighs the rows that a tree has drawn.
   * Each makes the classes equal.
   */
  readonly balance: 'none' | 'drawn' | 'all' | 'each-tree';
  readonly seed: number;
}
