import { Module } from '@nestjs/common';
import { CheckHealth } from './check-health.js';
import { HealthController } from './health.controller.js';

@Module({ controllers: [HealthController], providers: [CheckHealth] })
export class HealthModule {}
