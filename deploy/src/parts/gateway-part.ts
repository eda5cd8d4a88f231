import type { GatewaySettings } from '@trainer/gateway';
import { listOf, type Settings } from '../config/settings.js';
import { VERSION } from '../version.js';

/** @returns REST as the settings have it. */
export function gatewaySettings(settings: Settings): GatewaySettings {
  return {
    host: settings.SERVICE_HOST,
    port: settings.SERVICE_PORT,
    serviceName: settings.SERVICE_NAME,
    version: VERSION,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    corsOrigins: listOf(settings.TRAINER_CORS_ORIGINS),
    auth: settings.AUTH ?? 'loopback',
    uploadLimitBytes: settings.TRAINER_UPLOAD_LIMIT,
    cancelWaitMs: 5_000,
    healthTimeoutMs: 800,
    eventsFillMs: 5_000,
  };
}
