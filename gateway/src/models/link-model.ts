import { Inject, Injectable } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import { jobId, NotFoundError, type Clock } from '@trainer/model';
import type { FastifyRequest } from 'fastify';
import type { GatewaySettings } from '../config.js';
import { SignedLinks } from '../http/signed-links.js';
import { timeOf } from '../http/times.js';
import { CLOCK, HEAD, SETTINGS } from '../tokens.js';
import type { DownloadLink } from './models.answers.js';
import { fileOf } from './models.mapper.js';
import type { DownloadLinkRequest } from './models.schema.js';

/** POST /models/{id}/download-url: a link that opens one of the model's files for a while, without a token. */
@Injectable()
export class LinkModel {
  readonly #links: SignedLinks;

  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#links = new SignedLinks(settings.clusterSecret, clock);
  }

  async execute(id: string, { format, expires_in: expiresIn }: DownloadLinkRequest, request: FastifyRequest): Promise<DownloadLink> {
    const model = await this.head.jobs.model(jobId(id));
    if (fileOf(model, format) === null) throw new NotFoundError(`The ${format} file of model`, id);
    const expiresAt = this.clock.wallMs() + expiresIn * 1_000;
    const [publicUrl] = this.settings.publicUrls;
    // The host name was checked at the door.
    const base = publicUrl?.replace(/\/$/, '') ?? `${request.protocol}://${request.headers.host ?? ''}`;
    return {
      url: `${base}${this.#links.sign(`/models/${id}/download?format=${format}`, expiresAt)}`,
      format,
      expires_at: timeOf(expiresAt),
    };
  }
}
