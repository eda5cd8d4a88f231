import { Inject, Injectable } from '@nestjs/common';
import { dataIdProblem, InvalidRequestError, NotFoundError } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from '../config.js';
import { SETTINGS, STORE } from '../tokens.js';

/** DELETE /data/{id}. Reads that run go on, so a job that has begun to fetch it is not disturbed. */
@Injectable()
export class DeleteDataset {
  constructor(
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  /** @throws NotFoundError, InvalidRequestError */
  async execute(dataId: string): Promise<{ readonly message: string }> {
    const problem = dataIdProblem(dataId);
    if (problem !== null) throw new InvalidRequestError([{ path: ['data_id'], message: problem, type: 'value' }]);
    const bucket = this.settings.buckets.data;
    if ((await this.store.stat(bucket, dataId)) === null) throw new NotFoundError('Dataset', dataId);
    await this.store.remove(bucket, [dataId]);
    return { message: `Dataset ${dataId} deleted successfully` };
  }
}
