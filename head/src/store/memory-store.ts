import { isFinalStatus, STATUSES } from '@trainer/model';
import type {
  Actor,
  ActorId,
  EpochMetrics,
  Experiment,
  JobEvent,
  JobId,
  Lease,
  Millis,
  Model,
  NodeId,
  SavedState,
  StoredCheckpoint,
} from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import type {
  Change,
  ClusterStore,
  Forgettable,
  IdempotencyKey,
  JobQuery,
  StoredNode,
  StoredSession,
  StoredState,
  StoredToken,
} from './cluster-store.js';
import { CommitQueue } from './commit-queue.js';
import { FencedError } from './errors.js';

/** Rows of every table, as PostgreSQL would hold them. */
export interface MemoryRows {
  readonly nodes: Map<string, StoredNode>;
  readonly sessions: Map<string, StoredSession>;
  readonly actors: Map<string, Actor>;
  readonly leases: Map<string, Lease>;
  readonly jobs: Map<string, JobRecord>;
  readonly epochs: Map<string, { readonly job: JobId; readonly attempt: number; readonly metrics: EpochMetrics }>;
  readonly checkpoints: Map<string, StoredCheckpoint & { readonly job: JobId }>;
  readonly models: Map<string, Model>;
  readonly events: Map<string, JobEvent>;
  readonly actorStates: Map<string, { readonly incarnation: number; readonly state: SavedState }>;
  readonly bundles: Map<string, Millis>;
  readonly keys: Map<string, IdempotencyKey>;
  readonly tokens: Map<string, StoredToken>;
}

/** Looks at each row that is about to be written. */
export interface RowLook {
  lease(before: Lease | undefined, after: Lease): void;
  actor(before: Actor | undefined, after: Actor): void;
  job(before: JobRecord | undefined, after: JobRecord): void;
  node(before: StoredNode | undefined, after: StoredNode): void;
  session(before: StoredSession | undefined, after: StoredSession): void;
}

type Written = 'commit' | 'forget' | 'room' | 'close';

/** What the store reads, at once. */
export type MemoryReads = {
  readonly [Name in Exclude<keyof ClusterStore, Written>]: ClusterStore[Name] extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result
    : never;
};

export function emptyRows(): MemoryRows {
  return {
    nodes: new Map(),
    sessions: new Map(),
    actors: new Map(),
    leases: new Map(),
    jobs: new Map(),
    epochs: new Map(),
    checkpoints: new Map(),
    models: new Map(),
    events: new Map(),
    actorStates: new Map(),
    bundles: new Map(),
    keys: new Map(),
    tokens: new Map(),
  };
}

/** A store in memory, for tests. `isLeading`: may it still write? */
export function memoryStore(rows: MemoryRows, isLeading: () => boolean, nodesSince: () => Millis = () => 0): ClusterStore {
  const fence = (): void => {
    if (!isLeading()) throw new FencedError(0, null);
  };
  const queue = new CommitQueue(async (changes) => {
    fence();
    for (const change of changes) writeRows(rows, change, null);
    return changes.length;
  });
  const { load, ...reads } = asyncReads(memoryReads(rows, nodesSince), async (run) => run());
  return {
    ...reads,
    async load() {
      const state = await load();
      queue.mend();
      return state;
    },
    commit: (change) => queue.push(change),
    async forget(what, before, limit) {
      fence();
      return forgetRows(rows, what, before, limit);
    },
    async room() {},
    async close() {},
  };
}

/** The same reads as a store answers them: each through `ask`, which may be late or fail. */
export function asyncReads(reads: MemoryReads, ask: <T>(run: () => T) => Promise<T>): Omit<ClusterStore, Written> {
  const all = Object.entries(reads as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>);
  const later = all.map(([name, read]) => [name, (...args: readonly unknown[]) => ask(() => read(...args))]);
  return Object.fromEntries(later) as Omit<ClusterStore, Written>;
}

/** Writes a change, or throws with nothing written. */
export function writeRows(rows: MemoryRows, change: Change, look: RowLook | null): void {
  checkNames(rows, change);
  for (const node of change.nodes ?? []) put(rows.nodes, node.entry.id, node, look?.node.bind(look));
  for (const session of change.sessions ?? []) put(rows.sessions, session.id, session, look?.session.bind(look));
  for (const { actor } of change.newActors ?? [])
    if (!rows.actors.has(actor.spec.id)) put(rows.actors, actor.spec.id, actor, look?.actor.bind(look));
  for (const actor of change.actors ?? []) {
    const before = rows.actors.get(actor.spec.id);
    if (before !== undefined && before.state.at !== 'dead') put(rows.actors, actor.spec.id, stripped(actor), look?.actor.bind(look));
  }
  for (const lease of change.leases ?? []) put(rows.leases, lease.id, lease, look?.lease.bind(look));
  for (const record of change.newJobs ?? []) if (!rows.jobs.has(record.job.id)) put(rows.jobs, record.job.id, record, look?.job.bind(look));
  for (const record of change.jobs ?? []) {
    const before = rows.jobs.get(record.job.id);
    if (before !== undefined && before.lastEvent <= record.lastEvent) put(rows.jobs, record.job.id, record, look?.job.bind(look));
  }
  insertRows(rows, change);
}

/** Who has ended is never constructed again. */
function stripped(actor: Actor): Actor {
  if (actor.state.at !== 'dead') return actor;
  return { ...actor, spec: { ...actor.spec, args: { kind: 'inline', bytes: Buffer.alloc(0) } } };
}

function insertRows(rows: MemoryRows, change: Change): void {
  for (const row of change.epochs ?? []) insert(rows.epochs, `${row.job}/${row.attempt}/${row.metrics.epoch}`, row);
  for (const { job, attempt, checkpoint, createdAt } of change.checkpoints ?? []) {
    const id = `${job}_${attempt}_${checkpoint.epoch}`;
    insert(rows.checkpoints, id, { id, job, createdAt, checkpoint });
  }
  for (const model of change.models ?? []) insert(rows.models, model.job, model);
  for (const job of change.deletedModels ?? []) rows.models.delete(job);
  for (const event of change.events ?? []) insert(rows.events, `${event.job}/${event.number}`, event);
  for (const { actor, incarnation, state } of change.actorStates ?? []) rows.actorStates.set(actor, { incarnation, state });
  for (const actor of change.forgottenStates ?? []) rows.actorStates.delete(actor);
  for (const { hash, createdAt } of change.bundles ?? []) insert(rows.bundles, hash, createdAt);
  for (const key of change.keys ?? []) insert(rows.keys, key.key, key);
  for (const token of change.tokens ?? [])
    rows.tokens.set(token.id, { ...token, ...rows.tokens.get(token.id), revokedAt: token.revokedAt });
}

function put<Row>(table: Map<string, Row>, key: string, row: Row, look?: (before: Row | undefined, after: Row) => void): void {
  look?.(table.get(key), row);
  table.set(key, row);
}

function insert<Row>(table: Map<string, Row>, key: string, row: Row): void {
  if (!table.has(key)) table.set(key, row);
}

/** As the unique index of names. */
function checkNames(rows: MemoryRows, { newActors = [] }: Change): void {
  for (const { actor } of newActors) {
    const { id, name, namespace } = actor.spec;
    if (name === null || rows.actors.has(id)) continue;
    for (const { spec, state } of rows.actors.values())
      if (state.at !== 'dead' && spec.name === name && spec.namespace === namespace) throw new Error(`the name ${name} is taken`);
  }
}

/** Everything that has not ended, and what it needs. */
function loadRows(rows: MemoryRows, nodesSince: Millis): StoredState {
  return {
    nodes: [...rows.nodes.values()]
      .filter(({ entry }) => entry.state !== 'lost' || entry.since >= nodesSince)
      .map((node) => ({ ...node, entry: { ...node.entry, stream: null } })),
    sessions: [...rows.sessions.values()].filter(({ state }) => state === 'open'),
    actors: [...rows.actors.values()].filter(({ state }) => state.at !== 'dead'),
    leases: [...rows.leases.values()].filter(
      ({ state, holder }) => state !== 'ended' && (state !== 'lost' || (holder.kind === 'rank' && !isOver(rows.jobs.get(holder.job)))),
    ),
    jobs: [...rows.jobs.values()].filter((record) => !isOver(record) || !record.isCleaned),
  };
}

/** As the SQL of the real store. */
export function memoryReads(rows: MemoryRows, nodesSince: () => Millis = () => 0): MemoryReads {
  const of = <Row extends { readonly job: string }>(table: Map<string, Row>, job: string): Row[] =>
    [...table.values()].filter((row) => row.job === job);
  return {
    load: () => loadRows(rows, nodesSince()),
    job: (id) => rows.jobs.get(id) ?? null,
    jobs: (query) => listJobs(rows, query),
    ...experimentReads(rows),
    epochs: (job, last) => {
      const newest = new Map<number, { readonly attempt: number; readonly metrics: EpochMetrics }>();
      for (const row of of(rows.epochs, job))
        if (row.attempt >= (newest.get(row.metrics.epoch)?.attempt ?? 0)) newest.set(row.metrics.epoch, row);
      const all = [...newest.values()].map(({ metrics }) => metrics).sort((a, b) => a.epoch - b.epoch);
      return last === null ? all : all.slice(-last);
    },
    checkpoints: (job) => of(rows.checkpoints, job).map(({ job: _job, ...checkpoint }) => checkpoint),
    events: (job, after, limit) =>
      of(rows.events, job)
        .filter(({ number }) => number > after)
        .sort((a, b) => a.number - b.number)
        .slice(0, limit),
    model: (job) => rows.models.get(job) ?? null,
    jobsWithFiles: (jobs) => new Set(jobs.filter((job) => rows.jobs.has(job) && (!isOver(rows.jobs.get(job)) || rows.models.has(job)))),
    models: (page, pageSize) => {
      const models = [...rows.models.values()].sort((a, b) => b.createdAt - a.createdAt || (a.job < b.job ? 1 : -1));
      return { models: models.slice((page - 1) * pageSize, page * pageSize), total: models.length };
    },
    actor: (id) => rows.actors.get(id) ?? null,
    actorState: (id) => rows.actorStates.get(id)?.state ?? null,
    actors: (limit) => [...rows.actors.values()].reverse().slice(0, limit),
    hasSessionEnded: (id) => rows.sessions.get(id)?.state === 'ended',
    leasesOf: (holder) =>
      [...rows.leases.values()]
        .filter((lease) => holderOf(lease) === holder)
        .sort((a, b) => a.since - b.since)
        .map(({ id }) => id),
    key: (key) => rows.keys.get(key) ?? null,
    hasBundle: (hash) => rows.bundles.has(hash),
    tokens: () =>
      [...rows.tokens.values()]
        .filter(({ revokedAt }) => revokedAt === null)
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)),
    tokenOf: (sha256) => [...rows.tokens.values()].find((token) => token.sha256 === sha256) ?? null,
  };
}

function listJobs(rows: MemoryRows, { status, modelId, experimentName, tag, cursor, limit }: JobQuery): ReturnType<MemoryReads['jobs']> {
  const nameOf = ({ job }: JobRecord): string => `${String(Math.round(job.createdAt)).padStart(15, '0')}_${job.id}`;
  const [at = '', ...id] = cursor?.split('_') ?? [];
  const after = cursor === null ? null : `${at.padStart(15, '0')}_${id.join('_')}`;
  const found = [...rows.jobs.values()]
    .filter(({ job }) => (status === null || job.status === status) && (modelId === null || job.request.modelId === modelId))
    .filter(({ job }) => experimentName === null || job.request.experimentName === experimentName)
    .filter(({ job }) => tag === null || job.request.tags[tag.name] === tag.value)
    .filter((record) => after === null || nameOf(record) < after)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? 1 : -1));
  const jobs = found.slice(0, limit);
  const last = jobs.at(-1)?.job;
  return { jobs, nextCursor: found.length > limit && last !== undefined ? `${Math.round(last.createdAt)}_${last.id}` : null };
}

function experimentReads(rows: MemoryRows): Pick<MemoryReads, 'experiments' | 'leaderboard' | 'metricsOf'> {
  const jobsOf = (experiment: string): JobRecord[] =>
    [...rows.jobs.values()].filter(({ job }) => job.request.experimentName === experiment);
  const completedOf = (experiment: string): JobRecord[] => jobsOf(experiment).filter(({ job }) => job.status === 'completed');
  return {
    experiments(limit) {
      const names = [...new Set([...rows.jobs.values()].map(({ job }) => job.request.experimentName))];
      const found = names.map((name) => {
        const jobs = jobsOf(name);
        const counts = STATUSES.map((status) => [status, jobs.filter(({ job }) => job.status === status).length] as const);
        const newestAt = Math.max(...jobs.map(({ job }) => Math.round(job.createdAt)));
        return { name, newestAt, jobs: Object.fromEntries(counts) as Experiment['jobs'] };
      });
      return found.sort((a, b) => b.newestAt - a.newestAt || (a.name < b.name ? -1 : 1)).slice(0, limit);
    },
    leaderboard({ experiment, metric, isLessBetter, limit }) {
      const scored = completedOf(experiment).flatMap((record) => {
        const score = record.job.bestMetrics[metric];
        return typeof score === 'number' ? [{ record, score: isLessBetter ? score : -score }] : [];
      });
      return scored
        .sort((a, b) => a.score - b.score || a.record.job.createdAt - b.record.job.createdAt)
        .slice(0, limit)
        .map(({ record }) => record);
    },
    metricsOf(experiment) {
      if (jobsOf(experiment).length === 0) return null;
      const names = completedOf(experiment).flatMap(({ job }) =>
        Object.entries(job.bestMetrics).flatMap(([name, value]) => (value === null ? [] : [name])),
      );
      return [...new Set(names)].sort();
    },
  };
}

/** @returns how many rows are gone. */
export function forgetRows(rows: MemoryRows, what: Forgettable, before: Millis, limit: number): number {
  const isUnended = (holder: string): boolean => {
    const actor = rows.actors.get(holder);
    return (actor !== undefined && actor.state.at !== 'dead') || (rows.jobs.has(holder) && !isOver(rows.jobs.get(holder)));
  };
  const isOld = (job: JobId): boolean => {
    const endedAt = rows.jobs.get(job)?.job.completedAt ?? null;
    return endedAt !== null && endedAt < before;
  };
  const remove = <Row>(table: Map<string, Row>, isOver: (row: Row, key: string) => boolean): number => {
    const keys = [...table].filter(([key, row]) => isOver(row, key)).slice(0, limit);
    for (const [key] of keys) table.delete(key);
    return keys.length;
  };
  const unended = [...rows.actors.values()].filter(({ state }) => state.at !== 'dead');
  switch (what) {
    case 'actors':
      return remove(rows.actors, ({ state }) => state.at === 'dead' && state.since < before);
    case 'leases':
      return remove(rows.leases, (lease) => isFinal(lease) && lease.since < before && !isUnended(holderOf(lease)));
    case 'sessions':
      return remove(
        rows.sessions,
        ({ id, state, since }) => state === 'ended' && since < before && !unended.some(({ spec }) => spec.session === id),
      );
    case 'nodes':
      return remove(rows.nodes, ({ entry }) => entry.state === 'lost' && entry.since < before && !holdsLease(rows, entry.id));
    case 'keys':
      return remove(rows.keys, ({ createdAt, job }) => createdAt < before && !isUnended(job));
    case 'bundles':
      return remove(rows.bundles, (createdAt, hash) => createdAt < before && !isUsed(rows, hash));
    case 'events':
      return remove(rows.events, ({ job, number }) => isOld(job) && number < (rows.jobs.get(job)?.lastEvent ?? 0));
    case 'metrics':
      return remove(rows.epochs, ({ job }) => isOld(job)) + remove(rows.checkpoints, ({ job }) => isOld(job));
  }
}

function holdsLease(rows: MemoryRows, node: NodeId): boolean {
  return [...rows.leases.values()].some((lease) => lease.node === node && !isFinal(lease));
}

function isUsed(rows: MemoryRows, hash: string): boolean {
  return [...rows.actors.values()].some(({ spec }) => spec.classRef.kind === 'bundle' && spec.classRef.hash === hash);
}

function isFinal({ state }: Lease): boolean {
  return state === 'ended' || state === 'lost';
}

function isOver(record: JobRecord | undefined): boolean {
  return record === undefined || isFinalStatus(record.job.status);
}

function holderOf({ holder }: Lease): ActorId | JobId {
  return holder.kind === 'actor' ? holder.actor : holder.job;
}
