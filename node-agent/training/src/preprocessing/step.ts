import type { Column } from '../data/table.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { RandomSource } from '../split/random-source.js';

/** What every fitted step says; the rest is its own. All of it is plain data: it is part of the model's card. */
export interface FittedBase {
  readonly kind: string;
  /** The raw column. */
  readonly input: string;
  /** The encoded columns, in order. */
  readonly encoded: readonly string[];
}

/** How the exported graph takes a raw column: `double` and `string` columns have an input of their own. */
export type InputType = 'float' | 'double' | 'string';

/** Writes the encoded columns of `rows[start..end)` into a row-major matrix: those of the first of them from `at` on, then every `stride`. */
export type BlockEncoder = (rows: Int32Array, start: number, end: number, out: Float32Array, at: number, stride: number) => void;

/** The target of the training rows, as far as a step may look at it. */
export type FitTarget =
  /** `of[row]` is the index of the row's class, for every row of the table that has one. */
  | { readonly kind: 'classes'; readonly names: readonly string[]; readonly of: ArrayLike<number> }
  | { readonly kind: 'number'; readonly of: ArrayLike<number> }
  | { readonly kind: 'none' };

export interface FitContext {
  /** The training rows: nothing else may be looked at. */
  readonly rows: Int32Array;
  readonly target: FitTarget;
  /** The same for equal seeds. */
  readonly random: () => RandomSource;
}

export interface StepFit<F extends FittedBase> {
  /** null: the column is left out. */
  readonly fitted: F | null;
  /** Whatever was dropped, merged or changed, by name and count. */
  readonly warnings: readonly string[];
  /** How the training rows are encoded, where that is otherwise than new rows are; else null. */
  readonly training: BlockEncoder | null;
}

/** How one kind of column becomes numbers. `step.contract.ts` holds that `encoder` and the graph give the same. */
export interface Step<C extends Column, F extends FittedBase> {
  /** Deterministic. */
  fit(column: C, context: FitContext): StepFit<F>;
  encoder(fitted: F, column: C): BlockEncoder;
  inputType(fitted: F): InputType;
  /** @param input the raw column [rows, 1] as `inputType` says. @returns the encoded columns, float32 [rows, columns] */
  toOnnx(fitted: F, graph: GraphBuilder, input: string): string;
}
