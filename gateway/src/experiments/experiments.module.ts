import { Module } from '@nestjs/common';
import { ExperimentReads } from './experiment-reads.js';
import { ExperimentsController } from './experiments.controller.js';

@Module({ controllers: [ExperimentsController], providers: [ExperimentReads] })
export class ExperimentsModule {}
