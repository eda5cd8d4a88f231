import {
  checkHyperparameters,
  dataIdProblem,
  excludedColumnsProblem,
  hasTarget,
  nearestNames,
  requestProblem,
  tagsProblem,
  TRAIN_LIMITS,
  warningsProblem,
} from '@trainer/model';
import type { CatalogEntry, CheckedHyperparameters, Issue, SentTrainRequest, TrainRequest } from '@trainer/model';

/** Settings that fill what a client leaves out. */
export interface SubmissionDefaults {
  /** DEFAULT_EPOCHS. */
  readonly epochs: number;
  /** EARLY_STOPPING_PATIENCE, in epochs. */
  readonly patience: number;
}

export type Submission =
  | { readonly kind: 'accepted'; readonly request: TrainRequest; readonly entry: CatalogEntry }
  /** All that is wrong, each with its field; at least one. */
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] };

/** Experiment of a job that names none (api.md). */
const DEFAULT_EXPERIMENT = 'trainer';

/** Checks a request against limits and catalog and fills in the defaults; pure. Names in issues and warnings are those of api.md. */
export function checkSubmission(sent: SentTrainRequest, catalog: readonly CatalogEntry[], defaults: SubmissionDefaults): Submission {
  const issues = [...numberIssues(sent), ...textIssues(sent), ...columnIssues(sent), ...sizeIssues(sent)];
  const entry = catalog.find((candidate) => candidate.modelId === sent.modelId);
  if (!entry) return refused([unknownModel(sent.modelId, catalog), ...issues]);
  const hyper = checkHyperparameters(entry.parameters, sent.hyperparameters);
  issues.push(...taskIssues(sent, entry), ...hyper.issues, ...seedIssues(sent, hyper));
  if (issues.length > 0) return refused(issues);
  const filled = fill(sent, hyper, defaults, entry);
  return {
    kind: 'accepted',
    entry,
    request: { ...filled, warnings: [...sent.warnings, ...hyper.warnings, ...warningsOn(sent, filled, entry)] },
  };
}

/** An answer names so many mistakes; who has mended these hears of the others. All of them are to fit into the trailer of an answer. */
const MOST_ISSUES = 50;

function refused(issues: readonly Issue[]): Submission {
  return { kind: 'refused', issues: issues.slice(0, MOST_ISSUES) };
}

function fill(sent: SentTrainRequest, hyper: CheckedHyperparameters, defaults: SubmissionDefaults, entry: CatalogEntry): TrainRequest {
  const { meansSame } = entry;
  const epochs = sent.epochs ?? sentEpochs(sent, entry) ?? defaults.epochs;
  const batchSize = sent.batchSize ?? TRAIN_LIMITS.batchSize.default;
  const learningRate = sent.learningRate ?? TRAIN_LIMITS.learningRate.default;
  const same =
    meansSame === undefined
      ? {}
      : {
          [meansSame.epochs]: epochs,
          [meansSame.batchSize]: hyper.values[meansSame.batchSize] ?? batchSize,
          [meansSame.learningRate]: hyper.values[meansSame.learningRate] ?? learningRate,
        };
  return {
    modelId: sent.modelId,
    dataId: sent.dataId,
    taskType: sent.taskType,
    targetColumn: sent.targetColumn,
    epochs,
    batchSize,
    learningRate,
    sentHyperparameters: sent.hyperparameters,
    hyperparameters: { ...hyper.values, ...same },
    useGpu: sent.useGpu ?? true,
    numWorkers: sent.numWorkers,
    experimentName: sent.experimentName || DEFAULT_EXPERIMENT,
    runName: sent.runName || null,
    tags: sent.tags,
    pipelineId: sent.pipelineId,
    earlyStopping: sent.earlyStopping ?? true,
    patience: sent.patience ?? defaults.patience,
    seed: sent.seed ?? hyper.seed ?? TRAIN_LIMITS.seed.default,
    validationSplit: sent.validationSplit,
    excludeColumns: [...new Set(sent.excludeColumns)],
    priority: sent.priority ?? TRAIN_LIMITS.priority.default,
    warnings: [],
  };
}

/** What the model's own hyperparameter of epochs or iterations, where it is sent, says of the epochs. */
function sentEpochs(sent: SentTrainRequest, { meansSame, iterations }: CatalogEntry): number | null {
  const name = meansSame?.epochs ?? iterations;
  const value = name !== undefined && Object.hasOwn(sent.hyperparameters, name) ? sent.hyperparameters[name] : null;
  return typeof value === 'number' ? Math.min(value, TRAIN_LIMITS.epochs.max) : null;
}

/** What is accepted, and does not do what its sender may think. */
function warningsOn(sent: SentTrainRequest, request: TrainRequest, entry: CatalogEntry): readonly string[] {
  const warnings: string[] = [];
  if (!entry.takes.learningRate && sent.learningRate !== null) {
    const other = Object.hasOwn(entry.parameters.known, 'learning_rate') ? '; set hyperparameters.learning_rate instead' : '';
    warnings.push(`learning_rate is not used by ${entry.modelId}${other}`);
  }
  if (!entry.takes.batchSize && sent.batchSize !== null) warnings.push(`batch_size is not used by ${entry.modelId}`);
  const own = sentEpochs(sent, entry);
  if (entry.meansSame !== undefined && sent.epochs !== null && own !== null && own !== sent.epochs) {
    warnings.push(`hyperparameters.${entry.meansSame.epochs} (${own}) is not used: epochs (${sent.epochs}) is sent, and means the same`);
  }
  if (!hasTarget(entry.task) && sent.validationSplit !== null) {
    warnings.push(`validation_split is not used: ${entry.modelId} trains on all rows`);
  }
  const isPatienceMeant = sent.patience !== null && request.earlyStopping && entry.earlyStopping(request.hyperparameters);
  if (isPatienceMeant && request.patience >= request.epochs) {
    warnings.push(`patience (${request.patience}) is not below epochs (${request.epochs}), so early stopping cannot act`);
  }
  if (entry.ranks === null && (sent.numWorkers ?? 0) > 1) {
    warnings.push(`num_workers is ${String(sent.numWorkers)}, but ${entry.modelId} trains on one worker`);
  }
  return warnings;
}

function unknownModel(modelId: string, catalog: readonly CatalogEntry[]): Issue {
  const nearest = nearestNames(
    modelId,
    catalog.map((entry) => entry.modelId),
  );
  return {
    path: ['model_id'],
    message: `'${modelId.slice(0, 100)}' is not in the catalog; the nearest: ${nearest.join(', ')}`,
    type: 'unknown',
  };
}

function taskIssues(sent: SentTrainRequest, entry: CatalogEntry): readonly Issue[] {
  if (sent.taskType === entry.task) return [];
  return [{ path: ['task_type'], message: `${entry.modelId} is a model for ${entry.task}, not for ${sent.taskType}`, type: 'conflict' }];
}

function seedIssues(sent: SentTrainRequest, hyper: CheckedHyperparameters): readonly Issue[] {
  if (sent.seed === null || hyper.seed === null || sent.seed === hyper.seed) return [];
  const message = `random_state is ${hyper.seed} and seed is ${sent.seed}; they mean the same, send one of them`;
  return [{ path: ['hyperparameters', 'random_state'], message, type: 'conflict' }];
}

function numberIssues(sent: SentTrainRequest): Issue[] {
  const { epochs, batchSize, numWorkers, patience, seed, priority, learningRate, validationSplit } = TRAIN_LIMITS;
  const split = sent.validationSplit;
  const rate = sent.learningRate;
  const isRateRight = rate === null || (rate > learningRate.above && rate < learningRate.below);
  const isSplitRight = split === null || (split >= validationSplit.min && split <= validationSplit.max);
  return [
    ...whole('epochs', sent.epochs, epochs),
    ...whole('batch_size', sent.batchSize, batchSize),
    ...whole('num_workers', sent.numWorkers, numWorkers),
    ...whole('patience', sent.patience, patience),
    ...whole('seed', sent.seed, seed),
    ...whole('priority', sent.priority, priority),
    ...(isRateRight ? [] : [range('learning_rate', `must be above ${learningRate.above} and below ${learningRate.below}`)]),
    ...(isSplitRight ? [] : [range('validation_split', `must be from ${validationSplit.min} to ${validationSplit.max}`)]),
  ];
}

function whole(field: string, value: number | null, { min, max }: { readonly min: number; readonly max: number }): Issue[] {
  if (value === null || (Number.isInteger(value) && value >= min && value <= max)) return [];
  return [range(field, `must be an integer from ${min} to ${max}`)];
}

function textIssues(sent: SentTrainRequest): Issue[] {
  const { names, tags } = TRAIN_LIMITS;
  const dataProblem = dataIdProblem(sent.dataId);
  const entries = Object.entries(sent.tags);
  return [
    ...(dataProblem ? [{ path: ['data_id'], message: dataProblem, type: 'value' }] : []),
    ...short('experiment_name', sent.experimentName, names.chars),
    ...short('run_name', sent.runName, names.chars),
    ...short('pipeline_id', sent.pipelineId, names.chars),
    ...bounded('tags', tagsProblem(sent.tags)),
    ...entries.slice(0, tags.max).flatMap(([key, value]) => tagIssues(key, value)),
  ];
}

function tagIssues(key: string, value: string): Issue[] {
  const { keyChars, valueChars } = TRAIN_LIMITS.tags;
  const path = ['tags', key.slice(0, keyChars)];
  if (key.length === 0 || key.length > keyChars)
    return [{ path, message: `a tag's name has 1 to ${keyChars} characters, not ${key.length}`, type: 'range' }];
  return value.length > valueChars
    ? [{ path, message: `a tag's value has at most ${valueChars} characters, not ${value.length}`, type: 'range' }]
    : [];
}

function columnIssues(sent: SentTrainRequest): Issue[] {
  const { columnName } = TRAIN_LIMITS;
  const excluded = sent.excludeColumns;
  const issues = short('target_column', sent.targetColumn, columnName.chars);
  issues.push(...bounded('exclude_columns', excludedColumnsProblem(excluded)));
  const tooLong = excluded.findIndex((name) => name.length > columnName.chars);
  if (tooLong >= 0)
    issues.push({
      path: ['exclude_columns', tooLong],
      message: `a column's name has at most ${columnName.chars} characters`,
      type: 'range',
    });
  const target = sent.targetColumn === null ? -1 : excluded.indexOf(sent.targetColumn);
  if (target >= 0)
    issues.push({
      path: ['exclude_columns', target],
      message: `'${String(sent.targetColumn)}' is the target_column; it cannot be excluded`,
      type: 'conflict',
    });
  return issues;
}

/** What no other field's limit refuses: warnings of a door, and all fields together. */
function sizeIssues(sent: SentTrainRequest): Issue[] {
  const warnings = bounded('warnings', warningsProblem(sent.warnings));
  const problem = requestProblem(sent);
  return problem === null ? warnings : [...warnings, { path: [], message: `The request ${problem}`, type: 'range' }];
}

function bounded(field: string, problem: string | null): Issue[] {
  return problem === null ? [] : [range(field, problem)];
}

function short(field: string, value: string | null, chars: number): Issue[] {
  return value !== null && value.length > chars ? [range(field, `has ${value.length} characters; the limit is ${chars}`)] : [];
}

function range(field: string, problem: string): Issue {
  return { path: [field], message: `${field} ${problem}`, type: 'range' };
}
