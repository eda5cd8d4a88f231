import { Inject, Injectable } from '@nestjs/common';
import type { ClusterStatus, HeadConnection } from '@trainer/client/internal';
import type { Clock, NodeView } from '@trainer/model';
import { connected, heldBy } from '../cluster/cluster.mapper.js';
import type { GatewaySettings } from '../config.js';
import { CLOCK, HEAD, SETTINGS } from '../tokens.js';
import type { HealthView } from './health.answers.js';

/** Health as REST shows it; answered within a second whatever is down. */
@Injectable()
export class CheckHealth {
  readonly #startedAt: number;

  constructor(
    @Inject(HEAD) private readonly head: HeadConnection,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.#startedAt = clock.monotonicMs();
  }

  async execute(): Promise<HealthView> {
    const status = await this.#status();
    const nodes = connected(status?.nodes ?? []);
    const { cpus, gpus } = heldBy(nodes);
    const missing = missingOf(status, nodes);
    const reasons = typeof status?.databaseTrouble === 'string' ? [status.databaseTrouble] : [];
    return {
      status: missing.length + reasons.length === 0 ? 'ok' : 'degraded',
      service: this.settings.serviceName,
      gpu_available: nodes.some((node) => node.capacity.gpus.length > 0),
      ray_initialized: nodes.length > 0,
      mlflow_connected: false,
      postgres_connected: status?.isDatabaseConnected ?? false,
      minio_connected: status?.isStoreConnected ?? false,
      cluster: { nodes: nodes.length, cpus, gpus },
      missing,
      reasons,
      version: this.settings.version,
      uptime_seconds: Math.round((this.clock.monotonicMs() - this.#startedAt) / 1000),
    };
  }

  /** @returns the head's status, or null when it does not answer in time. */
  async #status(): Promise<ClusterStatus | null> {
    try {
      return await this.head.status({ deadlineMs: this.settings.healthTimeoutMs });
    } catch {
      return null; // what is away is what this route reports
    }
  }
}

function missingOf(status: ClusterStatus | null, nodes: readonly NodeView[]): string[] {
  if (status === null) return ['head'];
  const parts: [string, boolean][] = [
    ['database', status.isDatabaseConnected],
    ['messages', status.isMessagesConnected],
    ['object store', status.isStoreConnected],
    ['node', nodes.length > 0],
  ];
  return parts.filter(([, up]) => !up).map(([name]) => name);
}
