import { Module } from '@nestjs/common';
import { DownloadModel } from './download-model.js';
import { ModelReads } from './model-reads.js';
import { ModelsController } from './models.controller.js';

@Module({ controllers: [ModelsController], providers: [DownloadModel, ModelReads] })
export class ModelsModule {}
