import type { DateSpelling } from '../data/dates.js';
import type { InputType } from './step.js';
import type { FittedStep } from './steps/steps.js';
import { tableColumns, type TableStep } from './table-steps.js';

/** Preprocessing as data: what was fitted on the training rows, read by the trainer (apply.ts) and by the exporters alike. */
export interface Preprocessing {
  readonly version: 2;
  /** The features that are used, in the order of the raw table; the model's inputs. */
  readonly inputs: readonly InputColumn[];
  /** One step an input, in the same order; encoded columns lie in the order of the steps, and no name stands twice among them. */
  readonly steps: readonly FittedStep[];
  /** After the steps, on the whole encoded table, in order. */
  readonly tableSteps: readonly TableStep[];
  readonly target: TargetEncoding;
}

export interface InputColumn {
  readonly name: string;
  readonly type: InputType;
  readonly holds: 'number' | 'boolean' | 'text' | 'date';
  /** How dates are written; null for what is no date. */
  readonly spelling: DateSpelling | null;
}

/** What labels are in the table, in the words of numpy. */
export type LabelType = 'int64' | 'float64' | 'boolean' | 'string';

export type TargetEncoding =
  /**
   * Classes as text, in the order of their index, which is the one of `np.unique`: integers as decimal digits and floats as Python's
   * `repr`, ascending; `False`, `True`; text as it is, by code point.
   */
  | { readonly kind: 'classes'; readonly name: string; readonly type: LabelType; readonly classes: readonly string[] }
  | { readonly kind: 'number'; readonly name: string }
  /** Nothing is predicted that stands in the table: rows get the number of a cluster. */
  | { readonly kind: 'clusters'; readonly compared: ComparedColumn | null };

/** A column that is no feature: the clusters are compared with its labels. */
export interface ComparedColumn {
  readonly name: string;
  /** How many distinct labels it has; 0 where its values are none. */
  readonly labels: number;
}

/** The column that is predicted, or that clusters are compared with; null: none. */
export function targetNameOf(target: TargetEncoding): string | null {
  return target.kind === 'clusters' ? (target.compared?.name ?? null) : target.name;
}

/** What a prediction is, in the words of the card and of the `.pkl`. */
export function targetTypeOf(target: TargetEncoding): LabelType | 'number' | 'cluster' {
  if (target.kind === 'classes') return target.type;
  return target.kind === 'clusters' ? 'cluster' : 'number';
}

/** The names of the encoded columns, in order. */
export function encodedColumns({ steps, tableSteps }: Pick<Preprocessing, 'steps' | 'tableSteps'>): string[] {
  return tableColumns(
    tableSteps,
    steps.flatMap(({ encoded }) => encoded),
  );
}
