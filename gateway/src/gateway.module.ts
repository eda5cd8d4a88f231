import { Module, type DynamicModule } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import type { Clock } from '@trainer/model';
import type { Messages } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { ConnectActors } from './actors/actor-session.js';
import type { GatewaySettings } from './config.js';
import { CatalogModule } from './catalog/catalog.module.js';
import { ClusterModule } from './cluster/cluster.module.js';
import { DataModule } from './data/data.module.js';
import { ExperimentsModule } from './experiments/experiments.module.js';
import { HealthModule } from './health/health.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { ModelsModule } from './models/models.module.js';
import { CLOCK, CONNECT_ACTORS, HEAD, MESSAGES, SETTINGS, STORE } from './tokens.js';

/** What the routes are given. */
export interface GatewayParts {
  readonly head: HeadConnection;
  /** Opens a session at the head, for actors that read tables. */
  readonly connectActors: ConnectActors;
  /** Where the head publishes committed events. */
  readonly messages: Messages;
  readonly store: ObjectStore;
  readonly settings: GatewaySettings;
  readonly clock: Clock;
}

@Module({ imports: [JobsModule, ModelsModule, CatalogModule, ClusterModule, DataModule, ExperimentsModule, HealthModule] })
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    const providers = [
      { provide: HEAD, useValue: parts.head },
      { provide: CONNECT_ACTORS, useValue: parts.connectActors },
      { provide: MESSAGES, useValue: parts.messages },
      { provide: STORE, useValue: parts.store },
      { provide: SETTINGS, useValue: parts.settings },
      { provide: CLOCK, useValue: parts.clock },
    ];
    return { module: GatewayModule, global: true, providers, exports: providers };
  }
}
