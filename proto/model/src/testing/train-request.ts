import type { SentTrainRequest, TrainRequest } from '../train-request.js';

/** A checked request with the service's defaults, for tests: XGBoost on iris, no hyperparameters. */
export function aTrainRequest(values: Partial<TrainRequest> = {}): TrainRequest {
  return {
    modelId: 'xgboost_classifier',
    dataId: 'iris.csv',
    taskType: 'classification',
    targetColumn: null,
    epochs: 100,
    batchSize: 32,
    learningRate: 0.001,
    sentHyperparameters: {},
    hyperparameters: {},
    useGpu: true,
    numWorkers: null,
    experimentName: 'trainer',
    runName: null,
    tags: {},
    pipelineId: null,
    earlyStopping: true,
    patience: 10,
    seed: 42,
    validationSplit: null,
    excludeColumns: [],
    priority: 50,
    warnings: [],
    ...values,
  };
}

/** A request as a client sends it, with nothing but what must be there, for tests: XGBoost on iris. */
export function aSentTrainRequest(values: Partial<SentTrainRequest> = {}): SentTrainRequest {
  return {
    modelId: 'xgboost_classifier',
    dataId: 'iris.csv',
    taskType: 'classification',
    targetColumn: null,
    epochs: null,
    batchSize: null,
    learningRate: null,
    hyperparameters: {},
    useGpu: null,
    numWorkers: null,
    experimentName: null,
    runName: null,
    tags: {},
    pipelineId: null,
    earlyStopping: null,
    patience: null,
    seed: null,
    validationSplit: null,
    excludeColumns: [],
    priority: null,
    warnings: [],
    ...values,
  };
}
