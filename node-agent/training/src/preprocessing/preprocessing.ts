/**
 * Preprocessing as data: what was fitted on the training rows, read by the trainer (apply.ts) and by the ONNX exporter alike.
 * Version 1 has the steps that an all-numeric table needs; text and dates add members to `ColumnStep`.
 */
export interface Preprocessing {
  readonly version: 1;
  /** The features in the order of the raw table; the model's inputs. */
  readonly inputs: readonly InputColumn[];
  /** One step a raw column, in the order of `inputs`; encoded columns lie in the order of the steps. */
  readonly steps: readonly ColumnStep[];
  readonly target: TargetEncoding;
}

export interface InputColumn {
  readonly name: string;
  /** `double`: float32 can't hold the column, so it is centred in double first and its ONNX input is double. */
  readonly type: 'float' | 'double';
}

export type ColumnStep =
  /** The number as it is, rounded to float32; a gap stays NaN (XGBoost and LightGBM take it). */
  | { readonly kind: 'number'; readonly input: string; readonly encoded: string }
  /** `centre` is subtracted in double before rounding to float32. */
  | { readonly kind: 'centred-number'; readonly input: string; readonly encoded: string; readonly centre: number };

export type TargetEncoding =
  /** Classes in the order of their index: integers ascending, strings by code unit. */
  | { readonly kind: 'classes'; readonly name: string; readonly labels: 'int64'; readonly classes: readonly number[] }
  | { readonly kind: 'classes'; readonly name: string; readonly labels: 'string'; readonly classes: readonly string[] }
  | { readonly kind: 'number'; readonly name: string };
