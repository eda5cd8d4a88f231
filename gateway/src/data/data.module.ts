import { Module } from '@nestjs/common';
import { DataController } from './data.controller.js';
import { DeleteDataset } from './delete-dataset.js';
import { ListDatasets } from './list-datasets.js';
import { PutDataset } from './put-dataset.js';

@Module({ controllers: [DataController], providers: [PutDataset, ListDatasets, DeleteDataset] })
export class DataModule {}
