import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CancelJob } from './cancel-job.js';
import { JobEvents } from './job-events.js';
import { JobLogs } from './job-logs.js';
import {
  DescribeBatch,
  DescribeCancel,
  DescribeEvents,
  DescribeGet,
  DescribeList,
  DescribeLogs,
  DescribeProgress,
  DescribeResult,
  DescribeSubmit,
} from './jobs.docs.js';
import { JobReads } from './job-reads.js';
import type { BatchView, FinalResultView, JobView, ProgressView } from './jobs.answers.js';
import { BatchBody, ListJobsQuery, LogsQuery, ProgressQuery, TrainBody } from './jobs.schema.js';
import { ListJobs } from './list-jobs.js';
import { SubmitBatch } from './submit-batch.js';
import { SubmitJob } from './submit-job.js';

@ApiTags('training')
@Controller('train')
export class JobsController {
  constructor(
    private readonly submitJob: SubmitJob,
    private readonly submitBatch: SubmitBatch,
    private readonly listJobs: ListJobs,
    private readonly cancelJob: CancelJob,
    private readonly jobEvents: JobEvents,
    private readonly jobLogs: JobLogs,
    private readonly reads: JobReads,
  ) {}

  @Post()
  @HttpCode(200)
  @DescribeSubmit()
  submit(@Body({ schema: TrainBody }) body: TrainBody, @Headers('idempotency-key') key?: string): Promise<JobView> {
    return this.submitJob.execute(body, key);
  }

  @Post('batch')
  @HttpCode(200)
  @DescribeBatch()
  batch(@Body({ schema: BatchBody }) body: BatchBody, @Headers('idempotency-key') key?: string): Promise<BatchView> {
    return this.submitBatch.execute(body, key);
  }

  @Get()
  @DescribeList()
  async list(@Query({ schema: ListJobsQuery }) query: ListJobsQuery, @Res({ passthrough: true }) reply: FastifyReply): Promise<JobView[]> {
    const { jobs, link } = await this.listJobs.execute(query);
    if (link !== null) void reply.header('Link', link);
    return jobs;
  }

  @Get(':id')
  @DescribeGet()
  get(@Param('id') id: string): Promise<JobView> {
    return this.reads.job(id);
  }

  @Get(':id/progress')
  @DescribeProgress()
  progress(@Param('id') id: string, @Query({ schema: ProgressQuery }) query: ProgressQuery): Promise<ProgressView> {
    return this.reads.progress(id, query);
  }

  @Get(':id/final_result')
  @DescribeResult()
  finalResult(@Param('id') id: string): Promise<FinalResultView> {
    return this.reads.finalResult(id);
  }

  @Get(':id/events')
  @DescribeEvents()
  async events(@Param('id') id: string, @Headers('last-event-id') last: string | undefined): Promise<StreamableFile> {
    return new StreamableFile(await this.jobEvents.execute(id, last), { type: 'text/event-stream' });
  }

  @Get(':id/logs')
  @DescribeLogs()
  async logs(@Param('id') id: string, @Query({ schema: LogsQuery }) query: LogsQuery): Promise<StreamableFile> {
    return new StreamableFile(await this.jobLogs.execute(id, query), { type: 'application/x-ndjson' });
  }

  @Delete(':id')
  @DescribeCancel()
  cancel(@Param('id') id: string): Promise<{ message: string }> {
    return this.cancelJob.execute(id);
  }
}
