import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { dataIdProblem, InvalidRequestError } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from '../config.js';
import { UploadsBusyError, UploadTooLargeError } from '../http/errors.js';
import { SETTINGS, STORE } from '../tokens.js';
import { checkedTable } from './checked-table.js';
import { receivedBody } from './received-body.js';

/** A dataset as PUT /data answers it. */
export interface DatasetView {
  readonly data_id: string;
  readonly size: number;
  readonly etag: string;
}

/** PUT /data/{id}: streams the body into the data bucket; it is visible only when whole. A file that is no table is refused at its first bytes. */
@Injectable()
export class PutDataset {
  #running = 0;

  constructor(
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  /** @param declaredBytes the Content-Length, if the client sent one. */
  async execute(dataId: string, body: IncomingMessage, declaredBytes: number | null): Promise<DatasetView> {
    const problem = dataIdProblem(dataId);
    if (problem !== null) throw new InvalidRequestError([{ path: ['data_id'], message: problem, type: 'value' }]);
    const limit = this.settings.uploadLimitBytes;
    if (declaredBytes !== null && declaredBytes > limit) throw new UploadTooLargeError(limit);
    if (this.#running >= this.settings.mostUploads) throw new UploadsBusyError(this.settings.mostUploads);
    this.#running += 1;
    try {
      const { etag, bytes } = await this.store.put(this.settings.buckets.data, dataId, checkedTable(receivedBody(body, limit)));
      return { data_id: dataId, size: bytes, etag };
    } finally {
      this.#running -= 1;
    }
  }
}
