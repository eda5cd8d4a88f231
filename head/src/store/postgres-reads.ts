import { actorId, jobId, leaseId, nodeId, sessionId, STATUSES } from '@trainer/model';
import type {
  Actor,
  ActorSpec,
  ActorState,
  Checkpoint,
  Death,
  EpochMetrics,
  Experiment,
  Job,
  JobEvent,
  JobId,
  Lease,
  Metric,
  Millis,
  Model,
  NodeState,
  StoredArgs,
  TokenScope,
  TrainRequest,
} from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import type { NodeEntry } from '../nodes/node-table.js';
import type { ClusterStore, IdempotencyKey, StoredNode, StoredSession, StoredState, StoredToken } from './cluster-store.js';
import type { Connections, Database } from './database.js';
import { fromFlatMetrics, fromSavedStateColumn, type SavedStateColumn } from './rows.js';

interface JobRow {
  readonly request: TrainRequest;
  readonly state: Omit<JobRecord, 'job'> & { readonly job: Omit<JobRecord['job'], 'request'> };
}
interface ActorRow {
  readonly spec: Omit<ActorSpec, 'args'> & { readonly storedArgs?: StoredArgs | null };
  readonly args: Buffer;
  readonly state: ActorState;
  readonly restarts: number;
  readonly deaths: readonly Death[];
  readonly has_run: boolean;
  readonly quick_restarts: number;
}
interface NodeRow extends Pick<NodeEntry, 'host' | 'version' | 'capacity' | 'labels' | 'engines'> {
  readonly node: string;
  readonly incarnation: string;
  readonly hello_number: string;
  readonly stored_fact: string;
  readonly state: NodeState;
  readonly since: string;
}

/** In the order of the table's key; the few rows of older attempts that a newer one trained again are passed over when they are read. */
const IN_ORDER = 'ORDER BY epoch, attempt';
const EPOCHS_OF_JOB = 'SELECT epoch, attempt, name, value FROM trainer.epoch_metrics WHERE job = $1';
const ALL_EPOCHS = `${EPOCHS_OF_JOB} ${IN_ORDER}`;
/** Never more than the newest so many, which may be all. */
const LAST_EPOCHS = `${EPOCHS_OF_JOB} AND epoch > (SELECT max(epoch) FROM trainer.epoch_metrics WHERE job = $1) - $2::int ${IN_ORDER}`;

const ACTOR = 'SELECT spec, args, state, restarts, deaths, has_run, quick_restarts FROM trainer.actors';
const JOB = 'SELECT request, state FROM trainer.jobs';

type EventRow = { readonly number: string; readonly at: string; readonly request: TrainRequest } & (
  { readonly type: 'status' | 'pending'; readonly data: Omit<Job, 'request'> } | { readonly type: 'metrics'; readonly data: EpochMetrics }
);

interface MetricRow {
  readonly epoch: number;
  readonly attempt: number;
  readonly name: string;
  readonly value: Metric;
}

type Reads = Omit<ClusterStore, 'commit' | 'forget' | 'room' | 'close'>;

/** The reads of the store. The rows are our own: their JSON was written by `rows.ts` from the same types. */
export function postgresReads({ reads: database, long }: Database, nodesSince: () => Millis): Reads {
  return {
    load: () => load(long, nodesSince()),
    async job(id) {
      const [row] = await database.query<JobRow>(`${JOB} WHERE job = $1`, [id]);
      return row === undefined ? null : toJob(row);
    },
    jobs: (query) => listJobs(database, query),
    ...experimentReads(database),
    ...tokenReads(database),
    ...jobHistory(database),
    async model(job) {
      const [row] = await database.query<{ body: Model }>('SELECT body FROM trainer.models WHERE job = $1', [job]);
      return row?.body ?? null;
    },
    async jobsWithFiles(jobs) {
      const rows = await database.query<{ job: string }>(
        `SELECT job FROM trainer.jobs WHERE job = ANY($1)
           AND (status IN ('pending', 'running') OR EXISTS (SELECT FROM trainer.models WHERE models.job = jobs.job))`,
        [jobs],
      );
      return new Set(rows.map(({ job }) => jobId(job)));
    },
    async models(page, pageSize) {
      const rows = await database.query<{ body: Model }>(
        'SELECT body FROM trainer.models ORDER BY created_at DESC, job DESC LIMIT $1 OFFSET $2',
        [pageSize, (page - 1) * pageSize],
      );
      const [count] = await database.query<{ total: string }>('SELECT count(*) AS total FROM trainer.models');
      return { models: rows.map(({ body }) => body), total: Number(count?.total ?? 0) };
    },
    async actor(id) {
      const [row] = await database.query<ActorRow>(`${ACTOR} WHERE actor = $1`, [id]);
      return row === undefined ? null : toActor(row);
    },
    async actorState(id) {
      const [row] = await database.query<{ state: SavedStateColumn }>('SELECT state FROM trainer.actor_states WHERE actor = $1', [id]);
      return row === undefined ? null : fromSavedStateColumn(row.state);
    },
    async actors(limit) {
      return (await database.query<ActorRow>(`${ACTOR} ORDER BY created_at DESC, actor LIMIT $1`, [limit])).map(toActor);
    },
    async hasSessionEnded(id) {
      return (await database.query("SELECT FROM trainer.sessions WHERE session = $1 AND state = 'ended'", [id])).length > 0;
    },
    async leasesOf(holder) {
      const rows = await database.query<{ lease: string }>('SELECT lease FROM trainer.leases WHERE holder_id = $1 ORDER BY since, lease', [
        holder,
      ]);
      return rows.map(({ lease }) => leaseId(lease));
    },
    key: (key) => findKey(database, key),
    async hasBundle(hash) {
      return (await database.query('SELECT FROM trainer.bundles WHERE hash = $1', [hash])).length > 0;
    },
  };
}

interface TokenRow {
  readonly token: string;
  readonly sha256: string;
  readonly name: string;
  readonly scope: TokenScope;
  readonly created_at: string;
  readonly revoked_at: string | null;
}
const TOKEN = 'SELECT token, sha256, name, scope, created_at, revoked_at FROM trainer.tokens';

function tokenReads(database: Connections): Pick<Reads, 'tokens' | 'tokenOf'> {
  return {
    async tokens() {
      return (await database.query<TokenRow>(`${TOKEN} WHERE revoked_at IS NULL ORDER BY created_at DESC, token`)).map(toToken);
    },
    async tokenOf(sha256) {
      const [row] = await database.query<TokenRow>(`${TOKEN} WHERE sha256 = $1`, [sha256]);
      return row === undefined ? null : toToken(row);
    },
  };
}

function toToken({ token, sha256, name, scope, created_at, revoked_at }: TokenRow): StoredToken {
  const revokedAt = revoked_at === null ? null : Number(revoked_at);
  return { id: token, sha256, name, scope, createdAt: Number(created_at), revokedAt };
}

const SCORES = "state -> 'job' -> 'bestMetrics'";

function experimentReads(database: Connections): Pick<Reads, 'experiments' | 'leaderboard' | 'metricsOf'> {
  return {
    async experiments(limit) {
      const counts = STATUSES.map((status) => `count(*) FILTER (WHERE status = '${status}')::int AS ${status}`).join(', ');
      const rows = await database.query<Experiment['jobs'] & { readonly name: string; readonly newest_at: string }>(
        `SELECT experiment_name AS name, max(created_at) AS newest_at, ${counts} FROM trainer.jobs
           GROUP BY experiment_name ORDER BY newest_at DESC, name LIMIT $1`,
        [limit],
      );
      return rows.map(({ name, newest_at, ...jobs }) => ({ name, newestAt: Number(newest_at), jobs }));
    },
    async leaderboard({ experiment, metric, isLessBetter, limit }) {
      const rows = await database.query<JobRow>(
        `${JOB} WHERE experiment_name = $1 AND status = 'completed' AND jsonb_typeof(${SCORES} -> $2) = 'number'
           ORDER BY (${SCORES} ->> $2)::float8 ${isLessBetter ? 'ASC' : 'DESC'}, created_at, job LIMIT $3`,
        [experiment, metric, limit],
      );
      return rows.map(toJob);
    },
    async metricsOf(experiment) {
      const rows = await database.query<{ name: string }>(
        `SELECT DISTINCT name FROM trainer.jobs, jsonb_each(${SCORES}) AS score (name, value)
           WHERE experiment_name = $1 AND status = 'completed' AND jsonb_typeof(value) = 'number' ORDER BY name`,
        [experiment],
      );
      if (rows.length > 0) return rows.map(({ name }) => name);
      return (await database.query('SELECT FROM trainer.jobs WHERE experiment_name = $1 LIMIT 1', [experiment])).length > 0 ? [] : null;
    },
  };
}

/** What happened to a job, beside its row. */
function jobHistory(database: Connections): Pick<Reads, 'epochs' | 'checkpoints' | 'events'> {
  return {
    async epochs(job, last) {
      const rows = await database.query<MetricRow>(last === null ? ALL_EPOCHS : LAST_EPOCHS, last === null ? [job] : [job, last]);
      return gatherEpochs(rows);
    },
    async checkpoints(job) {
      const rows = await database.query<{ attempt: number; created_at: string; body: Checkpoint }>(
        'SELECT attempt, created_at, body FROM trainer.checkpoints WHERE job = $1 ORDER BY epoch, attempt',
        [job],
      );
      return rows.map(({ attempt, created_at, body }) => ({
        id: `${job}_${attempt}_${body.epoch}`,
        checkpoint: body,
        createdAt: Number(created_at),
      }));
    },
    async events(job, after, limit) {
      const rows = await database.query<EventRow>(
        `SELECT number, type, at, data, request FROM trainer.events JOIN trainer.jobs USING (job)
         WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3`,
        [job, after, limit],
      );
      return rows.map((row) => toEvent(job, row));
    },
  };
}

/** Each by a partial index of what has not ended: a million ended rows beside them cost nothing. */
const UNENDED = {
  nodes: "SELECT * FROM trainer.nodes WHERE state <> 'lost' UNION ALL SELECT * FROM trainer.nodes WHERE state = 'lost' AND since >= $1",
  sessions: "SELECT session, since FROM trainer.sessions WHERE state = 'open'",
  actors: `${ACTOR} WHERE at <> 'dead'`,
  jobs: `${JOB} WHERE status IN ('pending', 'running')
    UNION ALL ${JOB} WHERE NOT (state ->> 'isCleaned')::boolean AND status NOT IN ('pending', 'running')`,
  leases: `SELECT body FROM trainer.leases WHERE state NOT IN ('ended', 'lost')
    UNION ALL SELECT body FROM trainer.jobs JOIN trainer.leases ON holder_id = job
      WHERE status IN ('pending', 'running') AND leases.state = 'lost'`,
};

async function load(database: Connections, nodesSince: Millis): Promise<StoredState> {
  const nodes = await database.query<NodeRow>(UNENDED.nodes, [Math.floor(nodesSince)]);
  const sessions = await database.query<{ session: string; since: string }>(UNENDED.sessions);
  const actors = await database.query<ActorRow>(UNENDED.actors);
  const jobs = await database.query<JobRow>(UNENDED.jobs);
  const leases = await database.query<{ body: Lease }>(UNENDED.leases);
  return {
    nodes: nodes.map(toNode),
    sessions: sessions.map(({ session, since }): StoredSession => ({ id: sessionId(session), state: 'open', since: Number(since) })),
    actors: actors.map(toActor),
    leases: leases.map(({ body }) => body),
    jobs: jobs.map(toJob),
  };
}

async function listJobs(database: Connections, query: Parameters<Reads['jobs']>[0]): ReturnType<Reads['jobs']> {
  const after = query.cursor === null ? null : /^(\d{1,15})_(train_[0-9a-f]{12})$/.exec(query.cursor);
  const values: unknown[] = [query.limit + 1];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const where = [
    query.status === null ? null : `status = ${bind(query.status)}`,
    query.modelId === null ? null : `model_id = ${bind(query.modelId)}`,
    query.experimentName === null ? null : `experiment_name = ${bind(query.experimentName)}`,
    query.tag === null ? null : `tags ->> ${bind(query.tag.name)} = ${bind(query.tag.value)}`,
    after === null ? null : `(created_at, job) < (${bind(Number(after[1]))}, ${bind(after[2])})`,
  ].filter((condition) => condition !== null);
  const filter = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  const rows = await database.query<JobRow>(`${JOB}${filter} ORDER BY created_at DESC, job DESC LIMIT $1`, values);
  const jobs = rows.slice(0, query.limit).map(toJob);
  const last = jobs.at(-1);
  return { jobs, nextCursor: rows.length > query.limit && last !== undefined ? `${Math.round(last.job.createdAt)}_${last.job.id}` : null };
}

async function findKey(database: Connections, key: string): Promise<IdempotencyKey | null> {
  const [row] = await database.query<{ body_sha256: string; job: string; created_at: string }>(
    'SELECT body_sha256, job, created_at FROM trainer.idempotency_keys WHERE key = $1',
    [key],
  );
  return row === undefined ? null : { key, bodySha256: row.body_sha256, job: jobId(row.job), createdAt: Number(row.created_at) };
}

/** Of each epoch the rows of its newest attempt. */
function gatherEpochs(rows: readonly MetricRow[]): EpochMetrics[] {
  const byEpoch = new Map<number, { readonly attempt: number; readonly flat: Record<string, Metric> }>();
  for (const { epoch, attempt, name, value } of rows) {
    let known = byEpoch.get(epoch);
    if (known?.attempt !== attempt) byEpoch.set(epoch, (known = { attempt, flat: {} }));
    known.flat[name] = value;
  }
  return [...byEpoch].map(([epoch, { flat }]) => fromFlatMetrics(epoch, flat));
}

function toJob({ request, state }: JobRow): JobRecord {
  return { ...state, job: { ...state.job, request } };
}

function toEvent(job: JobId, row: EventRow): JobEvent {
  const place = { job, number: Number(row.number), at: Number(row.at) };
  return row.type === 'metrics'
    ? { ...place, type: row.type, data: row.data }
    : { ...place, type: row.type, data: { ...row.data, request: row.request } };
}

function toActor({ spec: { storedArgs = null, ...spec }, args, ...row }: ActorRow): Actor {
  return {
    spec: {
      ...spec,
      id: actorId(spec.id),
      args: storedArgs === null ? { kind: 'inline', bytes: args } : { kind: 'stored', ...storedArgs },
    },
    state: row.state,
    restarts: row.restarts,
    deaths: row.deaths,
    hasRun: row.has_run,
    quickRestarts: row.quick_restarts,
  };
}

function toNode(row: NodeRow): StoredNode {
  const { host, version, capacity, labels, engines, state } = row;
  return {
    storedFact: Number(row.stored_fact),
    entry: {
      id: nodeId(row.node),
      incarnation: Number(row.incarnation),
      helloNumber: Number(row.hello_number),
      host,
      version,
      capacity,
      labels,
      engines,
      state,
      stream: null,
      since: Number(row.since),
    },
  };
}
