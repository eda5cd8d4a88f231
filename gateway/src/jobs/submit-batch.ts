import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { HEAD } from '../tokens.js';
import type { BatchView } from './jobs.answers.js';
import { given, jobView } from './jobs.mapper.js';
import type { BatchBody } from './jobs.schema.js';
import { trainingRequest } from './training-request.js';

/** POST /train/batch: the head takes all of them or none. */
@Injectable()
export class SubmitBatch {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  /** @param idempotencyHeader stands for the whole batch; each of its jobs has its place behind it */
  async execute({ jobs }: BatchBody, idempotencyHeader: string | undefined): Promise<BatchView> {
    const ofBatch = (at: number): string | undefined => (idempotencyHeader === undefined ? undefined : `${idempotencyHeader}/${at}`);
    const requests = jobs.map((body, at) => ({
      request: trainingRequest(body),
      ...given({ idempotencyKey: body.idempotency_key ?? ofBatch(at) }),
    }));
    return { jobs: (await this.head.jobs.submitAll(requests)).map(jobView) };
  }
}
