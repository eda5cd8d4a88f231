import type { TrainRequest } from '../train-request.js';

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
