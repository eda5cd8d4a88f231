import type {
  Attempt,
  AttemptEnd,
  Checkpoint,
  EpochMetrics,
  Job,
  JobEvent,
  Metric,
  Model,
  RankReport,
  SentTrainRequest,
  StoredCheckpoint,
  StoredFile,
  TrainingAssignment,
  TrainingResult,
  TrainRequest,
} from '@trainer/model';
import fc from 'fast-check';
import { anyCount, anyDeathCause, anyErrorData, anyJobId, anyLarge, anyLeaseId, anyNodeId, anyOrNull } from './common.arbitrary.js';
import { anyFacts, anyText, objectOf, recordOf } from './values.arbitrary.js';

/** Without -0, which protobuf does not tell from an absent number. */
const anyFinite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number));
export const anyMetric: fc.Arbitrary<Metric> = anyOrNull(anyFinite);
const anyMetrics = recordOf(anyMetric);
const anyTexts = fc.array(anyText, { maxLength: 3 });
const anyTask = fc.constantFrom('classification' as const, 'regression' as const, 'clustering' as const);

export const anyEpochMetrics: fc.Arbitrary<EpochMetrics> = objectOf({
  epoch: anyCount,
  trainLoss: anyMetric,
  valLoss: anyMetric,
  trainAccuracy: anyMetric,
  valAccuracy: anyMetric,
  learningRate: anyMetric,
  additional: anyMetrics,
});

export const anyStoredFile: fc.Arbitrary<StoredFile> = objectOf({
  role: fc.constantFrom('pkl', 'onnx', 'native', 'predictions', 'card', 'checkpoint'),
  key: anyText,
  bytes: anyLarge,
  sha256: anyText,
  ending: anyText,
});

export const anyCheckpoint: fc.Arbitrary<Checkpoint> = objectOf({ epoch: anyCount, file: anyStoredFile, metrics: anyMetrics });

export const anyStoredCheckpoint: fc.Arbitrary<StoredCheckpoint> = objectOf({
  id: anyText,
  createdAt: anyLarge,
  checkpoint: anyCheckpoint,
});

const anyColumns = fc.array(objectOf({ name: anyText, type: anyText, shape: fc.array(anyOrNull(anyCount), { maxLength: 3 }) }), {
  maxLength: 3,
});

export const anyTrainingResult: fc.Arbitrary<TrainingResult> = objectOf({
  files: fc.array(anyStoredFile, { maxLength: 3 }),
  metrics: anyMetrics,
  keptEpoch: anyCount,
  lastEpoch: anyCount,
  signature: objectOf({ inputs: anyColumns, outputs: anyColumns }),
  classes: anyOrNull(fc.array(fc.oneof(anyText, anyFinite), { maxLength: 3 })),
  featureImportance: anyOrNull(fc.array(objectOf({ feature: anyText, importance: anyFinite }), { maxLength: 3 })),
  dataFingerprint: anyText,
  verified: objectOf({ rows: anyCount, tiedRows: anyCount }),
  selectedOnValidation: fc.boolean(),
  baseline: anyMetrics,
  trainingMs: anyFinite,
});

export const anyRankReport: fc.Arbitrary<RankReport> = fc.oneof(
  objectOf({ kind: fc.constant('phase' as const), phase: fc.constantFrom('loading' as const, 'training' as const, 'exporting' as const) }),
  objectOf({ kind: fc.constant('progress' as const), done: anyFinite, epoch: anyCount }),
  objectOf({ kind: fc.constant('epoch' as const), metrics: anyEpochMetrics, done: anyFinite }),
  objectOf({ kind: fc.constant('checkpoint' as const), checkpoint: anyCheckpoint }),
  objectOf({ kind: fc.constant('warning' as const), message: anyText }),
  objectOf({ kind: fc.constant('result' as const), result: anyTrainingResult }),
  objectOf({ kind: fc.constant('failed' as const), error: anyErrorData }),
);

export const anySentRequest: fc.Arbitrary<SentTrainRequest> = objectOf({
  modelId: anyText,
  dataId: anyText,
  taskType: anyTask,
  targetColumn: anyOrNull(anyText),
  epochs: anyOrNull(anyCount),
  batchSize: anyOrNull(anyCount),
  learningRate: anyOrNull(anyFinite),
  hyperparameters: anyFacts,
  useGpu: anyOrNull(fc.boolean()),
  numWorkers: anyOrNull(anyCount),
  experimentName: anyOrNull(anyText),
  runName: anyOrNull(anyText),
  tags: recordOf(anyText),
  pipelineId: anyOrNull(anyText),
  earlyStopping: anyOrNull(fc.boolean()),
  patience: anyOrNull(anyCount),
  seed: anyOrNull(anyCount),
  validationSplit: anyOrNull(anyFinite),
  excludeColumns: anyTexts,
  priority: anyOrNull(anyCount),
  warnings: anyTexts,
});

const anyHyperparameters = recordOf(anyOrNull(fc.oneof(anyFinite, anyText, fc.boolean())));

export const anyTrainRequest: fc.Arbitrary<TrainRequest> = objectOf({
  modelId: anyText,
  dataId: anyText,
  taskType: anyTask,
  targetColumn: anyOrNull(anyText),
  epochs: anyCount,
  batchSize: anyCount,
  learningRate: anyFinite,
  sentHyperparameters: anyFacts,
  hyperparameters: anyHyperparameters,
  useGpu: fc.boolean(),
  numWorkers: anyOrNull(anyCount),
  experimentName: anyText,
  runName: anyOrNull(anyText),
  tags: recordOf(anyText),
  pipelineId: anyOrNull(anyText),
  earlyStopping: fc.boolean(),
  patience: anyCount,
  seed: anyCount,
  validationSplit: anyOrNull(anyFinite),
  excludeColumns: anyTexts,
  priority: anyCount,
  warnings: anyTexts,
});

export const anyAssignment: fc.Arbitrary<TrainingAssignment> = objectOf({
  job: anyJobId,
  attempt: anyCount,
  rank: anyCount,
  worldSize: anyCount,
  request: anyTrainRequest,
  dataset: objectOf({ bucket: anyText, key: anyText, etag: anyText, bytes: anyLarge }),
  modelsBucket: anyText,
  artifactStem: anyText,
  checkpointIntervalEpochs: anyCount,
  resumeFrom: anyOrNull(anyCheckpoint),
  threads: anyCount,
  memoryBytes: anyOrNull(anyLarge),
});

const anyAttemptEnd: fc.Arbitrary<AttemptEnd> = fc.oneof(
  fc.constant({ kind: 'completed' as const }),
  objectOf({ kind: fc.constant('cancelled' as const), by: anyText }),
  objectOf({ kind: fc.constant('requeued' as const), why: anyText }),
  objectOf({
    kind: fc.constant('failed' as const),
    blame: fc.constantFrom('request' as const, 'crash' as const, 'infra' as const),
    rank: anyOrNull(anyCount),
    code: anyText,
    message: anyText,
    cause: anyOrNull(anyDeathCause),
  }),
);

const anyAttempt: fc.Arbitrary<Attempt> = objectOf({
  number: anyCount,
  startedAt: anyLarge,
  endedAt: anyOrNull(anyLarge),
  fromEpoch: anyCount,
  workers: anyCount,
  nodes: fc.array(anyNodeId, { maxLength: 2 }),
  memoryBytes: anyLarge,
  end: anyOrNull(anyAttemptEnd),
});

export const anyJob: fc.Arbitrary<Job> = objectOf({
  id: anyJobId,
  request: anyTrainRequest,
  dataset: objectOf({ key: anyText, etag: anyText, bytes: anyLarge }),
  status: fc.constantFrom('pending', 'running', 'completed', 'failed', 'cancelled'),
  phase: fc.constantFrom('queued', 'reserving', 'starting', 'loading', 'training', 'exporting', 'promoting', 'stopping', 'ended'),
  createdAt: anyLarge,
  startedAt: anyOrNull(anyLarge),
  completedAt: anyOrNull(anyLarge),
  currentEpoch: anyCount,
  totalEpochs: anyCount,
  progress: anyFinite,
  attempt: anyCount,
  attempts: fc.array(anyAttempt, { maxLength: 3 }),
  failures: anyCount,
  infraFailures: anyCount,
  gpuAllocated: anyOrNull(anyText),
  bestMetrics: anyMetrics,
  finalModelPath: anyOrNull(anyText),
  error: anyOrNull(anyErrorData),
  pendingReason: anyOrNull(anyText),
  warnings: anyTexts,
  nodes: fc.array(anyNodeId, { maxLength: 2 }),
  leases: fc.array(anyLeaseId, { maxLength: 2 }),
  cancelRequested: fc.boolean(),
  workers: fc.nat(32),
});

const eventPlace = { job: anyJobId, number: anyLarge, at: anyLarge };
export const anyJobEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  objectOf({ ...eventPlace, type: fc.constantFrom('status' as const, 'pending' as const), data: anyJob }),
  objectOf({ ...eventPlace, type: fc.constant('metrics' as const), data: anyEpochMetrics }),
);

export const anyModel: fc.Arbitrary<Model> = objectOf({
  job: anyJobId,
  modelId: anyText,
  task: anyTask,
  files: fc.array(anyStoredFile, { maxLength: 3 }),
  result: anyTrainingResult,
  hyperparameters: anyHyperparameters,
  seed: anyCount,
  createdAt: anyLarge,
});
