import { Module } from '@nestjs/common';
import { DeleteModel } from './delete-model.js';
import { DownloadModel } from './download-model.js';
import { LinkModel } from './link-model.js';
import { ModelReads } from './model-reads.js';
import { ModelsController } from './models.controller.js';

@Module({ controllers: [ModelsController], providers: [DeleteModel, DownloadModel, LinkModel, ModelReads] })
export class ModelsModule {}
