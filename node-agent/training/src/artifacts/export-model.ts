import type { TaskType } from '@trainer/model';
import type { Column } from '../data/table.js';
import type { FeatureMatrix, Predictions, TargetVector, TrainedModel } from '../learning/learner.js';
import type { Preprocessing, TargetEncoding } from '../preprocessing/preprocessing.js';
import { cardText, type CardFacts } from './card.js';
import { ModelTooLargeError } from './errors.js';
import type { ExportedModel, ExportPlace } from './exported-model.js';
import { importanceOf } from './importance.js';
import { pickleModel } from './model-pickle.js';
import { nativeDescription } from './native-description.js';
import { buildOnnx } from './onnx-model.js';
import { predictionsCsv } from './predictions-csv.js';
import { signatureOf } from './signature.js';
import type { Verifier } from './verifier.js';
import { verifyModel, verifyNative } from './verify-model.js';
import { writeFile } from './write-file.js';

/** What the service keeps of one model file (models.md); protobuf ends at 2 GiB. */
export const MODEL_BYTES_LIMIT = 2 ** 30;

/** What decides the model files, and what the card says of them. */
export interface ExportRequest {
  readonly task: TaskType;
  readonly preprocessing: Preprocessing;
  /** Of the kept epoch. */
  readonly model: TrainedModel;
  readonly validation: ValidationRows;
  readonly card: CardFacts;
}

/** The validation rows, or all training rows where none are held out, in one order in all fields. */
export interface ValidationRows {
  /**
   * As they stood in the table, one column an input in the order of `preprocessing.inputs`. The first `VERIFIED_ROWS` rows are enough
   * (fewer where there are fewer).
   */
  readonly raw: readonly Column[];
  /** The same rows encoded. */
  readonly encoded: FeatureMatrix;
  /** All rows. */
  readonly target: TargetVector;
  /** The trainer's own predictions of all rows with the kept epoch. */
  readonly predictions: Predictions;
}

/**
 * Writes all files of a model into `place.folder` and runs the ONNX file against the trainer's own predictions. Equal requests
 * give the same bytes in every file but the card.
 * @throws VerificationError when the ONNX or the native file predicts something else: the job must not complete.
 * @throws ModelTooLargeError above 1 GiB.
 */
export async function exportModel(request: ExportRequest, place: ExportPlace, verifier: Verifier): Promise<ExportedModel> {
  const { task, preprocessing, model, validation } = request;
  const description = nativeDescription(preprocessing);
  const nativeBytes = checkSize(model.native.described(description));
  const onnxBytes = checkSize(buildOnnx(preprocessing, model));
  const onnx = await writeFile(place, 'onnx', '.onnx', [onnxBytes]);
  const leads = model.leads?.(validation.encoded) ?? null;
  const verified = await verifyModel(verifier, onnx.path, preprocessing, { ...validation, leads });
  const encoded = widened(validation.encoded, description.columns.length);
  verifyNative(model.native.predict(nativeBytes, encoded), preprocessing.target, { ...validation, leads });
  const pkl = await writeFile(place, 'pkl', '.pkl', pickleModel(task, preprocessing, onnxBytes));
  const native = await writeFile(place, 'native', model.native.ending, [nativeBytes]);
  const csv = predictionsCsv(preprocessing.target, validation.target, validation.predictions);
  const predictions = await writeFile(place, 'predictions', '_predictions.csv', csv);
  const known = {
    signature: signatureOf(preprocessing),
    classes: classesOf(preprocessing.target),
    featureImportance: importanceOf(preprocessing, request.model.importance),
    verified,
  };
  const files = [pkl, onnx, native, predictions];
  const card = await writeFile(place, 'card', '.json', [cardText(request.card, { ...known, task, preprocessing, files })]);
  return { files: [...files, card], ...known };
}

function checkSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MODEL_BYTES_LIMIT) throw new ModelTooLargeError(bytes.length, MODEL_BYTES_LIMIT);
  return bytes;
}

/** With as many columns more as the native file declares; nothing reads them. */
function widened({ values, rows, columns }: FeatureMatrix, width: number): FeatureMatrix {
  if (width === columns) return { values, rows, columns };
  const wider = new Float32Array(rows * width).fill(Number.NaN);
  for (let row = 0; row < rows; row += 1) wider.set(values.subarray(row * columns, (row + 1) * columns), row * width);
  return { values: wider, rows, columns: width };
}

/** Integers as numbers, as long as JSON can tell them apart. */
function classesOf(target: TargetEncoding): (string | number)[] | null {
  if (target.kind !== 'classes') return null;
  return target.classes.map((label) => (target.type === 'int64' && Number.isSafeInteger(Number(label)) ? Number(label) : label));
}
