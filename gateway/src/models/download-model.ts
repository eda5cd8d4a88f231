import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, NotFoundError } from '@trainer/model';
import type { ObjectStore } from '@trainer/storage';
import type { FastifyReply } from 'fastify';
import type { GatewaySettings } from '../config.js';
import { byteRangeOf } from '../http/byte-range.js';
import { HEAD, SETTINGS, STORE } from '../tokens.js';
import { fileOf, type Format } from './models.mapper.js';

/** What of a request decides which bytes go out. */
export interface DownloadRequest {
  readonly format: Format;
  readonly range: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** GET /models/{id}/download: streams one of the model's files from the object store. */
@Injectable()
export class DownloadModel {
  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  async execute(id: string, request: DownloadRequest, reply: FastifyReply): Promise<void> {
    const model = await this.head.jobs.model(jobId(id));
    const file = fileOf(model, request.format);
    if (file === null) throw new NotFoundError(`The ${request.format} file of model`, id);
    const range = byteRangeOf(request.range, file.bytes);
    const etag = `"${file.sha256}"`;
    const isKnown = request.ifNoneMatch === etag;
    // Before anything of the answer is said: an answer that the file is not there is no attachment.
    const stored = isKnown ? null : await this.store.get(this.settings.buckets.models, file.key, range === null ? {} : { range });
    void reply
      .header('ETag', etag)
      .header('Accept-Ranges', 'bytes')
      .header('Content-Type', 'application/octet-stream')
      .header('Content-Disposition', `attachment; filename="${id}_model${file.ending}"`);
    if (stored === null) return void reply.status(304).send();
    if (range !== null) void reply.status(206).header('Content-Range', `bytes ${range.first}-${range.last}/${file.bytes}`);
    void reply.header('Content-Length', range === null ? file.bytes : range.last - range.first + 1);
    void reply.send(stored.stream);
  }
}
