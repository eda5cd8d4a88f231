import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId } from '@trainer/model';
import type { GatewaySettings } from '../config.js';
import type { ListModelsQuery } from './models.schema.js';
import { HEAD, SETTINGS } from '../tokens.js';
import type { ModelPage, ModelView } from './models.answers.js';
import { modelItem, modelView } from './models.mapper.js';

/** The reads of models. */
@Injectable()
export class ModelReads {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  async list(query: ListModelsQuery): Promise<ModelPage> {
    const { models, total } = await this.head.jobs.models({ page: query.page, pageSize: query.page_size });
    return {
      models: models.map((model) => modelItem(model, this.settings.buckets.models)),
      total,
      page: query.page,
      page_size: query.page_size,
    };
  }

  async get(id: string): Promise<ModelView> {
    return modelView(await this.head.jobs.model(jobId(id)), this.settings.buckets.models);
  }
}
