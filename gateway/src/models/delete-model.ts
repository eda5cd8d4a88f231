import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId } from '@trainer/model';
import { HEAD } from '../tokens.js';
import type { DeletedModel } from './models.answers.js';

/** DELETE /models/{id}. A download that runs goes on to its end. */
@Injectable()
export class DeleteModel {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  /** @throws TrainerError `not-found`, `model.none` */
  async execute(id: string): Promise<DeletedModel> {
    const job = jobId(id);
    await this.head.jobs.deleteModel(job);
    return { message: `Model of job ${job} deleted successfully` };
  }
}
