import { toErrorData } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HostRefusedError, OriginRefusedError } from './errors.js';
import { httpStatus } from './http-status.js';
import { hostNameOf, isAllowedOrigin, isOwnHost, type OwnNames } from './origins.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What every request passes before its route: its id, the host name, the origin, and the raw body of an upload. */
export function addDoorHooks(fastify: FastifyInstance, names: OwnNames): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    // No answer is a page to be framed, or anything but what its type says.
    void reply.headers({ 'X-Request-Id': request.id, 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY' });
    const refusal = refusalOf(request, names);
    if (refusal) {
      const error = toErrorData(refusal);
      void reply.status(httpStatus(error)).send({ detail: error.message });
      return;
    }
    // An upload is bytes, whatever it is called: no parser may buffer it.
    if (request.method === 'PUT') request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  fastify.addContentTypeParser('application/octet-stream', (_request: FastifyRequest, body, done) => done(null, body));
}

/** A line an answer, at the level info. */
export function addAccessLog(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { id: requestId, method, url, ip } = request;
    log.info('answered', { requestId, method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime), ip });
    done();
  });
}

/** The router's own refusals, such as an address with a broken escape: they pass no hook and no filter. */
export function answerRouterProblem(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .header('X-Request-Id', request.id)
    .status(error.statusCode ?? 400)
    .send({ detail: `The address can't be read: ${error.message}` });
}

function refusalOf(request: FastifyRequest, names: OwnNames): Error | null {
  const host = hostNameOf(request.headers.host ?? '');
  if (!isOwnHost(host, names)) return new HostRefusedError(host);
  const origin = request.headers.origin;
  if (origin !== undefined && !SAFE.has(request.method) && !isAllowedOrigin(origin, names)) return new OriginRefusedError(origin);
  return null;
}
