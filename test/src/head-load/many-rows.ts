import { migrate, openDatabase, postgresStore } from '@trainer/head/internal';
import type { Connections } from '@trainer/head/internal';
import { jobId } from '@trainer/model';
import { systemClock, timeScale } from '@trainer/runtime';
import { startRealServers } from '../real-servers.js';
import { openHead } from '../rpc/open-head.js';

export interface ManyRows {
  /** Of each kind. */
  readonly rows: number;
  /** Another PostgreSQL than the embedded one, empty; null: that one. */
  readonly databaseUrl: string | null;
  readonly say: (text: string) => void;
}

export interface ManyRowsFigures {
  /** A head's start until it listens, beside nothing but an empty schema, and beside the rows. */
  readonly emptyStartMs: number;
  readonly startMs: number;
  /** The newest epochs of a job of 1,000, and all of them. */
  readonly lastEpochsMs: number;
  readonly allEpochsMs: number;
  /** Of each kind 500 rows that are old. */
  readonly forgetMs: Readonly<Record<string, number>>;
}

const LONG_JOB = jobId('train_ffffffffffff');
const KINDS = ['actors', 'leases', 'sessions', 'nodes', 'keys', 'bundles', 'events', 'metrics'] as const;

/** Rows of every kind that ended ten days ago, as years of work leave them; $1: how many. */
const ENDED = (n: string): readonly string[] => [
  `INSERT INTO trainer.jobs (job, created_at, status, phase, attempt, model_id, experiment_name, tags, request, state, last_event)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), ${n} + i, 'completed', 'ended', 1, 'xgboost_classifier', 'e', '{}', '{"modelId": "x"}',
       jsonb_build_object('isCleaned', true, 'job', jsonb_build_object('completedAt', ${n})), 2 FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.attempts (job, attempt, world_size, started_at, ended_at, body)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), 1, 1, ${n}, ${n}, '{}' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.leases (lease, node, node_incarnation, holder_kind, holder_id, attempt, rank, state, since, body)
     SELECT '1-' || i, 'node-000000000001', 1, 'rank', 'train_' || lpad(to_hex(i), 12, '0'), 1, 0, CASE i % 2 WHEN 0 THEN 'ended' ELSE 'lost' END,
       ${n}, '{"id": "a lease", "state": "ended"}' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.actors (actor, session, at, created_at, spec, args, state, restarts)
     SELECT 'actor-' || lpad(i::text, 16, '0'), 'session-' || i, 'dead', ${n} + i, '{"classRef": {"kind": "module"}}', '',
       jsonb_build_object('at', 'dead', 'since', ${n}), 0 FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.sessions (session, state, since) SELECT 'session-' || i, 'ended', ${n} FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.nodes (node, incarnation, stored_fact, state, since, host, version, capacity, labels, engines)
     SELECT 'node-' || lpad(to_hex(i), 12, '0'), 1, 1, 'lost', ${n}, 'h', '1', '{}', '{}', '[]' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.events (job, number, type, at, data)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), 1, 'status', ${n}, '{"status": "completed"}' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.epoch_metrics (job, attempt, epoch, name, value)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), 1, 1, 'train_loss', 0.5 FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.checkpoints (job, attempt, epoch, created_at, body)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), 1, 1, ${n}, '{"epoch": 1}' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.models (job, model_id, task, created_at, body)
     SELECT 'train_' || lpad(to_hex(i), 12, '0'), 'xgboost_classifier', 'classification', ${n} + i, '{}' FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.bundles (hash, bytes, created_at) SELECT md5(i::text), 1, ${n} FROM generate_series(1, $1::int) i`,
  `INSERT INTO trainer.idempotency_keys (key, body_sha256, job, created_at)
     SELECT 'key-' || i, '', 'train_' || lpad(to_hex(i), 12, '0'), ${n} FROM generate_series(1, $1::int) i`,
];

/** A job of 1,000 epochs with twenty metrics each, whose second attempt trained the last fifty again. */
const LONG_RUN = `INSERT INTO trainer.epoch_metrics (job, attempt, epoch, name, value)
  SELECT '${LONG_JOB}', attempt, epoch, 'metric_' || name, 0.5
    FROM generate_series(1, 2) attempt, generate_series(1, 1000) epoch, generate_series(1, 20) name
    WHERE attempt = 1 AND epoch <= 550 OR attempt = 2 AND epoch > 500`;

/** Starts a head beside many ended rows, and reads and forgets among them. */
export async function manyRows({ rows, databaseUrl, say }: ManyRows): Promise<ManyRowsFigures> {
  const real = await startRealServers();
  const servers = databaseUrl === null ? real : { ...real, databaseUrl };
  const database = openDatabase({
    url: servers.databaseUrl,
    applicationName: 'many rows',
    timeoutMs: 60_000,
    onLost: () => undefined,
  });
  const long = database.long;
  try {
    await migrate(long);
    const start = async (): Promise<number> => {
      const begun = performance.now();
      const head = await openHead(servers, { timeScale: timeScale(1) });
      const ms = performance.now() - begun;
      await head.close();
      return ms;
    };
    const emptyStartMs = await start();
    await fill(long, rows, say);
    const startMs = await start();
    const [row] = await long.query<{ head_epoch: string }>('SELECT head_epoch FROM trainer.leadership');
    const store = postgresStore(database, () => Number(row?.head_epoch));
    const timed = async (run: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now();
      await run();
      return performance.now() - begun;
    };
    await store.epochs(LONG_JOB, 1);
    const lastEpochsMs = await timed(async () => expectCount((await store.epochs(LONG_JOB, 10)).length, 10));
    const allEpochsMs = await timed(async () => expectCount((await store.epochs(LONG_JOB, null)).length, 1_000));
    const forgetMs: Record<string, number> = {};
    for (const kind of KINDS)
      forgetMs[kind] = await timed(async () => expectCount(Math.min(500, await store.forget(kind, systemClock().wallMs(), 500)), 500));
    return { emptyStartMs, startMs, lastEpochsMs, allEpochsMs, forgetMs };
  } finally {
    await database.close();
    await real.stop();
  }
}

async function fill(long: Connections, rows: number, say: ManyRows['say']): Promise<void> {
  const longAgo = Math.round(systemClock().wallMs() - 10 * 24 * 3_600_000);
  for (const text of ENDED(String(longAgo))) {
    const begun = performance.now();
    await long.query(text, [rows]);
    say(`${text.slice(0, 40).split('(')[0]?.trim()}: ${rows} rows in ${Math.round(performance.now() - begun)} ms`);
  }
  await long.query(LONG_RUN);
  await long.query('ANALYZE');
}

function expectCount(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${found} in the place of ${wanted}: the work was not done.`);
}
