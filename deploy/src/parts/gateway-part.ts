import { hostname } from 'node:os';
import type { GatewaySettings } from '@trainer/gateway';
import type { Settings } from '../config/settings.js';
import { VERSION } from '../version.js';

/** A request of a megabyte at most takes a second on a slow line; one that takes this long holds a connection for nothing. */
const REQUEST_WITHIN_MS = 30_000;

/** @returns REST as the settings have it. @param secret the cluster's */
export function gatewaySettings(settings: Settings, secret: string): GatewaySettings {
  return {
    host: settings.SERVICE_HOST,
    port: settings.SERVICE_PORT,
    serviceName: settings.SERVICE_NAME,
    version: VERSION,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    publicUrls: settings.TRAINER_PUBLIC_URL,
    privateNames: [settings.SERVICE_NAME, hostname()],
    corsOrigins: settings.TRAINER_CORS_ORIGINS,
    auth: settings.AUTH ?? 'loopback',
    clusterSecret: secret,
    uploadLimitBytes: settings.TRAINER_UPLOAD_LIMIT,
    mostUploads: settings.TRAINER_UPLOADS,
    mostConnections: settings.TRAINER_CONNECTIONS,
    bodyIdleMs: settings.TRAINER_UPLOAD_IDLE_S * 1_000,
    requestWithinMs: REQUEST_WITHIN_MS,
    profile: {
      withinMs: settings.TRAINER_PROFILE_WITHIN_S * 1_000,
      memoryBytes: settings.TRAINER_PROFILE_MEMORY,
      most: settings.TRAINER_PROFILES,
    },
    cancelWaitMs: 5_000,
    healthTimeoutMs: 800,
    eventsFillMs: 5_000,
  };
}
