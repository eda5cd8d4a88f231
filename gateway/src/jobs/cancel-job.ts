import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, type JobId } from '@trainer/model';
import type { GatewaySettings } from '../config.js';
import { HEAD, SETTINGS } from '../tokens.js';

/** DELETE /train/{id}: the intent is committed, then it waits a little for the processes to end. */
@Injectable()
export class CancelJob {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  async execute(id: string): Promise<{ message: string }> {
    const job: JobId = jobId(id);
    await this.head.jobs.cancel(job, { waitMs: this.settings.cancelWaitMs });
    return { message: `Job ${job} cancelled successfully` };
  }
}
