import { basename } from 'node:path';
import type { TaskType } from '@trainer/model';
import { targetNameOf, targetTypeOf, type Preprocessing } from '../preprocessing/preprocessing.js';
import type { ExportedModel } from './exported-model.js';
import { OLDEST_ONNXRUNTIME } from './onnx-model.js';

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = { readonly [name: string]: JsonValue };

/** The card's parts that the exporter does not know itself; keys in snake_case, as REST writes them. */
export interface CardFacts {
  /** Job id, attempt, created_at and the like: the card is the only file that may name them. */
  readonly job: JsonObject;
  readonly request: JsonObject;
  readonly dataFingerprint: string;
  /** The table's columns and their types, what was dropped, rows and gaps. */
  readonly schema: JsonObject;
  readonly split: JsonObject;
  readonly seed: number;
  /** Of Trainer, Node and the engine. */
  readonly versions: JsonObject;
  /** Of the kept epoch. */
  readonly metrics: JsonObject;
  readonly baseline: JsonObject;
  /** Platform, processor, threads, device. */
  readonly environment: JsonObject;
}

/** What the exporter knows. */
interface ExportedFacts extends ExportedModel {
  readonly task: TaskType;
  readonly preprocessing: Preprocessing;
}

/** The card as JSON text: what made the model, on what, how good it is, and how to run it. */
export function cardText(facts: CardFacts, exported: ExportedFacts): string {
  const { preprocessing, signature, verified } = exported;
  const card = {
    format: 'trainer-model-card',
    format_version: 1,
    ...facts.job,
    task_type: exported.task,
    request: facts.request,
    data_fingerprint: facts.dataFingerprint,
    schema: facts.schema,
    split: facts.split,
    seed: facts.seed,
    target: targetNameOf(preprocessing.target),
    target_type: targetTypeOf(preprocessing.target),
    classes: exported.classes,
    signature,
    preprocessing: {
      version: preprocessing.version,
      inputs: preprocessing.inputs,
      steps: preprocessing.steps,
      table_steps: preprocessing.tableSteps,
    },
    metrics: facts.metrics,
    baseline: facts.baseline,
    feature_importance: exported.featureImportance,
    verified: { rows: verified.rows, tied_rows: verified.tiedRows },
    oldest_onnxruntime: OLDEST_ONNXRUNTIME,
    files: exported.files.map(({ role, path, bytes, sha256 }) => ({ role, name: basename(path), bytes, sha256 })),
    versions: facts.versions,
    environment: facts.environment,
  };
  return `${JSON.stringify(card, null, 2)}\n`;
}
