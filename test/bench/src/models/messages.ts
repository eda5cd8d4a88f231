/** A table that both sides read: features as float32, row-major, and a target as doubles (class numbers; null: there is none), each a file of nothing else. */
export interface BenchTable {
  readonly features: string;
  readonly target: string | null;
  readonly rows: number;
  readonly columns: number;
  /** 0 where the target is a number. */
  readonly classes: number;
}

/** What one process of ours trains. */
export interface Training {
  readonly model: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly epochs: number;
  readonly seed: number;
  readonly threads: number;
  readonly table: BenchTable;
  readonly rank: number;
  readonly worldSize: number;
  /** Where the ranks listen, by rank. */
  readonly ports: readonly number[];
}

/** What one process took. */
export interface Taken {
  readonly wall_ms: number;
  readonly cpu_ms: number;
  /** Of the whole process, until its model was trained. */
  readonly peak_mib: number;
  /** On the rows that it trained on: accuracy, R2, or minus the mean squared distance to a row's centre. */
  readonly score: number;
}
