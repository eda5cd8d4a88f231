import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Logger } from '@trainer/runtime';
import type { FastifyInstance } from 'fastify';
import { GatewayModule, type GatewayParts } from './gateway.module.js';
import { ErrorFilter, JSON_LIMIT_BYTES } from './http/error.filter.js';
import { UnprotectedAddressError } from './http/errors.js';
import { addBodyLimits } from './http/body-limits.js';
import { keepRoom } from './http/connection-room.js';
import { readJsonBody } from './http/json-body.js';
import { addAccessLog, addDoorHooks, answerRouterProblem } from './http/hooks.js';
import { isAllowedOrigin, isLoopbackAddress, ownNames } from './http/origins.js';
import { answerExpectation, answerParserProblem } from './http/parser-problem.js';
import { addSignedLinks, SignedLinks } from './http/signed-links.js';
import { addTokenGuard } from './http/token-guard.js';
import { validationPipe } from './http/validation.js';

/** The pages of /docs: found from this package's own folder, as the code may be packed into another's file. */
const SWAGGER_UI = dirname(createRequire(import.meta.resolve('@trainer/gateway')).resolve('swagger-ui-dist/package.json'));

/** How often Node looks for connections whose headers are overdue, ms. */
const HEADERS_LOOK_MS = 5_000;

export interface Gateway {
  /** Where it listens, such as `http://127.0.0.1:8002`. */
  readonly url: string;
  /** Ends open streams and stops listening; idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the REST door.
 * @throws UnprotectedAddressError when others than this machine could reach it unasked; the listen error of a taken port.
 */
export async function startGateway(parts: GatewayParts, log: Logger): Promise<Gateway> {
  const { settings } = parts;
  if (!isLoopbackAddress(settings.host) && settings.auth === 'loopback') throw new UnprotectedAddressError(settings.host);
  const adapter = new FastifyAdapter({
    bodyLimit: JSON_LIMIT_BYTES,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2048 },
    frameworkErrors: answerRouterProblem,
    clientErrorHandler: answerParserProblem,
    // Bodies have limits of their own (addBodyLimits): an upload may take hours. A missing Host is refused by the door, with its words.
    http: {
      requireHostHeader: false,
      headersTimeout: settings.requestWithinMs,
      connectionsCheckingInterval: Math.min(HEADERS_LOOK_MS, settings.requestWithinMs),
    },
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers['x-request-id']),
  });
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.with(parts), adapter, { logger: false });
  app.useBodyParser('application/json', { bodyLimit: JSON_LIMIT_BYTES }, (_request, body, done) => {
    try {
      done(null, readJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  const names = ownNames(settings);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  keepRoom(fastify.server, settings.mostConnections);
  fastify.server.on('checkExpectation', answerExpectation);
  addAccessLog(fastify, log);
  addDoorHooks(fastify, names);
  const isLinked = addSignedLinks(fastify, new SignedLinks(settings.clusterSecret, parts.clock));
  if (settings.auth === 'token')
    addTokenGuard(fastify, { head: parts.head, clock: parts.clock, clusterSecret: settings.clusterSecret, isOpen: isLinked });
  addBodyLimits(fastify, { clock: parts.clock, idleMs: settings.bodyIdleMs, wholeMs: settings.requestWithinMs });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ErrorFilter(log));
  app.enableCors({
    origin: (origin: string | undefined, done: (error: Error | null, allowed: boolean) => void) =>
      done(null, origin !== undefined && isAllowedOrigin(origin, names)),
    exposedHeaders: ['X-Request-Id', 'Link', 'Content-Disposition', 'ETag'],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  });
  addDocs(app, settings.version);
  await app.listen(settings.port, settings.host);
  return { url: await app.getUrl(), close: () => app.close() };
}

/** The caller's id where it is a plain one, so that logs of several services meet; else a new one. */
function requestIdOf(sent: string | string[] | undefined): string {
  return typeof sent === 'string' && /^[\w.-]{1,64}$/.test(sent) ? sent : randomBytes(8).toString('hex');
}

/** /docs and /openapi.json; the document is built when it is first asked for. */
function addDocs(app: NestFastifyApplication, version: string): void {
  const about = new DocumentBuilder()
    .setTitle('Trainer')
    .setDescription('Trains models on a cluster of actors. Every error is {"detail": ...}; every answer carries X-Request-Id.')
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', description: 'Asked for where the service was started with AUTH=token.' })
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about), {
    jsonDocumentUrl: 'openapi.json',
    customSwaggerUiPath: SWAGGER_UI,
  });
}
