import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { errorResponses, jsonSchema } from '../http/documented.js';
import { ExperimentReads } from './experiment-reads.js';
import { ExperimentsSchema, LeaderboardSchema, type ExperimentsView, type LeaderboardView } from './experiments.answers.js';
import { LeaderboardQuery, ListExperimentsQuery } from './experiments.schema.js';

const [NotThere, NoSuchMetric] = errorResponses({
  404: 'No job has this experiment_name',
  422: 'A metric that no completed job of it has; the detail names those there are',
}) as [MethodDecorator, MethodDecorator];

@ApiTags('experiments')
@Controller('experiments')
export class ExperimentsController {
  constructor(private readonly reads: ExperimentReads) {}

  @Get()
  @ApiOperation({ summary: 'The names under which jobs were submitted, newest first' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 } })
  @ApiResponse({ status: 200, schema: jsonSchema(ExperimentsSchema) })
  list(@Query({ schema: ListExperimentsQuery }) query: ListExperimentsQuery): Promise<ExperimentsView> {
    return this.reads.list(query);
  }

  @Get(':name/leaderboard')
  @ApiOperation({ summary: 'The completed jobs of an experiment, the best first' })
  @ApiParam({ name: 'name', description: 'experiment_name', example: 'trainer' })
  @ApiQuery({ name: 'metric', required: false, description: 'A name of best_metrics; val_accuracy, val_r2 or silhouette unless said' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100, default: 10 } })
  @ApiResponse({ status: 200, schema: jsonSchema(LeaderboardSchema) })
  @NotThere
  @NoSuchMetric
  leaderboard(@Param('name') name: string, @Query({ schema: LeaderboardQuery }) query: LeaderboardQuery): Promise<LeaderboardView> {
    return this.reads.leaderboard(name, query);
  }
}
