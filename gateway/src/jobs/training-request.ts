import type { TrainingRequest } from '@trainer/client/internal';
import { given, unknownFieldWarnings } from './jobs.mapper.js';
import type { TrainBody } from './jobs.schema.js';

/** A body of POST /train as the head takes it; fields that are not known come back as warnings. */
export function trainingRequest(body: TrainBody): TrainingRequest {
  return {
    modelId: body.model_id,
    dataId: body.data_id,
    taskType: body.task_type,
    ...given({
      targetColumn: body.target_column,
      epochs: body.epochs,
      batchSize: body.batch_size,
      learningRate: body.learning_rate,
      hyperparameters: body.hyperparameters,
      useGpu: body.use_gpu,
      numWorkers: body.num_workers,
      experimentName: body.experiment_name,
      runName: body.run_name,
      tags: body.tags,
      pipelineId: body.pipeline_id,
      earlyStopping: body.early_stopping,
      patience: body.patience,
      seed: body.seed,
      validationSplit: body.validation_split,
      excludeColumns: body.exclude_columns,
      priority: body.priority,
    }),
    warnings: unknownFieldWarnings(body),
  };
}
