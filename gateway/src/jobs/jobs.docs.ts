import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { BatchBody, ListJobsQuery, LogsQuery, TrainBody } from './jobs.schema.js';
import { BatchSchema, FinalResultSchema, JobSchema, LogLineSchema, ProgressSchema } from './jobs.answers.js';

const id = ApiParam({ name: 'id', description: 'job_id', example: 'train_a1b2c3d4e5f6' });

const submitErrors = {
  404: 'No such dataset',
  408: 'The body stalled',
  413: 'The body is larger than 1 MiB',
  409: 'The idempotency key was used with another body',
  422: 'A field is wrong; the detail names it',
  429: 'The queue is full',
  503: 'The head, database or object store is away',
} as const;

export const DescribeSubmit = () =>
  applyDecorators(
    ApiOperation({ summary: 'Train a model', description: 'Queues a training job and answers with it at once.' }),
    ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key with the same body gives the same job' }),
    ApiBody({
      schema: jsonSchema(TrainBody),
      examples: {
        iris: {
          value: { model_id: 'xgboost_classifier', data_id: 'samples/iris.csv', task_type: 'classification', target_column: 'species' },
        },
      },
    }),
    ApiResponse({ status: 200, description: 'The job, pending', schema: jsonSchema(JobSchema) }),
    ...errorResponses(submitErrors),
  );

export const DescribeBatch = () =>
  applyDecorators(
    ApiOperation({ summary: 'Train several models', description: 'Queues all of the jobs or none, and answers with them at once.' }),
    ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key with the same body gives the same jobs' }),
    ApiBody({ schema: jsonSchema(BatchBody) }),
    ApiResponse({ status: 200, description: 'The jobs in the order of the requests, pending', schema: jsonSchema(BatchSchema) }),
    ...errorResponses({ ...submitErrors, 422: 'A field is wrong; the detail names it by its place, such as jobs, 3, epochs' }),
  );

export const DescribeList = () =>
  applyDecorators(
    ApiOperation({ summary: 'List jobs, newest first', description: 'The next page is in the Link header.' }),
    ...queries(ListJobsQuery),
    ApiResponse({ status: 200, schema: jsonSchema(z.array(JobSchema)) }),
    ...errorResponses({ 422: 'An unknown status, or a limit outside 1..100' }),
  );

export const DescribeGet = () =>
  applyDecorators(
    ApiOperation({ summary: 'One job' }),
    id,
    ApiResponse({ status: 200, schema: jsonSchema(JobSchema) }),
    ...errorResponses({ 404: 'No such job' }),
  );

export const DescribeProgress = () =>
  applyDecorators(
    ApiOperation({ summary: "A job's metrics by epoch, its checkpoints and its time" }),
    id,
    ApiQuery({ name: 'epochs', required: false, enum: ['all'], description: 'Every epoch instead of the last ten' }),
    ApiResponse({ status: 200, schema: jsonSchema(ProgressSchema) }),
    ...errorResponses({ 404: 'No such job' }),
  );

export const DescribeResult = () =>
  applyDecorators(
    ApiOperation({ summary: 'What a completed job made', description: 'For callers that wait for the end of a pipeline step.' }),
    id,
    ApiResponse({ status: 200, schema: jsonSchema(FinalResultSchema) }),
    ...errorResponses({ 404: 'No such job, or it has not completed' }),
  );

export const DescribeEvents = () =>
  applyDecorators(
    ApiOperation({
      summary: "A job's events as server-sent events",
      description: 'Types status, metrics, pending; closes after the final status.',
    }),
    id,
    ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Number of the last event that was read' }),
    ApiResponse({ status: 200, description: 'text/event-stream', content: { 'text/event-stream': { schema: { type: 'string' } } } }),
    ...errorResponses({ 404: 'No such job' }),
  );

export const DescribeLogs = () =>
  applyDecorators(
    ApiOperation({ summary: 'What the processes of a job wrote', description: 'A JSON object a line, of every rank of every attempt.' }),
    id,
    ...queries(LogsQuery),
    ApiResponse({ status: 200, description: 'The lines', content: { 'application/x-ndjson': { schema: jsonSchema(LogLineSchema) } } }),
    ...errorResponses({ 404: 'No such job', 422: 'A query that is no number, or neither true nor false' }),
  );

export const DescribeCancel = () =>
  applyDecorators(
    ApiOperation({ summary: 'Cancel a job', description: 'Waits up to 5 s; the status is cancelled once no process of the job is left.' }),
    id,
    ApiResponse({ status: 200, schema: jsonSchema(z.object({ message: z.string() })) }),
    ...errorResponses({ 400: 'The job has ended, or its model is being promoted', 404: 'No such job' }),
  );

function queries(schema: z.ZodObject): MethodDecorator[] {
  return Object.entries(schema.shape).map(([name, field]) =>
    ApiQuery({ name, required: false, schema: jsonSchema(field as z.ZodType), description: (field as z.ZodType).description ?? name }),
  );
}
