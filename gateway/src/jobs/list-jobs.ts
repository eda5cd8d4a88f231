import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { HEAD } from '../tokens.js';
import type { JobView } from './jobs.answers.js';
import { given, jobView } from './jobs.mapper.js';
import type { ListJobsQuery } from './jobs.schema.js';

/** GET /train: newest first; the next page's cursor goes into a Link header. */
@Injectable()
export class ListJobs {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  async execute(query: ListJobsQuery): Promise<{ jobs: JobView[]; link: string | null }> {
    const { jobs, nextCursor } = await this.head.jobs.list(
      given({
        status: query.status,
        limit: query.limit,
        modelId: query.model_id,
        experimentName: query.experiment_name,
        tag: tagOf(query.tag),
        cursor: query.cursor,
      }),
    );
    return { jobs: jobs.map(jobView), link: nextCursor === null ? null : nextLink(query, nextCursor) };
  }
}

function nextLink(query: ListJobsQuery, cursor: string): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, cursor })) if (value !== undefined) params.set(name, String(value));
  return `</train?${params.toString()}>; rel="next"`;
}

function tagOf(text: string | undefined): { name: string; value: string } | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf('=');
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
