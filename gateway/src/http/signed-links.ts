import { createHmac, timingSafeEqual } from 'node:crypto';
import { toErrorData, TrainerError, type Clock } from '@trainer/model';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { httpStatus } from './http-status.js';

/** The link was changed, or its time is over. */
export class LinkRefusedError extends TrainerError<'auth.forbidden', Record<string, never>> {
  constructor(why: string) {
    super('auth.forbidden', `${why}; POST /models/{job_id}/download-url gives a new one.`, {});
  }
}

const SIGNATURE = /[?&]signature=([\w-]+)$/;

/** Links that open one file for a while, without a token. Every gateway of a cluster knows those of the others. */
export class SignedLinks {
  readonly #key: Buffer;

  /** @param secret the cluster's */
  constructor(
    secret: string,
    private readonly clock: Pick<Clock, 'wallMs'>,
  ) {
    this.#key = createHmac('sha256', secret).update('links of downloads').digest();
  }

  /** @param path with its query. @returns the path with its end and its signature */
  sign(path: string, expiresAtMs: number): string {
    const signed = `${path}${path.includes('?') ? '&' : '?'}expires=${Math.ceil(expiresAtMs / 1_000)}`;
    return `${signed}&signature=${this.#signatureOf(signed).toString('base64url')}`;
  }

  /** @returns whether the address is a link of ours; false: it does not say that it is one. @throws LinkRefusedError */
  check(url: string): boolean {
    const shown = SIGNATURE.exec(url);
    if (shown === null) return false;
    const signed = url.slice(0, shown.index);
    const wanted = this.#signatureOf(signed);
    const given = Buffer.from(shown[1] ?? '', 'base64url');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new LinkRefusedError('The link was changed');
    const expires = Number(/[?&]expires=(\d+)$/.exec(signed)?.[1]);
    if (expires * 1_000 <= this.clock.wallMs()) throw new LinkRefusedError('The link has expired');
    return true;
  }

  #signatureOf(signed: string): Buffer {
    return createHmac('sha256', this.#key).update(`GET ${signed}`).digest();
  }
}

/** Refuses links that are not in order. @returns whether a request came by a link that is */
export function addSignedLinks(fastify: FastifyInstance, links: SignedLinks): (request: FastifyRequest) => boolean {
  const signed = new WeakSet<FastifyRequest>();
  fastify.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return;
    try {
      if (links.check(request.url)) signed.add(request);
    } catch (error) {
      const data = toErrorData(error);
      await reply.status(httpStatus(data)).send({ detail: data.message });
    }
  });
  return (request) => signed.has(request);
}
