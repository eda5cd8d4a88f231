import { Module } from '@nestjs/common';
import { DataController } from './data.controller.js';
import { DeleteDataset } from './delete-dataset.js';
import { ListDatasets } from './list-datasets.js';
import { DatasetProfiler } from './dataset-profiler.js';
import { ProfileDataset } from './profile-dataset.js';
import { ActorSession } from '../actors/actor-session.js';
import { PutDataset } from './put-dataset.js';

@Module({
  controllers: [DataController],
  providers: [PutDataset, ListDatasets, ProfileDataset, DatasetProfiler, ActorSession, DeleteDataset],
})
export class DataModule {}
