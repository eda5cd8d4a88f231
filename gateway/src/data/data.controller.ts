import { Controller, Delete, Get, Headers, HttpCode, Put, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { callerGone } from '../http/caller-gone.js';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { DatasetListSchema, DatasetSchema, DeletedSchema, ListDataQuery, ProfileQuery, TASKS } from './data.schema.js';
import { DeleteDataset } from './delete-dataset.js';
import { ListDatasets } from './list-datasets.js';
import { DatasetProfileSchema, type DatasetProfileView } from './profile.answers.js';
import { ProfileDataset } from './profile-dataset.js';
import { PutDataset, type DatasetView } from './put-dataset.js';

@ApiTags('data')
@Controller('data')
export class DataController {
  constructor(
    private readonly putDataset: PutDataset,
    private readonly listDatasets: ListDatasets,
    private readonly profileDataset: ProfileDataset,
    private readonly deleteDataset: DeleteDataset,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List datasets by key' })
  @ApiQuery({ name: 'prefix', required: false, description: 'Only keys that start with it' })
  @ApiQuery({ name: 'after', required: false, description: 'The last key of the page before' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } })
  @ApiResponse({ status: 200, schema: jsonSchema(DatasetListSchema) })
  list(@Query({ schema: ListDataQuery }) query: ListDataQuery): ReturnType<ListDatasets['execute']> {
    return this.listDatasets.execute(query);
  }

  @Get('*')
  @ApiOperation({
    summary: 'What a dataset holds, and what a training makes of each column',
    description:
      'Read by an actor of the cluster. With target_column the plan is that of a training with this target and the defaults of POST /train. The answer is kept until the dataset changes.',
  })
  @ApiParam({ name: 'path', description: 'data_id: its key; may hold slashes', example: 'samples/iris.csv' })
  @ApiQuery({ name: 'target_column', required: false, description: 'Plan for a training with this target' })
  @ApiQuery({
    name: 'task_type',
    required: false,
    enum: TASKS,
    description: 'Of the target; guessed unless said',
  })
  @ApiResponse({ status: 200, schema: jsonSchema(DatasetProfileSchema) })
  @errorResponsesOfProfile()
  profile(
    @Req() request: FastifyRequest,
    @Query({ schema: ProfileQuery }) query: ProfileQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DatasetProfileView> {
    const { '*': dataId } = request.params as { '*': string };
    return this.profileDataset.execute(dataId, query, callerGone(reply));
  }

  @Put('*')
  @HttpCode(201)
  @ApiOperation({ summary: 'Store a dataset', description: 'The body is the file, streamed; it is visible only when whole.' })
  @ApiParam({ name: 'path', description: 'data_id: its key; may hold slashes', example: 'samples/iris.csv' })
  @ApiBody({ required: true, schema: { type: 'string', format: 'binary' } })
  @ApiResponse({ status: 201, schema: jsonSchema(DatasetSchema) })
  @errorResponsesOfPut()
  put(@Req() request: FastifyRequest, @Headers('content-length') length?: string): Promise<DatasetView> {
    const { '*': dataId } = request.params as { '*': string };
    return this.putDataset.execute(dataId, request.body as IncomingMessage, length === undefined ? null : Number(length));
  }

  @Delete('*')
  @ApiOperation({
    summary: 'Delete a dataset',
    description:
      'Models that were trained on it stay. A job that has yet to read it, or must read it again after a fault, fails and names it.',
  })
  @ApiParam({ name: 'path', description: 'data_id: its key; may hold slashes', example: 'samples/iris.csv' })
  @ApiResponse({ status: 200, schema: jsonSchema(DeletedSchema) })
  @errorResponsesOfDelete()
  delete(@Req() request: FastifyRequest): ReturnType<DeleteDataset['execute']> {
    const { '*': dataId } = request.params as { '*': string };
    return this.deleteDataset.execute(dataId);
  }
}

function errorResponsesOfPut(): MethodDecorator {
  return documented({
    400: 'The body broke off; nothing was stored',
    408: 'The body stalled; nothing was stored',
    413: 'Larger than TRAINER_UPLOAD_LIMIT',
    422: 'The key would leave its bucket, or the file is no table',
    503: 'The object store is away, or too many uploads run',
    507: 'The disk of the object store is full; nothing was stored',
  });
}

function errorResponsesOfProfile(): MethodDecorator {
  return documented({
    404: 'No such dataset',
    409: 'It was overwritten while it was read',
    422: 'The key would leave its bucket, the table can not be read or is too large, or the column can not be this target',
    503: 'No room in the cluster, with what is missing; too many are looked at; the object store or the head is away',
    504: 'It was not read within TRAINER_PROFILE_WITHIN_S',
  });
}

function errorResponsesOfDelete(): MethodDecorator {
  return documented({
    404: 'No such dataset',
    422: 'The key would leave its bucket',
    503: 'The object store is away',
  });
}

function documented(errors: Parameters<typeof errorResponses>[0]): MethodDecorator {
  const all = errorResponses(errors);
  return (target, key, descriptor) => all.forEach((decorate) => decorate(target, key, descriptor));
}
