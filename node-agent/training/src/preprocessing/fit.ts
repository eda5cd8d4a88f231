import { MAX_ONE_HOT_LEVELS } from '@trainer/model';
import type { BooleanColumn, Column, NumberColumn, TextColumn } from '../data/table.js';
import { NoFeaturesError } from '../data/errors.js';
import { seededSource } from '../split/random-source.js';
import type { FeatureMatrix } from '../learning/learner.js';
import { encodeRows, type Encoder } from './apply.js';
import type { InputColumn, Preprocessing, TargetEncoding } from './preprocessing.js';
import type { FitContext, FitTarget, StepFit } from './step.js';
import { dateStep } from './steps/date.js';
import { levelCodes, MISSING } from './steps/levels.js';
import { numberStep, plainNumber } from './steps/number.js';
import { oneHotStep } from './steps/one-hot.js';
import { encoderOf, inputTypeOf, type FittedStep } from './steps/steps.js';
import { targetMeanStep } from './steps/target-mean.js';
import { applyTableSteps, fitTableSteps, type TableWants } from './table-steps.js';

/**
 * Numbers that the means of one column may be, levels times classes: they are in every exported file, and six times in memory while they
 * are fitted.
 */
export const MAX_MEANS = 1_000_000;

/** What becomes of a column, and why. */
export interface ColumnPlan extends StepFit<FittedStep> {
  /** In a sentence. */
  readonly why: string;
}

export interface FitRequest {
  readonly target: TargetEncoding;
  /** By row of the table. */
  readonly targetOf: ArrayLike<number>;
  readonly trainRows: Int32Array;
  readonly seed: number;
  /** `none`: every column as the number that it is (`hyperparameters.preprocessing`); all of them are numbers or booleans then. */
  readonly mode: 'auto' | 'none';
  readonly wants: TableWants;
}

export interface FittedPreprocessing {
  readonly preprocessing: Preprocessing;
  /** The columns of the steps. */
  readonly columns: readonly Column[];
  /** Training rows are encoded otherwise than all others: never by their own target. */
  readonly encodeTraining: (rows: Int32Array) => FeatureMatrix;
  readonly encodeOthers: (rows: Int32Array) => FeatureMatrix;
  /** Every column that was dropped, merged or changed, with its count. */
  readonly warnings: readonly string[];
}

/**
 * Fits the steps on the training rows. Deterministic.
 * @throws NoFeaturesError where no column is left
 */
export function fitPreprocessing(columns: readonly Column[], request: FitRequest): FittedPreprocessing {
  const { target, trainRows } = request;
  const context = fitContext(request);
  const fits = columns.map((column) => ({ column, ...(request.mode === 'none' ? fitPlain(column) : planColumn(column, context)) }));
  const warnings = fits.flatMap((fit) => fit.warnings);
  const used = fits.flatMap(({ column, fitted, training }) => (fitted === null ? [] : [{ column, fitted, training }]));
  if (used.length === 0) throw new NoFeaturesError(target.kind === 'clusters' ? null : target.name, warnings.slice(0, 5).join(' '));
  const steps = withDistinctNames(used.map(({ fitted }) => fitted));
  const others = used.map(({ column, fitted }): Encoder => ({ width: fitted.encoded.length, write: encoderOf(fitted, column) }));
  const training = used.map((fit, at): Encoder | undefined =>
    fit.training ? { width: fit.fitted.encoded.length, write: fit.training } : others[at],
  );
  const encoders = training.filter((encoder) => encoder !== undefined);
  const tableSteps =
    request.mode === 'none' || isContent(request.wants) ? [] : fitTableSteps(encodeRows(encoders, trainRows), request.wants);
  return {
    preprocessing: { version: 2, inputs: used.map(({ column, fitted }) => inputOf(column, fitted)), steps, tableSteps, target },
    columns: used.map(({ column }) => column),
    encodeTraining: (rows) => applyTableSteps(tableSteps, encodeRows(encoders, rows)),
    encodeOthers: (rows) => applyTableSteps(tableSteps, encodeRows(others, rows)),
    warnings,
  };
}

/** Takes the columns as their steps leave them; then the training rows need not be encoded twice. */
function isContent({ gaps, scaled }: TableWants): boolean {
  return gaps && !scaled;
}

/** What the steps of a training may look at. */
export function fitContext(request: Pick<FitRequest, 'target' | 'targetOf' | 'trainRows' | 'seed'>): FitContext {
  return { rows: request.trainRows, target: fitTarget(request), random: () => seededSource(request.seed) };
}

function fitTarget({ target, targetOf }: Pick<FitRequest, 'target' | 'targetOf'>): FitTarget {
  if (target.kind === 'clusters') return { kind: 'none' };
  return target.kind === 'classes' ? { kind: 'classes', names: target.classes, of: targetOf } : { kind: 'number', of: targetOf };
}

/** Decides what becomes of a column by its values in the rows of the context, and fits it on them. Deterministic. */
export function planColumn(column: Column, context: FitContext): ColumnPlan {
  switch (column.kind) {
    case 'number': {
      const fit = numberStep.fit(column, context);
      const isShifted = fit.fitted?.kind === 'number' && fit.fitted.shift !== 0;
      return { ...fit, why: isShifted ? SHIFTED : 'The number as it is, as float32.' };
    }
    case 'boolean':
      return { ...numberStep.fit(column, context), why: 'False becomes 0, true 1.' };
    case 'date':
      return { ...dateStep.fit(column, context), why: 'Year, month, day, weekday, hour and seconds, in UTC.' };
    case 'text':
      return planText(column, context);
  }
}

const SHIFTED = 'The number less a constant, as float32 alone could not tell so many of its values apart.';

function fitPlain(column: Column): StepFit<FittedStep> {
  if (!isNumeric(column)) throw new TypeError(`${column.name} holds ${column.kind}s, not numbers`);
  return plainNumber(column);
}

function isNumeric(column: Column): column is NumberColumn | BooleanColumn {
  return column.kind === 'number' || column.kind === 'boolean';
}

function planText(column: TextColumn, context: FitContext): ColumnPlan {
  const { levels, counts } = levelCodes(column, context.rows);
  const distinctLevels = levels.filter((level, at) => level !== MISSING && (counts[at] ?? 0) > 0).length;
  const present = context.rows.length - (counts[levels.indexOf(MISSING)] ?? 0);
  const words = [...strayWords(column), ...dressedNumbers(column)];
  const leftOut = (why: string): ColumnPlan => ({
    fitted: null,
    warnings: [...words, `Column ${JSON.stringify(column.name)} was left out: ${why}.`],
    training: null,
    why: `Left out: ${why}.`,
  });
  if (present === 0) return leftOut('no training row has a value in it');
  if (distinctLevels * 2 > present)
    return leftOut(`${distinctLevels} of its ${present} values in the training rows are distinct, more than half`);
  const outputs = context.target.kind === 'classes' && context.target.names.length > 2 ? context.target.names.length : 1;
  if (distinctLevels > MAX_ONE_HOT_LEVELS && distinctLevels * outputs > MAX_MEANS) {
    return leftOut(`its ${distinctLevels} levels would each need ${outputs} numbers, more than ${MAX_MEANS} in all`);
  }
  const isFew = distinctLevels <= MAX_ONE_HOT_LEVELS;
  const fit = isFew ? oneHotStep.fit(column, context) : targetMeanStep.fit(column, context);
  const gaps = present < context.rows.length ? ', and for missing' : '';
  const many = `${distinctLevels} levels in the training rows are more than ${MAX_ONE_HOT_LEVELS}`;
  const why = isFew
    ? `A column of 0 and 1 for each level, of which it has ${distinctLevels}${gaps}; rare ones share one.`
    : `${many}: ${MEAN_OF[context.target.kind]}.`;
  return { ...fit, warnings: [...words, ...fit.warnings], why };
}

/** What stands for a level of which there are many. */
const MEAN_OF: Readonly<Record<FitTarget['kind'], string>> = {
  number: "the target's mean of a level stands for it",
  classes: 'the share of each class in a level stands for it, of two classes that of the second',
  none: "the target's mean of a level stands for it, or without a target the level's share of the rows",
};

/** Words that may stand among numbers by mistake, such as a spelling of "missing" that nobody else has. */
const STRAY_WORDS = 3;

function strayWords({ name, labels }: TextColumn): string[] {
  const words = labels.filter((label) => label.trim() === '' || Number.isNaN(Number(label)));
  if (words.length > STRAY_WORDS || words.length * 2 > labels.length) return [];
  const shown = words.map((word) => JSON.stringify(word.slice(0, 60))).join(', ');
  return words.length === 0
    ? []
    : [
        `Column ${JSON.stringify(name)} is text because of ${shown}; its other values are numbers. Leave missing values empty to have it read as numbers.`,
      ];
}

/** Numbers as people read them: with a currency, a percent sign, thousands apart, a comma for the point, or a loss in brackets. */
const DRESSED = /^\(?[-+]?(?:\p{Sc}|[A-Z]{3})?\s?[-+]?\d{1,3}(?:[,.'\s]?\d{3})*(?:[.,]\d+)?\s?(?:%|\p{Sc}|[A-Z]{3})?\)?$/u;
const LONGEST_DRESSED = 40;

function dressedNumbers({ name, labels }: TextColumn): string[] {
  const isPlain = (label: string): boolean => !Number.isNaN(Number(label));
  let [others, example] = [0, ''];
  for (const label of labels) {
    if (isPlain(label)) continue;
    const text = label.trim();
    if (text.length > LONGEST_DRESSED || !DRESSED.test(text)) others += 1;
    else if (example === '') example = text;
    if (others > STRAY_WORDS) return [];
  }
  if (example === '' || others * 2 > labels.length) return [];
  return [
    `Column ${JSON.stringify(name)} is text, though its values, such as ${JSON.stringify(example)}, are numbers. Write them plainly, such as 1234.5, to have it read as numbers.`,
  ];
}

function inputOf(column: Column, step: FittedStep): InputColumn {
  const spelling = column.kind === 'date' ? column.spelling : null;
  return { name: column.name, type: inputTypeOf(step), holds: column.kind, spelling };
}

/** Columns may be called as the parts of another are. */
export function withDistinctNames<S extends Pick<FittedStep, 'encoded'>>(steps: readonly S[]): S[] {
  const taken = new Set<string>();
  return steps.map((step) => ({
    ...step,
    encoded: step.encoded.map((name) => {
      let free = name;
      while (taken.has(free)) free = `${free}_`;
      taken.add(free);
      return free;
    }),
  }));
}
