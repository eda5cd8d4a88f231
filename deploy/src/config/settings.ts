import { isAbsolute } from 'node:path';
import { ConfigError, envBytes, envInteger, envNumber, readEnv, type Env } from '@trainer/runtime';
import { toBytes } from '@trainer/model';
import { z } from 'zod';

const text = (fallback: string) => z.string().default(fallback);
const integer = (min: number, max: number, fallback: number) => envInteger({ min, max }).default(fallback);
/** A part of the platform that is not built: saying so at the start beats ignoring the wish. */
const notBuilt = (message: string) => z.undefined({ error: `${message}; unset it` }).optional();

const areWebAddresses = (urls: readonly string[]): boolean =>
  urls.every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));

/** As browsers send them: scheme, host and port, nothing behind. */
const areOrigins = (origins: readonly string[]): boolean =>
  areWebAddresses(origins) && origins.every((origin) => new URL(origin).origin === origin.toLowerCase());

/** CUDA's list of devices, as nvidia-smi and rocm-smi name them; -1 and words such as none hide what follows. */
const areDevices = (list: string): boolean =>
  list.split(',').every((entry) => /^\s*(-?\d+|(GPU|MIG)-[\w/-]+|0x[\da-f]+|card\d+|none|void|NoDevFiles|)\s*$/i.test(entry));
const isPostgresUrl = (url: string): boolean => URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol);

/** A name or an address; whether somebody has it only the network knows. */
const host = () => z.string().regex(/^[^\s/,]+$/, "give a host's name or address, without spaces");

/** What the object store takes as a bucket's name, so that a wrong one ends the start and not every upload. */
const bucket = (fallback: string) =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,62}$/, 'give a name of 2 to 63 small letters, digits, dots and dashes')
    .default(fallback);

/** host:port, or an http(s) address without a path. */
const isEndpoint = (text: string): boolean => {
  const url = text.includes('://') ? text : `http://${text}`;
  return URL.canParse(url) && /^https?:\/\/[^/?#@\s]+\/?$/.test(url);
};

const isRange = (range: string): boolean => {
  const [first = 0, last = 0] = range.split('-').map(Number);
  return /^\d{1,5}-\d{1,5}$/.test(range) && 1 <= first && first <= last && last <= 65_535;
};

/** Every variable of the environment that is read, with its default. A name that is not here is read by nobody. */
const Variables = z.object({
  SERVICE_NAME: host().default('trainer'),
  SERVICE_HOST: host().default('127.0.0.1'),
  SERVICE_PORT: integer(0, 65_535, 8002),
  TRAINER_HOME: z.string().optional(),
  TRAINER_SECRET_FILE: z.string().optional(),
  TRAINER_HEADS: z.string().optional(),
  TRAINER_OBJECTS: z.string().refine(isAbsolute, 'give an absolute path').optional(),
  TRAINER_ADVERTISED_HOST: host().default('127.0.0.1'),
  TRAINER_CPUS: envNumber({ min: 0.001, max: 100_000 }).optional(),
  TRAINER_MEMORY: envBytes().optional(),
  // As much as some tables of a million rows take; little beside the disk of a machine that trains on larger ones.
  TRAINER_DATASET_CACHE: envBytes().default(toBytes('8GiB')),
  TRAINER_STOP_GRACE_S: envNumber({ min: 0, max: 3_600 }).default(5),
  TRAINER_START_WITHIN_S: envNumber({ min: 1, max: 3_600 }).default(60),
  TRAINER_HEADLESS_S: envNumber({ min: 1, max: 86_400 }).default(60),
  // A killed cluster ends in a second, one whose npm was killed in the 3 s of a stop; busy machines take several times that.
  TRAINER_TAKEOVER_S: envNumber({ min: 0, max: 3_600 }).default(15),
  TRAINER_ADDRESS: z.string().optional(),
  TRAINER_TOKEN: z.string().optional(),
  DATABASE_URL: z.string().refine(isPostgresUrl, 'give an address such as postgresql://USER:PASSWORD@host:5432/NAME').optional(),
  POSTGRES_HOST: host().optional(),
  POSTGRES_PORT: integer(1, 65_535, 5432),
  POSTGRES_USER: text('postgres'),
  POSTGRES_PASSWORD: text('postgres'),
  POSTGRES_DB: text('microlearn'),
  NATS_URL: z
    .string()
    .refine((url) => URL.canParse(url) && new URL(url).host !== '', 'give an address such as nats://TOKEN@host:4222')
    .optional(),
  MINIO_ENDPOINT: z.string().refine(isEndpoint, 'give host:port of an S3 server, such as minio:9000, or its http(s) address').optional(),
  MINIO_ACCESS_KEY: text('minioadmin'),
  MINIO_SECRET_KEY: text('minioadmin'),
  MINIO_SECURE: z
    .enum(['true', 'false'], { error: 'give true (https) or false (http)' })
    .default('false')
    .transform((given) => given === 'true'),
  // What MinIO and most others take for theirs.
  MINIO_REGION: text('us-east-1'),
  // A server under load answers within seconds; one that is gone is noticed before those who wait give up.
  TRAINER_STORE_SILENT_S: envNumber({ min: 0.1, max: 3_600 }).default(20),
  MINIO_BUCKET_MODELS: bucket('trained-models'),
  MINIO_BUCKET_DATA: bucket('data-preparer'),
  MLFLOW_TRACKING_URI: notBuilt('MLflow tracking is not built yet'),
  MAX_PARALLEL_JOBS: integer(1, 10_000, 3),
  TRAINER_QUEUE_LIMIT: integer(1, 1_000_000, 1000),
  TRAINER_KEEP_DAYS: envNumber({ min: 0.01, max: 36_500 }).default(7),
  TRAINER_KEEP_METRICS_DAYS: envNumber({ min: 0.01, max: 36_500 }).default(90),
  TRAINER_KEEP_LOGS_DAYS: envNumber({ min: 0.01, max: 36_500 }).default(7),
  DEFAULT_EPOCHS: integer(1, 1000, 100),
  EARLY_STOPPING_PATIENCE: integer(1, 1000, 10),
  CHECKPOINT_INTERVAL: integer(1, 1000, 5),
  CUDA_VISIBLE_DEVICES: z.string().refine(areDevices, 'give indices or uuids of GPUs separated by commas, such as 0,1, or none').optional(),
  AUTH: z.enum(['token', 'off'], { error: 'give token (every request of REST shows one), or off, for a private network' }).optional(),
  TRAINER_MODE: z.enum(['embedded', 'cluster'], { error: 'give embedded or cluster' }).optional(),
  TRAINER_CORS_ORIGINS: text('').transform(listOf).refine(areOrigins, 'give origins such as https://ml.example, without a path'),
  TRAINER_PUBLIC_URL: text('').transform(listOf).refine(areWebAddresses, 'give URLs such as https://trainer.example'),
  TRAINER_UPLOAD_LIMIT: envBytes().default(toBytes('16GiB')),
  // A line that sends nothing for so long is dead; a laptop that changes networks is back sooner.
  TRAINER_UPLOAD_IDLE_S: envNumber({ min: 0.1, max: 3_600 }).default(30),
  // More of them would only share the same disk.
  TRAINER_UPLOADS: integer(1, 10_000, 64),
  // Below the 1,024 descriptors that many systems give a process.
  TRAINER_CONNECTIONS: integer(1, 100_000, 800),
  // What proxies and people wait at most, as a rule; a gigabyte of CSV takes a fifth of it.
  TRAINER_PROFILE_WITHIN_S: envNumber({ min: 1, max: 3_600 }).default(60),
  TRAINER_PROFILE_MEMORY: envBytes().default(toBytes('1GiB')),
  // Each holds a CPU of the cluster; more of them would wait for each other.
  TRAINER_PROFILES: integer(1, 1_000, 8),
  TRAINER_PORTS: z.string().refine(isRange, 'give a range such as 20000-20100, the smaller port first').optional(),
  TRAINER_TIME_SCALE: envNumber({ min: 0.01, max: 10 }).default(1),
  TRAINER_FAKE_GPUS: integer(0, 64, 0),
  TRAINER_NATS_SERVER: z.string().optional(),
  TRAINER_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], { error: 'give debug, info, warn or error' }).default('warn'),
  TRAINER_LOG_FORMAT: z.enum(['text', 'json'], { error: 'give text or json' }).default('text'),
  PATH: text('/usr/local/bin:/usr/bin:/bin'),
});

/** The settings in force. */
export type Settings = z.infer<typeof Variables>;

/** @throws ConfigError naming every variable that is wrong. An empty variable counts as unset. */
export function readSettings(environment: Env): Settings {
  return readEnv(Variables, environment).values;
}

/** The database that the environment names, or null: the embedded one. */
export function databaseUrlOf(settings: Settings): string | null {
  if (settings.DATABASE_URL !== undefined) return settings.DATABASE_URL;
  if (settings.POSTGRES_HOST === undefined) return null;
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_HOST: host, POSTGRES_PORT: port, POSTGRES_DB: database } = settings;
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${encodeURIComponent(database)}`;
}

/** The password of a database's address, as it stands there and as it is: what no log may show. The default, `postgres`, is no secret. */
export function databaseSecrets(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { password, searchParams } = new URL(url);
  // As a query decodes it: a lone % is no error there.
  const decoded = new URLSearchParams(`p=${password.replaceAll('+', '%2B')}`).get('p') ?? '';
  const all = [password, decoded, searchParams.get('password') ?? ''];
  return all.filter((secret) => secret !== '' && secret !== 'postgres');
}

/** Where NATS is, and what it asks for. */
export interface NatsAddress {
  /** Without a token, so that it may stand in messages. */
  readonly url: string;
  /** host:port */
  readonly server: string;
  readonly token: string;
}

/** @param url with a token (`nats://TOKEN@host:port`), else the cluster's secret is shown */
export function natsAddress(url: string, secret: string): NatsAddress {
  const { protocol, host, username } = new URL(url);
  return { url: `${protocol}//${host}`, server: host, token: username === '' ? secret : decodeURIComponent(username) };
}

/** Ports to listen on, both ends included; null: any. */
export function portsOf({ TRAINER_PORTS: range }: Settings): { readonly first: number; readonly last: number } | null {
  const [first, last] = range?.split('-').map(Number) ?? [];
  return first === undefined || last === undefined ? null : { first, last };
}

/** The parts of a list that commas separate; empty ones are left out. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A verb belongs to one mode. @throws ConfigError when the environment says another */
export function requireMode(settings: Settings, mode: 'embedded' | 'cluster', verb: string): void {
  if ((settings.TRAINER_MODE ?? mode) === mode) return;
  const problem =
    mode === 'embedded'
      ? `trainer ${verb} starts the embedded cluster; in cluster mode start trainer head, agent and gateway`
      : `trainer ${verb} is a process of cluster mode; set it to cluster, or start everything with trainer up`;
  throw new ConfigError([{ name: 'TRAINER_MODE', problem, from: 'environment' }]);
}
