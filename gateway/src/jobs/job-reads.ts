import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, type Clock } from '@trainer/model';
import type { GatewaySettings } from '../config.js';
import { ResultNotReadyError } from '../http/errors.js';
import { CLOCK, HEAD, SETTINGS } from '../tokens.js';
import type { FinalResultView, JobView, ProgressView } from './jobs.answers.js';
import { finalResultView, jobView, progressView } from './jobs.mapper.js';
import type { ProgressQuery } from './jobs.schema.js';

/** Epochs that GET /train/{id}/progress shows unless all are asked for. */
const RECENT_EPOCHS = 10;

/** The reads of one job. */
@Injectable()
export class JobReads {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async job(id: string): Promise<JobView> {
    return jobView(await this.head.jobs.get(jobId(id)));
  }

  /** @throws ResultNotReadyError until the job has completed */
  async finalResult(id: string): Promise<FinalResultView> {
    const job = await this.head.jobs.get(jobId(id));
    if (job.status !== 'completed') throw new ResultNotReadyError(job.id);
    return finalResultView(job);
  }

  async progress(id: string, query: ProgressQuery): Promise<ProgressView> {
    const options = query.epochs === 'all' ? {} : { epochs: RECENT_EPOCHS };
    return progressView(await this.head.jobs.progress(jobId(id), options), this.settings.buckets.models, this.clock.wallMs());
  }
}
