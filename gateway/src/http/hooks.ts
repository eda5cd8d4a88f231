import { toErrorData } from '@trainer/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HostRefusedError, OriginRefusedError } from './errors.js';
import { httpStatus } from './http-status.js';
import { hostNameOf, isAllowedOrigin, isLoopbackName } from './origins.js';

export interface DoorRules {
  /** Bound to loopback: answer to loopback host names alone. */
  readonly loopbackOnly: boolean;
  readonly corsOrigins: readonly string[];
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What every request passes before its route: its id, the host name, the origin, and the raw body of an upload. */
export function addDoorHooks(fastify: FastifyInstance, rules: DoorRules): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('X-Request-Id', request.id);
    const refusal = refusalOf(request, rules);
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

/** The router's own refusals, such as an address with a broken escape: they pass no hook and no filter. */
export function answerRouterProblem(error: Error & { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .header('X-Request-Id', request.id)
    .status(error.statusCode ?? 400)
    .send({ detail: `The address can't be read: ${error.message}` });
}

function refusalOf(request: FastifyRequest, rules: DoorRules): Error | null {
  const host = hostNameOf(request.headers.host ?? '');
  if (rules.loopbackOnly && !isLoopbackName(host)) return new HostRefusedError(host);
  const origin = request.headers.origin;
  if (origin !== undefined && !SAFE.has(request.method) && !isAllowedOrigin(origin, rules.corsOrigins))
    return new OriginRefusedError(origin);
  return null;
}
