import { z } from 'zod';
import { TrainerError } from '@trainer/model';

const flagNumber = (min: number, max: number, fallback: number) => z.coerce.number().int().min(min).max(max).default(fallback);
const text = z.string().min(1);

/** Every variable of the environment that is read, with its default. A name that is not here is read by nobody. */
export const Environment = z.object({
  SERVICE_NAME: text.default('trainer'),
  SERVICE_HOST: text.default('127.0.0.1'),
  SERVICE_PORT: flagNumber(0, 65_535, 8002),
  TRAINER_HOME: text.optional(),
  TRAINER_ADDRESS: text.optional(),
  TRAINER_TOKEN: text.optional(),
  DATABASE_URL: text.optional(),
  POSTGRES_HOST: text.optional(),
  POSTGRES_PORT: flagNumber(1, 65_535, 5432),
  POSTGRES_USER: text.default('postgres'),
  POSTGRES_PASSWORD: text.default('postgres'),
  POSTGRES_DB: text.default('microlearn'),
  NATS_URL: text.optional(),
  MINIO_ENDPOINT: z.undefined({ error: 'S3 is not built yet; unset it: objects lie in a folder under TRAINER_HOME' }),
  MINIO_BUCKET_MODELS: text.default('trained-models'),
  MINIO_BUCKET_DATA: text.default('data-preparer'),
  MLFLOW_TRACKING_URI: z.undefined({ error: 'MLflow tracking is not built yet; unset it' }),
  MAX_PARALLEL_JOBS: flagNumber(1, 10_000, 3),
  DEFAULT_EPOCHS: flagNumber(1, 1000, 100),
  EARLY_STOPPING_PATIENCE: flagNumber(1, 1000, 10),
  CHECKPOINT_INTERVAL: flagNumber(1, 1000, 5),
  CUDA_VISIBLE_DEVICES: z.string().optional(),
  AUTH: z.enum(['off'], { error: 'only off is known: leave it unset, or say off on a private network' }).optional(),
  TRAINER_MODE: z.literal('embedded', { error: 'only embedded is built' }).default('embedded'),
  TRAINER_CORS_ORIGINS: z.string().default(''),
  TRAINER_UPLOAD_LIMIT: z.string().default('16GiB'),
  TRAINER_PORTS: z.string().regex(/^\d{1,5}-\d{1,5}$/, 'must be first-last, such as 20000-20100').optional(),
  TRAINER_TIME_SCALE: z.coerce.number().min(0.01).max(10).default(1),
  TRAINER_FAKE_GPUS: flagNumber(0, 64, 0),
  TRAINER_NATS_SERVER: text.optional(),
  TRAINER_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('warn'),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});
export type Environment = z.infer<typeof Environment>;

/** A variable has a value that can't be used. */
export class ConfigError extends TrainerError<'config.invalid', { variable: string }> {
  constructor(variable: string, message: string) {
    super('config.invalid', `${variable}: ${message}`, { variable });
  }
}

/** @throws ConfigError naming the first variable that is wrong. An empty variable counts as unset. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''));
  const read = Environment.safeParse(set);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new ConfigError(String(issue?.path[0] ?? 'environment'), issue?.message ?? 'is wrong');
}

/** The database that the environment names, or null: the embedded one. */
export function databaseUrlOf(environment: Environment): string | null {
  if (environment.DATABASE_URL !== undefined) return environment.DATABASE_URL;
  if (environment.POSTGRES_HOST === undefined) return null;
  const { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_HOST: host, POSTGRES_PORT: port, POSTGRES_DB: database } = environment;
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}/${encodeURIComponent(database)}`;
}
