import { applyDecorators, Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { DeleteModel } from './delete-model.js';
import { DownloadModel } from './download-model.js';
import { LinkModel } from './link-model.js';
import { ModelReads } from './model-reads.js';
import {
  DeletedModelSchema,
  DownloadLinkSchema,
  ModelPageSchema,
  ModelSchema,
  type DeletedModel,
  type DownloadLink,
  type ModelPage,
  type ModelView,
} from './models.answers.js';
import { FORMATS } from './models.mapper.js';
import { DownloadLinkBody, DownloadQuery, ListModelsQuery, type DownloadLinkRequest } from './models.schema.js';

const notThere = { 400: 'The job has not completed successfully', 404: 'No such job, or its model was deleted' } as const;
const DescribeModel = (summary: string, errors: Parameters<typeof errorResponses>[0] = notThere) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiParam({ name: 'id', description: 'job_id', example: 'train_a1b2c3d4e5f6' }),
    ...errorResponses(errors),
  );

@ApiTags('models')
@Controller('models')
export class ModelsController {
  constructor(
    private readonly reads: ModelReads,
    private readonly downloadModel: DownloadModel,
    private readonly deleteModel: DeleteModel,
    private readonly linkModel: LinkModel,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List trained models, newest first' })
  @ApiQuery({ name: 'page', required: false, description: 'From 1', schema: { type: 'integer', minimum: 1, default: 1 } })
  @ApiQuery({
    name: 'page_size',
    required: false,
    description: '1 to 50',
    schema: { type: 'integer', minimum: 1, maximum: 50, default: 10 },
  })
  @ApiResponse({ status: 200, schema: jsonSchema(ModelPageSchema) })
  list(@Query({ schema: ListModelsQuery }) query: ListModelsQuery): Promise<ModelPage> {
    return this.reads.list(query);
  }

  @Get(':id')
  @DescribeModel('One model')
  @ApiResponse({ status: 200, schema: jsonSchema(ModelSchema) })
  get(@Param('id') id: string): Promise<ModelView> {
    return this.reads.get(id);
  }

  @Get(':id/download')
  @DescribeModel("A model's file as an attachment")
  @ApiQuery({ name: 'format', required: false, enum: FORMATS, description: 'pkl unless said' })
  @ApiResponse({
    status: 200,
    description: 'The file',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiResponse({ status: 206, description: 'The part that Range asked for' })
  @ApiResponse({ status: 304, description: 'If-None-Match names this file' })
  download(
    @Param('id') id: string,
    @Query({ schema: DownloadQuery }) query: DownloadQuery,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.downloadModel.execute(id, { format: query.format, range: headers['range'], ifNoneMatch: headers['if-none-match'] }, reply);
  }

  @Post(':id/download-url')
  @HttpCode(200)
  @DescribeModel("A link that opens one of the model's files for a while, without a token")
  @ApiBody({ required: false, schema: jsonSchema(DownloadLinkBody) })
  @ApiResponse({ status: 200, schema: jsonSchema(DownloadLinkSchema) })
  link(
    @Param('id') id: string,
    @Body({ schema: DownloadLinkBody }) body: DownloadLinkRequest,
    @Req() request: FastifyRequest,
  ): Promise<DownloadLink> {
    return this.linkModel.execute(id, body, request);
  }

  @Delete(':id')
  @DescribeModel('Delete a model: its files and its entry; the job stays as history', {
    400: 'The job has no model, or it was deleted before',
    404: 'No such job',
  })
  @ApiResponse({ status: 200, schema: jsonSchema(DeletedModelSchema) })
  delete(@Param('id') id: string): Promise<DeletedModel> {
    return this.deleteModel.execute(id);
  }
}
