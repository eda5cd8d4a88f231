/** What a benchmark found: numbers and groups of numbers, with their units in their names. */
export interface Results {
  readonly [name: string]: number | string | null | Results;
}

export interface BenchContext {
  /** How often what is slow is repeated; what is quick, a multiple of it. */
  readonly runs: number;
  /** Length of one run of a rate, in seconds. */
  readonly seconds: number;
  /** Tells a person that waits what happens. */
  readonly say: (text: string) => void;
}

/** The script that measures the same on Ray, with its settings. */
export interface RayScript {
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Bench {
  readonly name: string;
  /** One line for a person. */
  readonly about: string;
  readonly ray: RayScript | null;
  /** Starts what it needs and stops it again. @throws NotDoneError when the measured work was not done. */
  run(context: BenchContext): Promise<Results>;
}
