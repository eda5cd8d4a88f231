import { fileURLToPath } from 'node:url';
import type { AgentSettings } from '@trainer/agent';
import { PROFILER_MODULE } from '@trainer/model';
import type { AgentPlace } from '../config/cluster-settings.js';
import { portsOf, type Settings } from '../config/settings.js';
import { readEngines } from '../native-parts.js';
import { NATIVE_FOLDER } from '../own-files.js';
import { VERSION } from '../version.js';
import type { Share } from './shares.js';

/** A file of the packed training actor. */
const ofTraining = (name: string): string => new URL(`bundled/${name}.js`, import.meta.resolve('@trainer/training')).href;

/** @returns an agent as the settings have it, with its share of this machine. */
export async function agentSettings(settings: Settings, place: AgentPlace, share: Share): Promise<AgentSettings> {
  const ports = portsOf(settings);
  return {
    headAddresses: [...place.heads],
    secret: place.secret,
    natsServers: [place.nats.server],
    natsToken: place.nats.token,
    folder: place.folder,
    advertisedHost: place.host,
    listenHost: place.host,
    ...(ports === null ? {} : { actorPorts: { from: ports.first, to: ports.last } }),
    timeScale: settings.TRAINER_TIME_SCALE,
    headlessMs: settings.TRAINER_HEADLESS_S * 1_000,
    store: place.store,
    buckets: { data: settings.MINIO_BUCKET_DATA, models: settings.MINIO_BUCKET_MODELS },
    datasetCacheBytes: settings.TRAINER_DATASET_CACHE,
    nativeDir: NATIVE_FOLDER,
    engines: [...(await readEngines())],
    version: VERSION,
    actorEntry: fileURLToPath(new URL('process.loader.cjs', import.meta.resolve('@trainer/actor'))),
    modules: {
      '@trainer/training': { url: ofTraining('index'), runsAs: 'rank' },
      [PROFILER_MODULE]: { url: ofTraining('profiler'), runsAs: 'actor' },
    },
    processEnvironment: { PATH: settings.PATH },
    cpuMilli: share.cpuMilli,
    memoryBytes: share.memoryBytes,
    fakeGpus: settings.TRAINER_FAKE_GPUS,
    visibleDevices: settings.CUDA_VISIBLE_DEVICES ?? null,
  };
}
