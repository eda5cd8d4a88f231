import { hasTarget, type LearnerWants, type TrainRequest } from '@trainer/model';
import { VERIFIED_ROWS } from '../artifacts/verifier.js';
import { chooseColumns } from '../data/choose-columns.js';
import { InfinityError } from '../data/errors.js';
import { gapsIn, pickedRows, type Column, type Dataset, type Table } from '../data/table.js';
import type { FeatureMatrix, LabelledRows, TargetScale, TargetVector } from '../learning/learner.js';
import { targetScaleOf } from '../learning/target-scale.js';
import { firstBeyondFloat32 } from '../preprocessing/apply.js';
import { fitPreprocessing } from '../preprocessing/fit.js';
import type { Preprocessing } from '../preprocessing/preprocessing.js';
import { trainingRange, validationRange, type Part, type RowRange } from '../split/shards.js';
import type { SplitRule } from '../split/split.js';
import type { EncodedRows, Scores } from '../tasks/task.js';
import { taskOf } from '../tasks/tasks.js';
import { requireNumbers } from './require-numbers.js';
import { targetRowsOf } from './target-rows.js';

/** The encoded rows of one rank; large, and let go once the learner has its copy. */
export interface PreparedData {
  readonly train: LabelledRows;
  readonly validation: LabelledRows;
  readonly facts: DataFacts;
}

/** What is known of the data beside the matrices: of all rows, whichever rank has them. */
export interface DataFacts {
  readonly preprocessing: Preprocessing;
  readonly scores: Scores;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
  /** How the learner gets the target; null: as it is. */
  readonly targetScale: TargetScale | null;
  /** The first validation rows (where none are held out: training rows) as they stood in the table, one column an input. */
  readonly rawValidation: readonly Column[];
  /** The same rows encoded. */
  readonly encodedValidation: FeatureMatrix;
  readonly split: SplitRule;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly missing: number }[];
  readonly rows: number;
  /** Rows without a target, left out. */
  readonly droppedRows: number;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

/** A rank's place, and which training rows it gets. */
export interface RankPart extends Part {
  readonly trainRows: 'shard' | 'all';
}

/**
 * Describes and loads (design.md section 7): chooses the columns, reads them, encodes the target, splits, fits the preprocessing on
 * the training rows, and encodes the rank's share of both parts. All ranks read the whole table and find the same.
 * @throws DatasetError
 */
export async function prepareData(dataset: Dataset, request: TrainRequest, wants: LearnerWants, part: RankPart): Promise<PreparedData> {
  const chosen = chooseColumns(dataset.columnNames, { ...request, needsTarget: hasTarget(request.taskType) });
  const table = await dataset.read(chosen.target === null ? chosen.features : [...chosen.features, chosen.target]);
  const columns = table.columns.slice(0, chosen.features.length);
  const mode = request.hyperparameters['preprocessing'] === 'none' ? 'none' : 'auto';
  if (mode === 'none') await requireNumbers(table, columns, wants.gaps);
  const { target, split, trainRows, validationRows, targetOf } = await targetRowsOf(table, table.columns[columns.length] ?? null, request);
  const fitted = fitPreprocessing(columns, {
    target: target.encoding,
    targetOf,
    trainRows,
    seed: request.seed,
    mode,
    wants,
  });
  await checkFeatures(table, fitted.preprocessing, fitted.columns);
  const trainTarget = picked(target.values, split.train);
  const validationTarget = picked(target.values, split.validation);
  const rawRows = (split.rule.method === 'none' ? trainRows : validationRows).slice(0, VERIFIED_ROWS);
  const encoded: EncodedRows = (places) => fitted.encodeOthers(places.map((at) => trainRows[at] ?? 0));
  return {
    train: labelled(
      fitted.encodeTraining,
      trainRows,
      trainTarget,
      part.trainRows === 'all' ? { from: 0, to: trainRows.length } : trainingRange(trainRows.length, part),
    ),
    validation: labelled(fitted.encodeOthers, validationRows, validationTarget, validationRange(validationRows.length, part)),
    facts: {
      preprocessing: fitted.preprocessing,
      scores: taskOf(request.taskType).scores(target.encoding, trainTarget, validationTarget, encoded),
      trainTarget,
      validationTarget,
      targetScale: target.encoding.kind === 'number' ? targetScaleOf(trainTarget, wants.target) : null,
      rawValidation: fitted.columns.map((column) => pickedRows(column, rawRows)),
      encodedValidation: fitted.encodeOthers(rawRows),
      split: split.rule,
      columns: columns.map((column) => ({ name: column.name, type: column.kind, missing: gapsIn(column) })),
      rows: table.rows,
      droppedRows: target.dropped,
      fingerprint: dataset.fingerprint,
      warnings: [
        ...dataset.warnings,
        ...table.warnings,
        ...droppedWarning(target.dropped, chosen.target, table.missingTexts.at(-1) ?? {}),
        ...target.warnings,
        ...split.warnings,
        ...fitted.warnings,
      ],
    },
  };
}

/** A rank's share of some rows. */
function labelled(
  encode: (rows: Int32Array) => FeatureMatrix,
  rows: Int32Array,
  values: TargetVector,
  { from, to }: RowRange,
): LabelledRows {
  return { features: encode(rows.subarray(from, to)), target: values.subarray(from, to) };
}

function picked(values: Float64Array, places: Int32Array): Float64Array {
  const out = new Float64Array(places.length);
  for (let at = 0; at < places.length; at += 1) out[at] = values[places[at] ?? 0] ?? NaN;
  return out;
}

/** Features are float32 numbers too, each as its step leaves it. @throws InfinityError */
async function checkFeatures(table: Table, preprocessing: Preprocessing, columns: readonly Column[]): Promise<void> {
  const beyond = firstBeyondFloat32(preprocessing, columns);
  if (beyond) throw new InfinityError(beyond.column, await table.locate(beyond.row));
}

/** @param target null: none, and then no row is dropped */
export function droppedWarning(dropped: number, target: string | null, texts: Readonly<Record<string, number>>): string[] {
  if (dropped === 0 || target === null) return [];
  const spelled = Object.entries(texts).map(([text, count]) => `${count} hold ${JSON.stringify(text)}, which is read as missing`);
  const which = spelled.length === 0 ? '' : ` (${spelled.join('; ')})`;
  return [`${dropped} rows have no value in the target column ${JSON.stringify(target)} and were left out${which}.`];
}
