import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { HeadConnection, LogLine } from '@trainer/client/internal';
import { jobId, toErrorData, type Clock } from '@trainer/model';
import { OpenStreams } from '../http/open-streams.js';
import { timeOf } from '../http/times.js';
import { CLOCK, HEAD } from '../tokens.js';
import type { LogLineView } from './jobs.answers.js';
import type { LogsQuery } from './jobs.schema.js';

/** GET /train/{id}/logs: what the processes of a job wrote, a JSON object a line. */
@Injectable()
export class JobLogs implements OnModuleDestroy {
  readonly #streams: OpenStreams;

  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#streams = new OpenStreams(clock);
  }

  onModuleDestroy(): Promise<void> {
    return this.#streams.close();
  }

  /** @throws NotFoundError before the stream begins; one that follows ends with the job. */
  async execute(id: string, { follow, tail }: LogsQuery): Promise<Readable> {
    const { id: job } = await this.head.jobs.get(jobId(id));
    return this.#streams.open((signal) => written(this.head.logs(job, { follow, signal, ...(tail === 0 ? {} : { tail }) }), signal));
  }
}

async function* written(lines: AsyncIterable<LogLine>, gone: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const line of lines) yield `${JSON.stringify(viewOf(line))}\n`;
  } catch (error) {
    // A job that ended before it began has written nothing.
    if (!gone.aborted && toErrorData(error).code !== 'log.not-found') throw error;
  }
}

function viewOf({ lease, at, isStderr, line }: LogLine): LogLineView {
  return { at: timeOf(at), process: lease, stream: isStderr ? 'stderr' : 'stdout', line };
}
