import type { Actor, Attempt, EpochMetrics, JobEvent, JobId, Lease, Metric, SavedState } from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import type { Change, StoredActorState, StoredNode } from './cluster-store.js';

type Row = Readonly<Record<string, unknown>>;

/** How rows of one kind are written: one statement for all of them, from one JSON text, its parameter. */
export interface Table {
  readonly columns: Readonly<Record<string, string>>;
  readonly write: (source: string) => string;
}

const FINAL = "'dead'";

/** All kinds of rows. */
export const TABLES = {
  nodes: upsert('nodes', ['node'], {
    node: 'text',
    incarnation: 'bigint',
    hello_number: 'bigint',
    stored_fact: 'bigint',
    state: 'text',
    since: 'bigint',
    host: 'text',
    version: 'text',
    capacity: 'jsonb',
    labels: 'jsonb',
    engines: 'jsonb',
  }),
  sessions: upsert('sessions', ['session'], { session: 'text', state: 'text', since: 'bigint' }),
  newActors: {
    columns: {
      actor: 'text',
      session: 'text',
      at: 'text',
      created_at: 'bigint',
      spec: 'jsonb',
      args: 'text',
      state: 'jsonb',
      restarts: 'integer',
    },
    // Only the same actor again is passed over: a second one of its name is a defect of this head's, and fails.
    write: (source) =>
      `INSERT INTO trainer.actors (actor, session, at, created_at, spec, args, state, restarts) SELECT actor, session, at, created_at, spec, decode(args, 'base64'), state, restarts FROM ${source} ON CONFLICT (actor) DO NOTHING`,
  },
  actors: update(
    'actors',
    'actor',
    { actor: 'text', at: 'text', state: 'jsonb', restarts: 'integer', deaths: 'jsonb', has_run: 'boolean', quick_restarts: 'integer' },
    `t.at <> ${FINAL}`,
    // Who has ended is never constructed again.
    `, args = CASE x.at WHEN ${FINAL} THEN ''::bytea ELSE t.args END`,
  ),
  actorStates: upsert('actor_states', ['actor'], { actor: 'text', incarnation: 'integer', saved_at: 'bigint', state: 'jsonb' }),
  forgottenStates: {
    columns: { actor: 'text' },
    write: (source) => `DELETE FROM trainer.actor_states t USING ${source} WHERE t.actor = x.actor`,
  },
  leases: upsert('leases', ['lease'], {
    lease: 'text',
    node: 'text',
    node_incarnation: 'bigint',
    holder_kind: 'text',
    holder_id: 'text',
    attempt: 'integer',
    rank: 'integer',
    state: 'text',
    since: 'bigint',
    body: 'jsonb',
  }),
  newJobs: insert('jobs', {
    job: 'text',
    created_at: 'bigint',
    status: 'text',
    phase: 'text',
    attempt: 'integer',
    model_id: 'text',
    experiment_name: 'text',
    tags: 'jsonb',
    request: 'jsonb',
    state: 'jsonb',
    last_event: 'bigint',
  }),
  jobs: update(
    'jobs',
    'job',
    { job: 'text', status: 'text', phase: 'text', attempt: 'integer', state: 'jsonb', last_event: 'bigint' },
    't.last_event <= x.last_event',
  ),
  attempts: upsertOnly('attempts', ['job', 'attempt'], ['ended_at', 'body'], {
    job: 'text',
    attempt: 'integer',
    world_size: 'integer',
    started_at: 'bigint',
    ended_at: 'bigint',
    body: 'jsonb',
  }),
  epochs: insert('epoch_metrics', { job: 'text', attempt: 'integer', epoch: 'integer', name: 'text', value: 'double precision' }),
  checkpoints: insert('checkpoints', { job: 'text', attempt: 'integer', epoch: 'integer', created_at: 'bigint', body: 'jsonb' }),
  models: insert('models', { job: 'text', model_id: 'text', task: 'text', created_at: 'bigint', body: 'jsonb' }),
  deletedModels: {
    columns: { job: 'text' },
    write: (source) => `DELETE FROM trainer.models t USING ${source} WHERE t.job = x.job`,
  },
  events: insert('events', { job: 'text', number: 'bigint', type: 'text', at: 'bigint', data: 'jsonb' }),
  bundles: insert('bundles', { hash: 'text', bytes: 'bigint', created_at: 'bigint' }),
  keys: insert('idempotency_keys', { key: 'text', body_sha256: 'text', job: 'text', created_at: 'bigint' }),
  tokens: upsertOnly('tokens', ['token'], ['revoked_at'], {
    token: 'text',
    sha256: 'text',
    name: 'text',
    scope: 'text',
    created_at: 'bigint',
    revoked_at: 'bigint',
  }),
} satisfies Readonly<Record<keyof Change, Table>>;

export type TableName = keyof typeof TABLES;
/** In the order in which they are written. */
export const TABLE_NAMES: readonly TableName[] = [
  'nodes',
  'sessions',
  'newActors',
  'actors',
  'actorStates',
  'forgottenStates',
  'leases',
  'newJobs',
  'jobs',
  'attempts',
  'epochs',
  'checkpoints',
  'models',
  'deletedModels',
  'events',
  'bundles',
  'keys',
  'tokens',
];

/** The rows of one kind that a change writes, each under its key. */
export function rowsOf(name: TableName, change: Change): Iterable<readonly [string, Row]> {
  switch (name) {
    case 'nodes':
      return (change.nodes ?? []).map((node) => [node.entry.id, nodeRow(node)]);
    case 'sessions':
      return (change.sessions ?? []).map(({ id, state, since }) => [id, { session: id, state, since: whole(since) }]);
    case 'newActors':
      return (change.newActors ?? []).map(({ actor, createdAt }) => [actor.spec.id, newActorRow(actor, createdAt)]);
    case 'actors':
      return (change.actors ?? []).map((actor) => [actor.spec.id, actorRow(actor)]);
    case 'actorStates':
      return (change.actorStates ?? []).map((stored) => [stored.actor, actorStateRow(stored)]);
    case 'forgottenStates':
      return (change.forgottenStates ?? []).map((actor) => [actor, { actor }]);
    case 'leases':
      return (change.leases ?? []).map((lease) => [lease.id, leaseRow(lease)]);
    case 'newJobs':
      return (change.newJobs ?? []).map((record) => [record.job.id, { ...jobRow(record), ...requestColumns(record) }]);
    case 'jobs':
      return (change.jobs ?? []).map((record) => [record.job.id, jobRow(record)]);
    case 'attempts':
      return (change.attempts ?? []).map(({ job, attempt }) => [`${job}/${attempt.number}`, attemptRow(job, attempt)]);
    case 'epochs':
      return (change.epochs ?? []).flatMap(({ job, attempt, metrics }) =>
        Object.entries(flatMetrics(metrics)).map(
          ([metric, value]) =>
            [`${job}/${attempt}/${metrics.epoch}/${metric}`, { job, attempt, epoch: metrics.epoch, name: metric, value }] as const,
        ),
      );
    case 'checkpoints':
      return (change.checkpoints ?? []).map(({ job, attempt, checkpoint, createdAt }) => [
        `${job}/${attempt}/${checkpoint.epoch}`,
        { job, attempt, epoch: checkpoint.epoch, created_at: whole(createdAt), body: checkpoint },
      ]);
    case 'models':
      return (change.models ?? []).map((body) => [
        body.job,
        { job: body.job, model_id: body.modelId, task: body.task, created_at: whole(body.createdAt), body },
      ]);
    case 'deletedModels':
      return (change.deletedModels ?? []).map((job) => [job, { job }]);
    case 'events':
      return (change.events ?? []).map((event) => [`${event.job}/${event.number}`, eventRow(event)]);
    case 'bundles':
      return (change.bundles ?? []).map(({ hash, bytes, createdAt }) => [hash, { hash, bytes, created_at: whole(createdAt) }]);
    case 'keys':
      return (change.keys ?? []).map(({ key, bodySha256, job, createdAt }) => [
        key,
        { key, body_sha256: bodySha256, job, created_at: whole(createdAt) },
      ]);
    case 'tokens':
      return (change.tokens ?? []).map(({ id, sha256, name, scope, createdAt, revokedAt }) => [
        id,
        { token: id, sha256, name, scope, created_at: whole(createdAt), revoked_at: revokedAt === null ? null : whole(revokedAt) },
      ]);
  }
}

function attemptRow(job: JobId, attempt: Attempt): Row {
  const { number, workers, startedAt, endedAt } = attempt;
  const times = { started_at: whole(startedAt), ended_at: endedAt === null ? null : whole(endedAt) };
  return { job, attempt: number, world_size: workers, ...times, body: attempt };
}

function nodeRow({ entry, storedFact }: StoredNode): Row {
  const { id, incarnation, helloNumber, state, since, host, version, capacity, labels, engines } = entry;
  const numbers = { incarnation, hello_number: helloNumber, stored_fact: storedFact };
  return { node: id, ...numbers, state, since: whole(since), host, version, capacity, labels, engines };
}

const NO_ARGS = new Uint8Array();

/** Small arguments are a column, larger ones an object that the row names. */
function newActorRow(actor: Actor, createdAt: number): Row {
  const { args, ...named } = actor.spec;
  const [bytes, storedArgs] = args.kind === 'inline' ? [args.bytes, null] : [NO_ARGS, { bytes: args.bytes, sha256: args.sha256 }];
  const spec = { ...named, storedArgs };
  return {
    actor: spec.id,
    session: spec.session,
    at: actor.state.at,
    created_at: whole(createdAt),
    spec,
    args: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    state: actor.state,
    restarts: actor.restarts,
  };
}

function actorRow({ spec, state, restarts, deaths, hasRun, quickRestarts }: Actor): Row {
  return { actor: spec.id, at: state.at, state, restarts, deaths, has_run: hasRun, quick_restarts: quickRestarts };
}

function actorStateRow({ actor, incarnation, savedAt, state }: StoredActorState): Row {
  return { actor, incarnation, saved_at: whole(savedAt), state: savedStateColumn(state) };
}

/** Bytes as base64: jsonb holds none. */
function savedStateColumn(state: SavedState): Row {
  if (state.kind === 'object') return { ...state };
  const { bytes } = state;
  return { kind: state.kind, base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
}

/** The reverse, from the column. */
export function fromSavedStateColumn(column: SavedStateColumn): SavedState {
  return column.kind === 'object' ? column : { kind: 'inline', bytes: Buffer.from(column.base64, 'base64') };
}
export type SavedStateColumn = Extract<SavedState, { kind: 'object' }> | { readonly kind: 'inline'; readonly base64: string };

function leaseRow(lease: Lease): Row {
  const { holder } = lease;
  const of = holder.kind === 'actor' ? { holder_id: holder.actor } : { holder_id: holder.job, attempt: holder.attempt, rank: holder.rank };
  return {
    lease: lease.id,
    node: lease.node,
    node_incarnation: lease.nodeIncarnation,
    holder_kind: holder.kind,
    ...of,
    state: lease.state,
    since: whole(lease.since),
    body: lease,
  };
}

function jobRow(record: JobRecord): Row {
  const { request: _request, ...job } = record.job;
  return {
    job: job.id,
    status: job.status,
    phase: job.phase,
    attempt: job.attempt,
    last_event: record.lastEvent,
    state: { ...record, job },
  };
}

function requestColumns({ job }: JobRecord): Row {
  const { request } = job;
  return {
    created_at: whole(job.createdAt),
    model_id: request.modelId,
    experiment_name: request.experimentName,
    tags: request.tags,
    request,
  };
}

/** The request is in the job's row already; it would be repeated in every event. */
function eventRow(event: JobEvent): Row {
  const place = { job: event.job, number: event.number, type: event.type, at: whole(event.at) };
  if (event.type === 'metrics') return { ...place, data: event.data };
  const { request: _request, ...data } = event.data;
  return { ...place, data };
}

/** The five named metrics under their REST names, beside the additional ones. */
export function flatMetrics(metrics: EpochMetrics): Record<string, Metric> {
  return {
    ...metrics.additional,
    train_loss: metrics.trainLoss,
    val_loss: metrics.valLoss,
    train_accuracy: metrics.trainAccuracy,
    val_accuracy: metrics.valAccuracy,
    learning_rate: metrics.learningRate,
  };
}

/** The reverse of `flatMetrics`. */
export function fromFlatMetrics(epoch: number, flat: Readonly<Record<string, Metric>>): EpochMetrics {
  const { train_loss, val_loss, train_accuracy, val_accuracy, learning_rate, ...additional } = flat;
  return {
    epoch,
    trainLoss: train_loss ?? null,
    valLoss: val_loss ?? null,
    trainAccuracy: train_accuracy ?? null,
    valAccuracy: val_accuracy ?? null,
    learningRate: learning_rate ?? null,
    additional,
  };
}

function whole(ms: number): number {
  return Math.round(ms);
}

function insert(table: string, columns: Readonly<Record<string, string>>): Table {
  const names = Object.keys(columns).join(', ');
  return { columns, write: (source) => `INSERT INTO trainer.${table} (${names}) SELECT ${names} FROM ${source} ON CONFLICT DO NOTHING` };
}

function upsert(table: string, key: readonly string[], columns: Readonly<Record<string, string>>): Table {
  return upsertOnly(
    table,
    key,
    Object.keys(columns).filter((name) => !key.includes(name)),
    columns,
  );
}

/** Of a row that is there already only the columns of `changing` are written. */
function upsertOnly(table: string, key: readonly string[], changing: readonly string[], columns: Readonly<Record<string, string>>): Table {
  const names = Object.keys(columns);
  const set = changing.map((name) => `${name} = EXCLUDED.${name}`);
  return {
    columns,
    write: (source) =>
      `INSERT INTO trainer.${table} (${names.join(', ')}) SELECT ${names.join(', ')} FROM ${source} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`,
  };
}

function update(table: string, key: string, columns: Readonly<Record<string, string>>, unless: string, also = ''): Table {
  const set = Object.keys(columns)
    .filter((name) => name !== key)
    .map((name) => `${name} = x.${name}`);
  return {
    columns,
    write: (source) => `UPDATE trainer.${table} t SET ${set.join(', ')}${also} FROM ${source} WHERE t.${key} = x.${key} AND ${unless}`,
  };
}
