import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { InvalidRequestError, toErrorData, type ErrorData, type Issue } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { httpStatus } from './http-status.js';

/** A JSON body holds one request of a few kilobytes; a table goes to PUT /data. */
export const JSON_LIMIT_BYTES = 2 ** 20;

/** The one place where errors become answers: `{"detail": ...}` as FastAPI gives, never a stack. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const { id: requestId, method } = http.getRequest<FastifyRequest>();
    const { status, detail } = answerOf(thrown, FIELDS_OF[method] ?? 'body');
    if (status >= 500) this.log.error('a request failed', { requestId, status, error: toErrorData(thrown) });
    // Some of the router's own routes pass no hook, such as that of `GET *`.
    void reply.header('X-Request-Id', requestId);
    if (status === 429 || status === 503) void reply.header('Retry-After', '1');
    void reply.status(status).send({ detail });
  }
}

/** Fields that stand in the path whatever the method. */
const PATH_FIELDS: ReadonlySet<unknown> = new Set(['data_id']);

/** Where all other fields of a request stand, by its method; FastAPI's words. */
const FIELDS_OF: Readonly<Record<string, string>> = { GET: 'query', HEAD: 'query', POST: 'body', PUT: 'path', DELETE: 'path' };

/** @returns the status and the `detail` of anything that was thrown; `where` is the part of the request that has its fields. */
function answerOf(thrown: unknown, where: string): { status: number; detail: unknown } {
  if (thrown instanceof HttpException) return frameworkProblem(thrown);
  const fastify = fastifyProblem(thrown);
  if (fastify) return fastify;
  const error = toErrorData(thrown);
  const status = httpStatus(error);
  if (status === 422) return { status, detail: detailsOf(thrown, error, where) };
  return { status, detail: status === 500 ? 'The service failed; its log has the reason under this X-Request-Id.' : error.message };
}

function detailsOf(thrown: unknown, { message, facts }: ErrorData, where: string): unknown {
  const issues = facts['issues'];
  if (!(thrown instanceof InvalidRequestError) && !Array.isArray(issues)) return [{ loc: [where], msg: message, type: 'value' }];
  return (issues as readonly Issue[]).map((issue) => ({
    loc: [PATH_FIELDS.has(issue.path[0]) && where !== 'body' ? 'path' : where, ...issue.path],
    msg: issue.message,
    type: issue.type,
  }));
}

/** No code of ours throws one: it is the router's, for a route that is not there, or the parser's, for a body that is no JSON. */
function frameworkProblem(thrown: HttpException): { status: number; detail: unknown } {
  if (thrown.getStatus() === 400)
    return { status: 422, detail: [{ loc: ['body'], msg: `The body is not JSON: ${thrown.message}`, type: 'json_invalid' }] };
  if (thrown.getStatus() === 413) {
    return {
      status: 413,
      detail: `The JSON body is larger than ${JSON_LIMIT_BYTES} bytes; store tables with PUT /data and name them by data_id.`,
    };
  }
  return { status: thrown.getStatus(), detail: `${thrown.message.replace(/^Cannot/, 'No route')}; see /docs` };
}

/** Fastify's own refusals, such as a body over the limit. */
function fastifyProblem(thrown: unknown): { status: number; detail: unknown } | null {
  if (!(thrown instanceof Error)) return null;
  const { statusCode, code } = thrown as Error & { statusCode?: unknown; code?: unknown };
  if (typeof statusCode !== 'number' || typeof code !== 'string' || statusCode < 400 || statusCode >= 500) return null;
  return { status: statusCode, detail: thrown.message };
}
