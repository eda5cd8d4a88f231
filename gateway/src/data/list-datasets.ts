import { Inject, Injectable } from '@nestjs/common';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from '../config.js';
import { timeOf } from '../http/times.js';
import { SETTINGS, STORE } from '../tokens.js';
import type { ListDataQuery } from './data.schema.js';

/** GET /data: the datasets of the bucket, by key. */
@Injectable()
export class ListDatasets {
  constructor(
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  async execute(query: ListDataQuery) {
    const objects = await this.store.list(this.settings.buckets.data, {
      prefix: query.prefix ?? '',
      after: query.after ?? '',
      limit: query.limit,
    });
    return {
      datasets: objects.map((object) => ({
        data_id: object.key,
        size: object.bytes,
        etag: object.etag,
        modified_at: timeOf(object.modifiedAt),
      })),
    };
  }
}
