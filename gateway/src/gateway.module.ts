import { Module, type DynamicModule } from '@nestjs/common';
import type { HeadConnection } from '@trainer/client/internal';
import type { Clock } from '@trainer/model';
import type { Messages } from '@trainer/runtime';
import type { ObjectStore } from '@trainer/storage';
import type { GatewaySettings } from './config.js';
import { CatalogModule } from './catalog/catalog.module.js';
import { DataModule } from './data/data.module.js';
import { HealthModule } from './health/health.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { ModelsModule } from './models/models.module.js';
import { CLOCK, HEAD, MESSAGES, SETTINGS, STORE } from './tokens.js';

/** What the routes are given. */
export interface GatewayParts {
  readonly head: HeadConnection;
  /** Where the head publishes committed events. */
  readonly messages: Messages;
  readonly store: ObjectStore;
  readonly settings: GatewaySettings;
  readonly clock: Clock;
}

@Module({ imports: [JobsModule, ModelsModule, CatalogModule, DataModule, HealthModule] })
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    const providers = [
      { provide: HEAD, useValue: parts.head },
      { provide: MESSAGES, useValue: parts.messages },
      { provide: STORE, useValue: parts.store },
      { provide: SETTINGS, useValue: parts.settings },
      { provide: CLOCK, useValue: parts.clock },
    ];
    return { module: GatewayModule, global: true, providers, exports: providers };
  }
}
