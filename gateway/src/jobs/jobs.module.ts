import { Module } from '@nestjs/common';
import { CancelJob } from './cancel-job.js';
import { JobFeed } from './job-feed.js';
import { JobEvents } from './job-events.js';
import { JobLogs } from './job-logs.js';
import { JobReads } from './job-reads.js';
import { JobsController } from './jobs.controller.js';
import { ListJobs } from './list-jobs.js';
import { SubmitBatch } from './submit-batch.js';
import { SubmitJob } from './submit-job.js';

@Module({ controllers: [JobsController], providers: [SubmitJob, SubmitBatch, ListJobs, CancelJob, JobEvents, JobLogs, JobFeed, JobReads] })
export class JobsModule {}
