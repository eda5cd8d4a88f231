import { isAbsolute } from 'node:path';
import { ConfigError } from '@trainer/runtime';
import { z } from 'zod';

const text = z.string().min(1);
const folder = text.refine(isAbsolute, 'give an absolute path');
const port = z.number().int().min(0).max(65_535);

const Schema = z.object({
  /** host:port of the gRPC of each head that may lead; tried in turn. */
  headAddresses: z.array(text).min(1),
  /** The cluster's secret, which head and NATS ask for. */
  secret: text,
  natsServers: z.array(text).min(1),
  natsToken: text,
  /** The agent's own: identity, lock, process groups, scratch, bundles. One agent a folder. */
  folder,
  /** What callers on other machines reach this one by; actors listen on `listenHost`. */
  advertisedHost: text.default('127.0.0.1'),
  listenHost: text.default('127.0.0.1'),
  /** Ports that actors listen on; 0 to 0: any. */
  actorPorts: z.object({ from: port, to: port }).default({ from: 0, to: 0 }),
  /** Scales all timers alike (TRAINER_TIME_SCALE). */
  timeScale: z.number().min(0.01).max(10).default(1),
  store: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('folder'), path: folder }),
    z.object({ kind: z.literal('s3'), endpoint: z.url(), region: text, accessKey: text, secretKey: text, silentMs: z.number().min(1) }),
  ]),
  /** Of datasets and of models (MINIO_BUCKET_DATA, MINIO_BUCKET_MODELS). */
  buckets: z.object({ data: text, models: text }),
  /**
   * What ranks may keep of datasets (TRAINER_DATASET_CACHE); 0: nothing. As much as some tables of a million rows take, and little
   * beside the disk of a machine that trains on larger ones.
   */
  datasetCacheBytes: z
    .number()
    .int()
    .min(0)
    .default(8 * 2 ** 30),
  /** Where logs are kept. */
  logsBucket: text.default('trainer-logs'),
  /** Where the native parts of the engines lie. */
  nativeDir: folder,
  engines: z.array(z.object({ engine: text, unavailable: text.nullable() })).default([]),
  labels: z.record(text, z.string()).default({}),
  version: text,
  /** The actor process's entry: a file that node runs. */
  actorEntry: folder,
  /** Modules of ours that may run here: their specifier, the URL of their file, and as what their classes run; no other is loaded. */
  modules: z.record(text, z.object({ url: z.string().startsWith('file:'), runsAs: z.enum(['actor', 'rank']) })).default({}),
  /** The environment that every actor's process starts with; it must hold PATH. Nothing else of this process's is passed on. */
  processEnvironment: z.record(text, z.string()),
  /** What the node gives in place of what the machine has; null: all of it. */
  cpuMilli: z.number().int().min(1).nullable().default(null),
  memoryBytes: z.number().int().min(1).nullable().default(null),
  /** TRAINER_FAKE_GPUS: devices that exist only in the books, for tests. */
  fakeGpus: z.number().int().min(0).max(64).default(0),
  /** CUDA_VISIBLE_DEVICES of this machine's user; null: all devices. */
  visibleDevices: z.string().nullable().default(null),
  /** How long an agent without a head lets its actors live (TRAINER_HEADLESS_S). */
  headlessMs: z.number().min(1).default(60_000),
});

export type AgentConfig = Readonly<z.output<typeof Schema>>;
export type AgentSettings = Readonly<z.input<typeof Schema>>;

/** Checks settings and fills in defaults. @throws ConfigError that names each wrong one */
export function readConfig(settings: AgentSettings): AgentConfig {
  const read = Schema.safeParse(settings);
  if (read.success) return read.data;
  throw new ConfigError(
    read.error.issues.map(({ path, message }) => ({ name: path.join('.'), problem: message, from: "the agent's settings" })),
  );
}
