import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { HeadConnection } from '@trainer/client/internal';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { HEAD } from '../tokens.js';
import { ClusterSchema, NodesSchema, type ClusterView, type NodeAnswer } from './cluster.answers.js';
import { clusterView, nodeAnswer } from './cluster.mapper.js';

const [HeadAway] = errorResponses({ 503: 'The head is away' }) as [MethodDecorator];

@ApiTags('cluster')
@Controller('cluster')
export class ClusterController {
  constructor(@Inject(HEAD) private readonly head: HeadConnection) {}

  @Get()
  @ApiOperation({ summary: 'What the cluster holds and does' })
  @ApiResponse({ status: 200, schema: jsonSchema(ClusterSchema) })
  @HeadAway
  async cluster(): Promise<ClusterView> {
    return clusterView(await this.head.status());
  }

  @Get('nodes')
  @ApiOperation({ summary: 'Its machines, those that are lost too', description: 'A lost one is forgotten after a while.' })
  @ApiResponse({ status: 200, schema: jsonSchema(NodesSchema) })
  @HeadAway
  async nodes(): Promise<readonly NodeAnswer[]> {
    return (await this.head.nodes.list()).map(nodeAnswer);
  }
}
