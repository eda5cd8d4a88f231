import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { HEAD } from '../tokens.js';
import type { JobView } from './jobs.answers.js';
import { given, jobView } from './jobs.mapper.js';
import type { TrainBody } from './jobs.schema.js';
import { trainingRequest } from './training-request.js';

/** POST /train: the head checks, stores and queues the job. */
@Injectable()
export class SubmitJob {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  async execute(body: TrainBody, idempotencyHeader: string | undefined): Promise<JobView> {
    const key = given({ idempotencyKey: body.idempotency_key ?? idempotencyHeader });
    return jobView(await this.head.jobs.submit(trainingRequest(body), key));
  }
}
