import {
  type Checkpoint,
  type EpochMetrics,
  type FileRole,
  type Metric,
  type RankReport,
  type SignatureColumn,
  type StoredCheckpoint,
  type StoredFile,
  type TrainingResult,
} from '@trainer/model';
import { decodeErrorData, encodeErrorData } from './common.codec.js';
import { WireFormatError, type FieldPath } from './errors.js';
import { present, unknownCase, wholeMs } from './fields.js';
import * as pb from './gen/trainer/v1/jobs.js';
import { count, either, fields, finite, flag, list, mapOf, nullable, oneOf, text } from './shapes.js';
import { decodeValue, encodeValue } from './values.js';

export const metricShape = nullable(finite);
export const fileShape = fields<StoredFile>({
  role: oneOf<FileRole>('pkl', 'onnx', 'native', 'predictions', 'card', 'checkpoint'),
  key: text,
  bytes: count,
  sha256: text,
  ending: text,
});
export const checkpointShape = fields<Checkpoint>({ epoch: count, file: fileShape, metrics: mapOf(metricShape) });

export function encodeMetric(metric: Metric): pb.Metric {
  return { value: metric ?? undefined };
}

/** An absent metric is null. @throws WireFormatError for NaN and infinities */
export function decodeMetric(wire: pb.Metric | undefined, at: FieldPath): Metric {
  return metricShape(wire?.value ?? null, at);
}

export function encodeMetrics(metrics: Readonly<Record<string, Metric>>): Record<string, pb.Metric> {
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, encodeMetric(metric)]));
}

/** @throws WireFormatError */
export function decodeMetrics(wire: Readonly<Record<string, pb.Metric>>, at: FieldPath): Record<string, Metric> {
  return Object.fromEntries(Object.entries(wire).map(([name, metric]) => [name, decodeMetric(metric, `${at}.${name}`)]));
}

export function encodeEpochMetrics(metrics: EpochMetrics): pb.EpochMetrics {
  return {
    epoch: metrics.epoch,
    trainLoss: encodeMetric(metrics.trainLoss),
    valLoss: encodeMetric(metrics.valLoss),
    trainAccuracy: encodeMetric(metrics.trainAccuracy),
    valAccuracy: encodeMetric(metrics.valAccuracy),
    learningRate: encodeMetric(metrics.learningRate),
    additional: encodeMetrics(metrics.additional),
  };
}

/** @throws WireFormatError */
export function decodeEpochMetrics(wire: pb.EpochMetrics | undefined, at: FieldPath): EpochMetrics {
  const metrics = present(wire, at);
  return {
    epoch: metrics.epoch,
    trainLoss: decodeMetric(metrics.trainLoss, `${at}.trainLoss`),
    valLoss: decodeMetric(metrics.valLoss, `${at}.valLoss`),
    trainAccuracy: decodeMetric(metrics.trainAccuracy, `${at}.trainAccuracy`),
    valAccuracy: decodeMetric(metrics.valAccuracy, `${at}.valAccuracy`),
    learningRate: decodeMetric(metrics.learningRate, `${at}.learningRate`),
    additional: decodeMetrics(metrics.additional, `${at}.additional`),
  };
}

export function encodeStoredFile(file: StoredFile): pb.StoredFile {
  const { role, key, bytes, sha256, ending } = file;
  return { role, key, bytes, sha256, ending };
}

/** @throws WireFormatError */
export function decodeStoredFile(wire: pb.StoredFile | undefined, at: FieldPath): StoredFile {
  return fileShape(present(wire, at), at);
}

export function encodeCheckpoint(checkpoint: Checkpoint): pb.Checkpoint {
  return { epoch: checkpoint.epoch, file: encodeStoredFile(checkpoint.file), metrics: encodeMetrics(checkpoint.metrics) };
}

/** @throws WireFormatError */
export function decodeCheckpoint(wire: pb.Checkpoint | undefined, at: FieldPath): Checkpoint {
  const { epoch, file, metrics } = present(wire, at);
  return { epoch, file: decodeStoredFile(file, `${at}.file`), metrics: decodeMetrics(metrics, `${at}.metrics`) };
}

export function encodeStoredCheckpoint(stored: StoredCheckpoint): pb.StoredCheckpoint {
  return { checkpoint: encodeCheckpoint(stored.checkpoint), createdAt: wholeMs(stored.createdAt), id: stored.id };
}

/** @throws WireFormatError */
export function decodeStoredCheckpoint(wire: pb.StoredCheckpoint, at: FieldPath): StoredCheckpoint {
  return { id: wire.id, createdAt: wire.createdAt, checkpoint: decodeCheckpoint(wire.checkpoint, `${at}.checkpoint`) };
}

type Description = Omit<TrainingResult, 'files' | 'metrics'>;

const columnShape = fields<SignatureColumn>({ name: text, type: text, shape: list(nullable(count)) });
const descriptionShape = fields<Description>({
  keptEpoch: count,
  lastEpoch: count,
  signature: fields<TrainingResult['signature']>({ inputs: list(columnShape), outputs: list(columnShape) }),
  classes: nullable(list(either(text, finite))),
  featureImportance: nullable(list(fields<{ feature: string; importance: number }>({ feature: text, importance: finite }))),
  dataFingerprint: text,
  verified: fields<TrainingResult['verified']>({ rows: count, tiedRows: count }),
  selectedOnValidation: flag,
  baseline: mapOf(metricShape),
  trainingMs: finite,
});

export function encodeTrainingResult(result: TrainingResult): pb.TrainingResult {
  const { files, metrics, ...description } = result;
  return { files: files.map(encodeStoredFile), metrics: encodeMetrics(metrics), descriptionMsgpack: encodeValue(description) };
}

/** @throws WireFormatError */
export function decodeTrainingResult(wire: pb.TrainingResult | undefined, at: FieldPath): TrainingResult {
  const { files, metrics, descriptionMsgpack } = present(wire, at);
  return {
    files: files.map((file, i) => decodeStoredFile(file, `${at}.files[${i}]`)),
    metrics: decodeMetrics(metrics, `${at}.metrics`),
    ...descriptionShape(decodeValue(descriptionMsgpack, { at: `${at}.description` }), `${at}.description`),
  };
}

/** A rank reports only these phases; the head knows the others itself. */
type ReportedPhase = Extract<RankReport, { kind: 'phase' }>['phase'];
const REPORTED_PHASES: Readonly<Record<ReportedPhase, pb.JobPhase>> = {
  loading: pb.JobPhase.JOB_PHASE_LOADING,
  training: pb.JobPhase.JOB_PHASE_TRAINING,
  exporting: pb.JobPhase.JOB_PHASE_EXPORTING,
};

function decodeReportedPhase(wire: pb.JobPhase, at: FieldPath): ReportedPhase {
  const found = (Object.entries(REPORTED_PHASES) as [ReportedPhase, pb.JobPhase][]).find(([, phase]) => phase === wire);
  if (!found) throw new WireFormatError(at, `${wire} is no phase that a rank reports`);
  return found[0];
}

export function encodeRankReport(report: RankReport): pb.RankReport {
  return { report: reportCase(report) };
}

function reportCase(report: RankReport): NonNullable<pb.RankReport['report']> {
  switch (report.kind) {
    case 'phase':
      return { $case: 'phase', value: REPORTED_PHASES[report.phase] };
    case 'progress':
      return { $case: 'progress', value: { done: report.done, epoch: report.epoch } };
    case 'epoch':
      return { $case: 'epoch', value: { metrics: encodeEpochMetrics(report.metrics), done: report.done } };
    case 'checkpoint':
      return { $case: 'checkpoint', value: encodeCheckpoint(report.checkpoint) };
    case 'warning':
      return { $case: 'warning', value: report.message };
    case 'result':
      return { $case: 'result', value: encodeTrainingResult(report.result) };
    case 'failed':
      return { $case: 'failed', value: { error: encodeErrorData(report.error) } };
  }
}

/** @throws WireFormatError */
export function decodeRankReport(wire: pb.RankReport, at: FieldPath): RankReport {
  const report = present(wire.report, `${at}.report`);
  switch (report.$case) {
    case 'phase':
      return { kind: 'phase', phase: decodeReportedPhase(report.value, `${at}.phase`) };
    case 'progress':
      return { kind: 'progress', done: finite(report.value.done, `${at}.progress.done`), epoch: report.value.epoch };
    case 'epoch': {
      const metrics = decodeEpochMetrics(report.value.metrics, `${at}.epoch.metrics`);
      return { kind: 'epoch', metrics, done: finite(report.value.done, `${at}.epoch.done`) };
    }
    case 'checkpoint':
      return { kind: 'checkpoint', checkpoint: decodeCheckpoint(report.value, `${at}.checkpoint`) };
    case 'warning':
      return { kind: 'warning', message: report.value };
    case 'result':
      return { kind: 'result', result: decodeTrainingResult(report.value, `${at}.result`) };
    case 'failed':
      return { kind: 'failed', error: decodeErrorData(present(report.value.error, `${at}.failed.error`), `${at}.failed.error`) };
    default:
      return unknownCase(report, `${at}.report`);
  }
}
