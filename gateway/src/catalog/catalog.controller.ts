import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { CATALOG, catalogEntry, NotFoundError } from '@trainer/model';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { CatalogModelSchema, CatalogSchema, type CatalogModelView, type CatalogView } from './catalog.answers.js';
import { toCatalogModel } from './catalog.mapper.js';

const [NotThere] = errorResponses({ 404: 'No such model' }) as [MethodDecorator];

@ApiTags('catalog')
@Controller('catalog')
export class CatalogController {
  @Get()
  @ApiOperation({ summary: 'The models that can be trained' })
  @ApiResponse({ status: 200, schema: jsonSchema(CatalogSchema) })
  list(): CatalogView {
    return { models: CATALOG.map(toCatalogModel) };
  }

  @Get(':model_id')
  @ApiOperation({ summary: 'One model of the catalog' })
  @ApiParam({ name: 'model_id', example: CATALOG[0]?.modelId ?? '' })
  @ApiResponse({ status: 200, schema: jsonSchema(CatalogModelSchema) })
  @NotThere
  get(@Param('model_id') modelId: string): CatalogModelView {
    const entry = catalogEntry(modelId);
    if (entry === null) throw new NotFoundError('Model', modelId.slice(0, 100));
    return toCatalogModel(entry);
  }
}
