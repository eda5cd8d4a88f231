import { ConfigError } from '@trainer/runtime';
import { isAbsolute } from 'node:path';
import { z } from 'zod';

const text = z.string().min(1);
const whole = (min: number, max: number) => z.number().int().min(min).max(max);

const days = (count: number): number => count * 24 * 3_600_000;
const age = z.number().min(0);

const Schema = z.object({
  /** Where the gRPC server listens. */
  host: text.default('127.0.0.1'),
  /** 0: any free port. */
  port: whole(0, 65_535).default(0),
  databaseUrl: text,
  natsUrl: text,
  natsToken: text,
  /** The cluster's secret: every call shows it. */
  secret: text,
  storeConfig: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('folder'), path: text.refine(isAbsolute, 'give an absolute path') }),
    z.object({ kind: z.literal('s3'), endpoint: z.url(), region: text, accessKey: text, secretKey: text, silentMs: z.number().min(1) }),
  ]),
  buckets: z.object({
    data: text.default('data-preparer'),
    models: text.default('trained-models'),
    bundles: text.default('trainer-bundles'),
    logs: text.default('trainer-logs'),
  }),
  /** MAX_PARALLEL_JOBS: jobs that hold leases at once, in the whole cluster. */
  maxParallelJobs: whole(1, 10_000).default(3),
  defaultEpochs: whole(1, 1_000).default(100),
  earlyStoppingPatience: whole(1, 1_000).default(10),
  checkpointInterval: whole(1, 1_000).default(5),
  /** Jobs that may wait; more are refused, so that nobody waits for days unknowingly. */
  queueLimit: whole(1, 1_000_000).default(1_000),
  /** How long what is over is kept; see `Keep`. */
  keep: z
    .object({ endedMs: age.default(days(7)), metricsMs: age.default(days(90)), logsMs: age.default(days(7)) })
    .default({ endedMs: days(7), metricsMs: days(90), logsMs: days(7) }),
  /** TRAINER_HEADLESS_S: how long processes live without a head. */
  headlessMs: z.number().min(1).default(60_000),
  version: text,
});

export type HeadConfig = Readonly<z.output<typeof Schema>>;
export type HeadSettings = Readonly<z.input<typeof Schema>>;

/** Checks settings and fills in defaults. @throws ConfigError that names each wrong one */
export function readConfig(settings: HeadSettings): HeadConfig {
  const read = Schema.safeParse(settings);
  if (read.success) return read.data;
  throw new ConfigError(
    read.error.issues.map(({ path, message }) => ({ name: path.join('.'), problem: message, from: "the head's settings" })),
  );
}
