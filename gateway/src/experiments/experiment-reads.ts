import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { isLessBetter } from '@trainer/model';
import { timeOf } from '../http/times.js';
import { given, jobView } from '../jobs/jobs.mapper.js';
import { HEAD } from '../tokens.js';
import type { ExperimentsView, LeaderboardView } from './experiments.answers.js';
import type { LeaderboardQuery, ListExperimentsQuery } from './experiments.schema.js';

/** The reads of experiments. */
@Injectable()
export class ExperimentReads {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  async list({ limit }: ListExperimentsQuery): Promise<ExperimentsView> {
    const found = await this.head.jobs.experiments({ limit });
    return found.map(({ name, jobs, newestAt }) => ({ name, jobs, newest_at: timeOf(newestAt) }));
  }

  /** @throws NotFoundError (the experiment), InvalidRequestError (a metric that no job of it has) */
  async leaderboard(experiment: string, { metric: asked, limit }: LeaderboardQuery): Promise<LeaderboardView> {
    const { metric, jobs } = await this.head.jobs.leaderboard(experiment, { limit, ...given({ metric: asked }) });
    return {
      experiment,
      metric,
      order: isLessBetter(metric) ? 'ascending' : 'descending',
      entries: jobs.flatMap((job, at) => {
        const value = job.bestMetrics[metric];
        return typeof value === 'number' ? [{ rank: at + 1, value, job: jobView(job) }] : [];
      }),
    };
  }
}
