import type { ErrorData } from './errors.js';
import type { TaskType } from './train-request.js';

/** The module of the nodes whose class `PROFILER_CLASS` looks at datasets. */
export const PROFILER_MODULE = '@trainer/training/profiler';
export const PROFILER_CLASS = 'DatasetProfiler';

/** What an answer says at most: a page that a browser and a person still take, whatever the table. */
export const PROFILE_LIMITS = {
  /** Columns that are told, the target always; the others are counted. */
  columns: 1_000,
  /** Of all their descriptions together, some. */
  chars: 2 ** 20,
  /** The most frequent values of a column. */
  values: 10,
  valueChars: 100,
  /** Names of a column's encoded columns. */
  encoded: 40,
  encodedChars: 120,
  sentenceChars: 1_000,
} as const;

/** What is looked at, and how. */
export interface ProfileRequest {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  /** With it the plan is that of a training with this target; null: of a training without one, on all rows. */
  readonly targetColumn: string | null;
  /** null: guessed from the target's values. */
  readonly taskType: TaskType | null;
  /** What the lease holds. */
  readonly memoryBytes: number;
}

export type ProfileAnswer =
  | { readonly kind: 'profile'; readonly profile: DatasetProfile }
  /** The dataset, or the target named, is wrong; the message is the reader's. */
  | { readonly kind: 'refused'; readonly error: ErrorData; readonly about: 'dataset' | 'target_column' }
  | { readonly kind: 'changed' }
  /** Nobody's fault who asked: the store is away, a disk is full. */
  | { readonly kind: 'failed'; readonly error: ErrorData }
  /** A column alone takes more than the lease holds. */
  | { readonly kind: 'needs-memory'; readonly neededBytes: number; readonly rows: number };

/** The system actor that answers once. */
export interface Profiler {
  profile(): Promise<ProfileAnswer>;
}

/** What a table holds and what a training would make of it. All of it is bounded. */
export interface DatasetProfile {
  readonly format: 'csv' | 'parquet';
  readonly rows: number;
  readonly columnCount: number;
  readonly target: TargetProfile | null;
  /** The first ones of the table, in its order. */
  readonly columns: readonly ColumnProfile[];
  /** How many columns of the whole table become what. */
  readonly plan: Readonly<Partial<Record<PlanKind, number>>>;
  /** Columns of numbers that a learner sees, of the whole table. */
  readonly encodedColumns: number;
  /** What would make a training of this table fail, in whole sentences. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface TargetProfile {
  readonly column: string;
  readonly taskType: TaskType;
  /** Was the task guessed? */
  readonly isGuessed: boolean;
  /** Rows without a target, which are left out. */
  readonly rowsWithout: number;
  readonly trainingRows: number;
  readonly validationRows: number;
}

/** What becomes of a column. */
export type PlanKind = 'number' | 'one-hot' | 'target-mean' | 'date' | 'left-out' | 'target';

export interface ColumnProfile {
  readonly name: string;
  readonly type: 'integer' | 'number' | 'boolean' | 'text' | 'date';
  /** How all of a date column's values are written; null for all others. */
  readonly spelling: string | null;
  readonly missing: number;
  /** Distinct values, missing ones apart; null: more than were counted. */
  readonly distinct: number | null;
  /** The most frequent ones as text, most frequent first; empty where `distinct` is null. */
  readonly values: readonly { readonly value: string; readonly rows: number }[];
  readonly plan: {
    readonly kind: PlanKind;
    /** In a sentence. */
    readonly why: string;
    /** How many columns of numbers it becomes, and the first of their names. */
    readonly encodedCount: number;
    readonly encoded: readonly string[];
  };
  readonly warnings: readonly string[];
}
