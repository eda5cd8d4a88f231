import type { TrainRequest } from '@trainer/model';
import { VERIFIED_ROWS } from '../artifacts/verifier.js';
import { chooseColumns } from '../data/choose-columns.js';
import { InfinityError, NotNumericError, type UnusableColumn } from '../data/errors.js';
import { isMissingAt, numbersOf, type Column, type Dataset, type Table } from '../data/table.js';
import type { LabelledRows, TargetVector } from '../learning/learner.js';
import { applyPreprocessing, firstBeyondFloat32 } from '../preprocessing/apply.js';
import { fitPreprocessing, type FeatureColumn } from '../preprocessing/fit.js';
import type { Preprocessing } from '../preprocessing/preprocessing.js';
import { encodeTarget, type EncodedTarget } from '../preprocessing/target.js';
import { trainingRange, validationRange, type Part, type RowRange } from '../split/shards.js';
import { splitRows, type SplitRule } from '../split/split.js';

/** The encoded rows of one rank; large, and let go once the learner has its copy. */
export interface PreparedData {
  readonly train: LabelledRows;
  readonly validation: LabelledRows;
  readonly facts: DataFacts;
}

/** What is known of the data beside the matrices: of all rows, whichever rank has them. */
export interface DataFacts {
  readonly preprocessing: Preprocessing;
  /** 0 for regression. */
  readonly classCount: number;
  readonly trainTarget: TargetVector;
  readonly validationTarget: TargetVector;
  /** The first validation rows as they stood in the table, one array an input; gaps are NaN. */
  readonly rawValidation: readonly Float64Array[];
  readonly split: SplitRule;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly missing: number }[];
  readonly rows: number;
  /** Rows without a target, left out. */
  readonly droppedRows: number;
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

/**
 * Describes and loads (design.md section 7): chooses the columns, reads them, encodes the target, splits, fits the preprocessing on
 * the training rows, and encodes the rank's share of both parts. All ranks read the whole table and find the same.
 * @throws DatasetError
 */
export async function prepareData(dataset: Dataset, request: TrainRequest, part: Part): Promise<PreparedData> {
  const chosen = chooseColumns(dataset.columnNames, request.targetColumn, request.excludeColumns);
  const table = await dataset.read([...chosen.features, chosen.target]);
  const columns = table.columns.slice(0, -1);
  const features = await numericFeatures(table, columns);
  const target = encodeTarget(lastOf(table), request.taskType);
  await checkTarget(table, target);
  const classNames = target.encoding.kind === 'classes' ? target.encoding.classes : [];
  const split = splitRows({
    rows: target.rows.length,
    classOf: target.encoding.kind === 'classes' ? target.values : null,
    classNames,
    target: chosen.target,
    validationSplit: request.validationSplit,
    seed: request.seed,
  });
  const trainRows = split.train.map((at) => target.rows[at] ?? 0);
  const validationRows = split.validation.map((at) => target.rows[at] ?? 0);
  const { preprocessing, warnings } = fitPreprocessing(features, target.encoding, trainRows);
  const beyond = firstBeyondFloat32(preprocessing, features);
  if (beyond) throw new InfinityError(beyond.column, await table.locate(beyond.row));
  const trainTarget = picked(target.values, split.train);
  const validationTarget = picked(target.values, split.validation);
  const share = (rows: Int32Array, values: TargetVector, { from, to }: RowRange): LabelledRows => ({
    features: applyPreprocessing(preprocessing, features, rows.subarray(from, to)),
    target: values.subarray(from, to),
  });
  const rawRows = validationRows.slice(0, VERIFIED_ROWS);
  return {
    train: share(trainRows, trainTarget, trainingRange(trainRows.length, part)),
    validation: share(validationRows, validationTarget, validationRange(validationRows.length, part)),
    facts: {
      preprocessing,
      classCount: classNames.length,
      trainTarget,
      validationTarget,
      rawValidation: features.map(({ values }) => picked(values, rawRows)),
      split: split.rule,
      columns: columns.map((column, at) => ({ name: column.name, type: column.kind, missing: gapsIn(features[at]) })),
      rows: table.rows,
      droppedRows: target.dropped,
      fingerprint: dataset.fingerprint,
      warnings: [
        ...dataset.warnings,
        ...table.warnings,
        ...droppedWarning(target.dropped, chosen.target, table.missingTexts.at(-1) ?? {}),
        ...split.warnings,
        ...warnings,
      ],
    },
  };
}

function picked(values: Float64Array, places: Int32Array): Float64Array {
  const out = new Float64Array(places.length);
  for (let at = 0; at < places.length; at += 1) out[at] = values[places[at] ?? 0] ?? NaN;
  return out;
}

function lastOf(table: Table): Column {
  const column = table.columns.at(-1);
  if (!column) throw new RangeError('A table has at least one column.');
  return column;
}

/** Engines hold targets as float32 numbers. @throws InfinityError */
async function checkTarget(table: Table, { encoding, rows, values }: EncodedTarget): Promise<void> {
  if (encoding.kind !== 'number') return;
  const at = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (at >= 0) throw new InfinityError(encoding.name, await table.locate(rows[at] ?? 0));
}

/** @throws NotNumericError naming every column that is text or dates. */
async function numericFeatures(table: Table, columns: readonly Column[]): Promise<FeatureColumn[]> {
  const features: FeatureColumn[] = [];
  const unusable: UnusableColumn[] = [];
  for (const column of columns) {
    const values = numbersOf(column);
    if (values) features.push({ name: column.name, values });
    else unusable.push(await exampleOf(table, column));
  }
  if (unusable.length > 0) throw new NotNumericError(unusable);
  return features;
}

async function exampleOf(table: Table, column: Column): Promise<UnusableColumn> {
  const row = tellingRow(column);
  return {
    column: column.name,
    type: column.kind === 'date' ? 'date' : 'text',
    example: exampleAt(column, row),
    place: await table.locate(row),
  };
}

/** The first row whose value makes it no column of numbers: it says more than a number that stands above it. */
function tellingRow(column: Column): number {
  if (column.kind !== 'text')
    return Math.max(
      column.values.findIndex((_: number, row: number) => !isMissingAt(column, row)),
      0,
    );
  const telling = column.labels.findIndex((label) => Number.isNaN(Number(label)));
  return Math.max(column.codes.indexOf(Math.max(telling, 0)), 0);
}

function exampleAt(column: Column, row: number): string {
  if (column.kind === 'text') return column.labels[column.codes[row] ?? -1] ?? '';
  const text = new Date((column.values[row] ?? NaN) * 1000).toJSON() as string | null;
  return text?.replace('T00:00:00.000Z', '') ?? '';
}

function gapsIn(feature: FeatureColumn | undefined): number {
  const values = feature?.values ?? new Float64Array(0);
  let gaps = 0;
  // A value that is not itself is NaN; an index is several times as fast here as an iterator.
  for (let row = 0; row < values.length; row += 1) gaps += Number(values[row] !== values[row]);
  return gaps;
}

function droppedWarning(dropped: number, target: string, texts: Readonly<Record<string, number>>): string[] {
  if (dropped === 0) return [];
  const spelled = Object.entries(texts).map(([text, count]) => `${count} hold ${JSON.stringify(text)}, which is read as missing`);
  const which = spelled.length === 0 ? '' : ` (${spelled.join('; ')})`;
  return [`${dropped} rows have no value in the target column ${JSON.stringify(target)} and were left out${which}.`];
}
