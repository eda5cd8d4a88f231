import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { HEAD } from '../tokens.js';
import type { JobView } from './jobs.answers.js';
import { given, jobView, unknownFieldWarnings } from './jobs.mapper.js';
import type { TrainBody } from './jobs.schema.js';

/** POST /train: the head checks, stores and queues the job. */
@Injectable()
export class SubmitJob {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  async execute(body: TrainBody, idempotencyHeader: string | undefined): Promise<JobView> {
    const job = await this.head.jobs.submit(
      {
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
      },
      given({ idempotencyKey: body.idempotency_key ?? idempotencyHeader }),
    );
    return jobView(job);
  }
}
