import { randomBytes } from 'node:crypto';
import type { HeadOptions } from '@trainer/head';
import { timeScale } from '@trainer/runtime';
import type { HeadPlace } from '../config/cluster-settings.js';
import type { Settings } from '../config/settings.js';
import { VERSION } from '../version.js';

/** What a head needs beside settings and place. */
export type HeadSurroundings = Pick<HeadOptions, 'host' | 'port' | 'clock' | 'log' | 'onFatal' | 'onWaiting' | 'databaseOutlook'>;

const DAY_MS = 24 * 3_600_000;

/** @returns a head as the settings have it. */
export function headOptions(settings: Settings, place: HeadPlace, surroundings: HeadSurroundings): HeadOptions {
  return {
    ...surroundings,
    secret: place.secret,
    natsUrl: place.nats.url,
    natsToken: place.nats.token,
    storeConfig: place.store,
    databaseUrl: place.databaseUrl,
    timeScale: timeScale(settings.TRAINER_TIME_SCALE),
    headlessMs: settings.TRAINER_HEADLESS_S * 1_000,
    version: VERSION,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    maxParallelJobs: settings.MAX_PARALLEL_JOBS,
    queueLimit: settings.TRAINER_QUEUE_LIMIT,
    keep: {
      endedMs: settings.TRAINER_KEEP_DAYS * DAY_MS,
      metricsMs: settings.TRAINER_KEEP_METRICS_DAYS * DAY_MS,
      logsMs: settings.TRAINER_KEEP_LOGS_DAYS * DAY_MS,
    },
    defaultEpochs: settings.DEFAULT_EPOCHS,
    earlyStoppingPatience: settings.EARLY_STOPPING_PATIENCE,
    checkpointInterval: settings.CHECKPOINT_INTERVAL,
    random: randomBytes,
  };
}
