import type { ObjectStoreConfig, S3Config } from '@trainer/storage';
import type { Settings } from './settings.js';

/** The S3 server that the environment names, or null: objects lie in a folder. */
export function s3ConfigOf(settings: Settings): S3Config | null {
  const { MINIO_ENDPOINT: endpoint, MINIO_SECURE: isSecure } = settings;
  if (endpoint === undefined) return null;
  return {
    kind: 's3',
    endpoint: endpoint.includes('://') ? new URL(endpoint).origin : `${isSecure ? 'https' : 'http'}://${endpoint}`,
    region: settings.MINIO_REGION,
    accessKey: settings.MINIO_ACCESS_KEY,
    secretKey: settings.MINIO_SECRET_KEY,
    silentMs: settings.TRAINER_STORE_SILENT_S * 1_000,
  };
}

/** The variables by which another process of ours finds the same objects. */
export function storeEnvironment(settings: Settings, store: ObjectStoreConfig): Record<string, string> {
  const buckets = { MINIO_BUCKET_DATA: settings.MINIO_BUCKET_DATA, MINIO_BUCKET_MODELS: settings.MINIO_BUCKET_MODELS };
  if (store.kind === 'folder') return { ...buckets, TRAINER_OBJECTS: store.path };
  return {
    ...buckets,
    MINIO_ENDPOINT: store.endpoint,
    MINIO_REGION: store.region,
    MINIO_ACCESS_KEY: store.accessKey,
    MINIO_SECRET_KEY: store.secretKey,
    TRAINER_STORE_SILENT_S: String(settings.TRAINER_STORE_SILENT_S),
  };
}

/** What no log may show. MinIO's default, `minioadmin`, is no secret. */
export function storeSecrets({ MINIO_SECRET_KEY: secret }: Settings): readonly string[] {
  return secret === 'minioadmin' ? [] : [secret];
}
