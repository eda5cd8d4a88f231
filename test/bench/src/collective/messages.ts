/** What the bench and its ranks, processes of their own, say to each other. */
export interface Listening {
  readonly gangPort: number;
  readonly rawPort: number;
}
export interface RankStart {
  readonly rank: number;
  readonly gangPorts: readonly number[];
  readonly rawPort: number;
  readonly runs: number;
  /** Elements of the float32 arrays, one measurement each. */
  readonly lengths: readonly number[];
}
/** Milliseconds of each run, by length. */
export interface Times {
  /** A duplex stream of as many bytes as an all-reduce of two ranks sends and receives. */
  readonly raw: number[];
  readonly allReduce: number[];
  readonly blocking: number[];
}
export type RankTimes = readonly Times[];

/** What a rank's main thread asks of its working thread, which answers with the milliseconds that it took. */
export interface ThreadAsked {
  readonly length: number;
  readonly isBlocking: boolean;
}
