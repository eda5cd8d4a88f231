import { Transform, type Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { dataIdProblem, InvalidRequestError } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from '../config.js';
import { UploadIncompleteError, UploadTooLargeError } from '../http/errors.js';
import { SETTINGS, STORE } from '../tokens.js';

/** A dataset as PUT /data answers it. */
export interface DatasetView {
  readonly data_id: string;
  readonly size: number;
  readonly etag: string;
}

/** PUT /data/{id}: streams the body into the data bucket; it is visible only when whole. */
@Injectable()
export class PutDataset {
  constructor(
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  /** @param declaredBytes the Content-Length, if the client sent one. */
  async execute(dataId: string, body: Readable, declaredBytes: number | null): Promise<DatasetView> {
    const problem = dataIdProblem(dataId);
    if (problem !== null) throw new InvalidRequestError([{ path: ['data_id'], message: problem, type: 'value' }]);
    const limit = this.settings.uploadLimitBytes;
    if (declaredBytes !== null && declaredBytes > limit) throw new UploadTooLargeError(limit);
    const counted = body.pipe(bounded(limit));
    body.once('aborted', () => counted.destroy(new UploadIncompleteError(counted.readableLength)));
    body.once('error', () => counted.destroy(new UploadIncompleteError(counted.readableLength)));
    const { etag, bytes } = await this.store.put(this.settings.buckets.data, dataId, counted);
    return { data_id: dataId, size: bytes, etag };
  }
}

function bounded(limitBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limitBytes) done(new UploadTooLargeError(limitBytes));
      else done(null, chunk);
    },
  });
}
