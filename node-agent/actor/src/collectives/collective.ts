/** What ranks exchange. All ranks give arrays of one kind to one operation. */
export type Numbers = Float64Array | Float32Array | Int32Array | Uint8Array;
export type Reduction = 'sum' | 'min' | 'max';

/**
 * Operations that all ranks of a gang take part in, each with the same operation in the same order; the next one begins when the
 * last one has ended. A rank that waits for others waits as long as they live.
 *
 *   C1. Every rank gets the same bits from `allReduce`, and the same arguments give the same bits again: the order of a sum is fixed
 *       by the number of ranks and of elements.
 *   C2. `allReduce` works in place; until it has ended its array must be left alone, and after an error it holds nothing of use. No other
 *       operation changes its argument, and what it gives are arrays of their own (with one rank they may be the arguments).
 *   C3. When a rank is gone, every operation of every other rank ends with PeerLostError, those under way too.
 *   C4. Where the operations, kinds of arrays or (in `allReduce`) lengths of two ranks differ, the one that sees it gets
 *       CollectiveMismatchError, and the others that or PeerLostError; the gang is over.
 *
 * @throws PeerLostError, CollectiveMismatchError from every method
 */
export interface Collective {
  readonly rank: number;
  readonly worldSize: number;
  /** Combines the arrays of all ranks element by element, in place. @returns `values` */
  allReduce<A extends Numbers>(values: A, reduction: Reduction): Promise<A>;
  /** Every rank gets the array of rank `root`; of the others' arrays only the kind counts. */
  broadcast<A extends Numbers>(values: A, root: number): Promise<A>;
  /** @returns on rank `root` the arrays of all ranks by rank, which may differ in length; elsewhere none */
  gather<A extends Numbers>(values: A, root: number): Promise<readonly A[]>;
  /** @returns the arrays of all ranks by rank, which may differ in length */
  allGather<A extends Numbers>(values: A): Promise<readonly A[]>;
  /** Resolves when every rank has called it. */
  barrier(): Promise<void>;
}

/** For code that can't await, as a library's callbacks: the thread stands still until the operation has ended. In turn with the others. */
export interface BlockingOperations {
  /** As `allReduce`. */
  allReduce<A extends Numbers>(values: A, reduction: Reduction): A;
  /** As `allGather`. */
  allGather<A extends Numbers>(values: A): readonly A[];
}

/** The collective as a thread sees it that does not hold the connections. */
export interface ThreadCollective extends Collective {
  readonly blocking: BlockingOperations;
}

/** The ranks of a gang, joined. */
export interface Gang extends Collective {
  /** Resolves when a rank is lost, also while nobody waits for it; never rejects. */
  readonly whenLost: Promise<Error>;
  /** Leaves: the others don't count this rank as lost, but can't call it any more. Idempotent. */
  leave(): Promise<void>;
}
