import {
  TASK_TYPES,
  jobId,
  type HyperparameterValues,
  type SentTrainRequest,
  type TaskType,
  type TrainingAssignment,
  type TrainRequest,
} from '@trainer/model';
import { enumCodec } from './enum-codec.js';
import type { FieldPath } from './errors.js';
import { decodeRecord, present } from './fields.js';
import * as pb from './gen/trainer/v1/jobs.js';
import { checkpointShape } from './reports.codec.js';
import { anything, count, either, fields, finite, flag, id, list, mapOf, nullable, oneOf, text } from './shapes.js';
import { decodeValue, encodeValue } from './values.js';

export const taskCodec = enumCodec<TaskType, pb.TaskType>()({
  classification: pb.TaskType.TASK_TYPE_CLASSIFICATION,
  regression: pb.TaskType.TASK_TYPE_REGRESSION,
  clustering: pb.TaskType.TASK_TYPE_CLUSTERING,
});

/**
 * A request as a client sends it, for `JobService.Submit`.
 * @throws NotTransferableError for a text that is not UTF-8, which protobuf would change silently, and for hyperparameters that are no values
 */
export function encodeSentRequest(sent: SentTrainRequest): pb.TrainRequest {
  // Warnings are our own words, which may have been cut to length within a pair.
  encodeValue({ ...sent, warnings: [] }, { at: 'request' });
  return {
    modelId: sent.modelId,
    dataId: sent.dataId,
    taskType: taskCodec.encode(sent.taskType),
    targetColumn: sent.targetColumn ?? undefined,
    epochs: sent.epochs ?? undefined,
    batchSize: sent.batchSize ?? undefined,
    learningRate: sent.learningRate ?? undefined,
    hyperparametersMsgpack: encodeValue(sent.hyperparameters, { at: 'hyperparameters' }),
    useGpu: sent.useGpu ?? undefined,
    numWorkers: sent.numWorkers ?? undefined,
    experimentName: sent.experimentName ?? undefined,
    runName: sent.runName ?? undefined,
    tags: { ...sent.tags },
    pipelineId: sent.pipelineId ?? undefined,
    earlyStopping: sent.earlyStopping ?? undefined,
    patience: sent.patience ?? undefined,
    seed: sent.seed ?? undefined,
    validationSplit: sent.validationSplit ?? undefined,
    excludeColumns: [...sent.excludeColumns],
    priority: sent.priority ?? undefined,
    warnings: [...sent.warnings],
  };
}

/** Checks the form only; limits and catalog are the head's to check. @throws WireFormatError */
export function decodeSentRequest(wire: pb.TrainRequest | undefined, at: FieldPath): SentTrainRequest {
  const sent = present(wire, at);
  return {
    modelId: sent.modelId,
    dataId: sent.dataId,
    taskType: taskCodec.decode(sent.taskType, `${at}.taskType`),
    targetColumn: sent.targetColumn ?? null,
    epochs: sent.epochs ?? null,
    batchSize: sent.batchSize ?? null,
    learningRate: sent.learningRate ?? null,
    hyperparameters: decodeRecord(sent.hyperparametersMsgpack, `${at}.hyperparameters`),
    useGpu: sent.useGpu ?? null,
    numWorkers: sent.numWorkers ?? null,
    experimentName: sent.experimentName ?? null,
    runName: sent.runName ?? null,
    tags: sent.tags,
    pipelineId: sent.pipelineId ?? null,
    earlyStopping: sent.earlyStopping ?? null,
    patience: sent.patience ?? null,
    seed: sent.seed ?? null,
    validationSplit: sent.validationSplit ?? null,
    excludeColumns: sent.excludeColumns,
    priority: sent.priority ?? null,
    warnings: sent.warnings,
  };
}

const scalar = nullable(either(either(text, flag), finite));
const hyperparametersShape = mapOf(either(scalar, list(scalar)));
const requestShape = fields<TrainRequest>({
  modelId: text,
  dataId: text,
  taskType: oneOf<TaskType>(...TASK_TYPES),
  targetColumn: nullable(text),
  epochs: count,
  batchSize: count,
  learningRate: finite,
  sentHyperparameters: mapOf(anything),
  hyperparameters: hyperparametersShape,
  useGpu: flag,
  numWorkers: nullable(count),
  experimentName: text,
  runName: nullable(text),
  tags: mapOf(text),
  pipelineId: nullable(text),
  earlyStopping: flag,
  patience: count,
  seed: count,
  validationSplit: nullable(finite),
  excludeColumns: list(text),
  priority: count,
  warnings: list(text),
});

/** MessagePack of a request in force. */
export function encodeRequest(request: TrainRequest): Buffer {
  return encodeValue(request, { at: 'request' });
}

/** @throws WireFormatError */
export function decodeRequest(bytes: Uint8Array, at: FieldPath): TrainRequest {
  return requestShape(decodeValue(bytes, { at }), at);
}

export function encodeHyperparameters(values: HyperparameterValues): Buffer {
  return encodeValue(values, { at: 'hyperparameters' });
}

/** @throws WireFormatError */
export function decodeHyperparameters(bytes: Uint8Array, at: FieldPath): HyperparameterValues {
  return hyperparametersShape(decodeRecord(bytes, at), at);
}

const assignmentShape = fields<TrainingAssignment>({
  job: id(jobId),
  attempt: count,
  rank: count,
  worldSize: count,
  request: requestShape,
  dataset: fields<TrainingAssignment['dataset']>({ bucket: text, key: text, etag: text, bytes: count }),
  modelsBucket: text,
  artifactStem: text,
  checkpointIntervalEpochs: count,
  resumeFrom: nullable(checkpointShape),
  threads: count,
  memoryBytes: nullable(count),
});

/** What a rank is created with, as the MessagePack that `StartSpec.args` holds. */
export function encodeAssignment(assignment: TrainingAssignment): Uint8Array {
  return encodeValue(assignment, { at: 'assignment' });
}

/** @throws WireFormatError that names the field */
export function decodeAssignment(bytes: Uint8Array): TrainingAssignment {
  return assignmentShape(decodeValue(bytes, { at: 'assignment' }), 'assignment');
}
