import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { GatewaySettings } from '../config.js';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { SETTINGS } from '../tokens.js';
import { CheckHealth } from './check-health.js';
import { HealthSchema, RootSchema, type HealthView, type RootView } from './health.answers.js';

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    private readonly checkHealth: CheckHealth,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What this is', description: 'A browser is sent to /docs.' })
  @ApiResponse({ status: 200, schema: jsonSchema(RootSchema) })
  @ApiResponse({ status: 302, description: 'A browser is sent to /docs' })
  root(@Headers('accept') accept: string | undefined, @Res() reply: FastifyReply): void {
    const { serviceName: service, version } = this.settings;
    const answer: RootView = { service, version, status: 'running', docs: '/docs', dashboard: '/ui' };
    if (accept?.includes('text/html')) void reply.redirect('/docs', 302);
    else void reply.send(answer);
  }

  @Get('health')
  @ApiOperation({ summary: 'The service and what it depends on' })
  @ApiResponse({ status: 200, schema: jsonSchema(HealthSchema) })
  health(): Promise<HealthView> {
    return this.checkHealth.execute();
  }

  @Get('health/live')
  @ApiOperation({ summary: 'Does this process answer?' })
  @ApiResponse({ status: 200, description: 'It does' })
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Can jobs be accepted and run?' })
  @ApiResponse({ status: 200, description: 'They can' })
  @(errorResponses({ 503: 'What is missing' })[0] as MethodDecorator)
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { missing } = await this.checkHealth.execute();
    if (missing.length === 0) void reply.send({ status: 'ready' });
    else void reply.status(503).send({ detail: `Not ready: ${missing.join(', ')} missing` });
  }
}
