import type { Actor, EpochMetrics, JobEvent, Lease, Model, SavedState, StoredCheckpoint } from '@trainer/model';
import { isFinalStatus } from '@trainer/model';
import { CommitQueue, FencedError, memoryLeadership, StoreUnavailableError } from '@trainer/head/internal';
import type { Change, ClusterStore, JobRecord, Leadership, LeadershipRow, StoredNode, StoredSession } from '@trainer/head/internal';
import type { Link } from './network.js';
import type { SimProcess, World } from './world.js';

/** Rows of every table, as PostgreSQL would hold them. They outlive every process. */
export interface Rows {
  readonly nodes: Map<string, StoredNode>;
  readonly sessions: Map<string, StoredSession>;
  readonly actors: Map<string, Actor>;
  readonly leases: Map<string, Lease>;
  readonly jobs: Map<string, JobRecord>;
  readonly epochs: Map<string, { readonly job: string; readonly attempt: number; readonly metrics: EpochMetrics }>;
  readonly checkpoints: Map<string, StoredCheckpoint & { readonly job: string }>;
  readonly models: Map<string, Model>;
  readonly events: Map<string, JobEvent>;
  readonly actorStates: Map<string, { readonly incarnation: number; readonly state: SavedState }>;
  readonly bundles: Set<string>;
  readonly keys: Map<
    string,
    { readonly key: string; readonly bodySha256: string; readonly job: JobRecord['job']['id']; readonly createdAt: number }
  >;
}

/** Looks at each row that a transaction is about to write. */
export interface RowWitness {
  /** A head leads under a new head epoch. */
  leads(headEpoch: number): void;
  transaction(headEpoch: number, changes: readonly Change[]): void;
  lease(before: Lease | undefined, after: Lease): void;
  actor(before: Actor | undefined, after: Actor): void;
  job(before: JobRecord | undefined, after: JobRecord): void;
  node(before: StoredNode | undefined, after: StoredNode): void;
  session(before: StoredSession | undefined, after: StoredSession): void;
  committed(): void;
}

/** A statement that takes longer means that PostgreSQL is away. */
const STATEMENT_TIMEOUT_MS = 5_000;

/** PostgreSQL, as the head's adapters see it: transactions are atomic, answers may be lost, and what was written stays. */
export class SimDatabase {
  readonly rows: Rows = {
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
    bundles: new Set(),
    keys: new Map(),
  };
  readonly leadership: LeadershipRow = { headEpoch: 0, head: null, renewals: 0 };
  isUp = true;
  /** So many answers to the next transactions are lost; the transactions happen. */
  answersToLose = 0;
  /** Rises when PostgreSQL is killed: what is under way then is lost. */
  #life = 0;

  constructor(
    readonly world: World,
    readonly witness: RowWitness,
  ) {}

  setUp(isUp: boolean): void {
    if (this.isUp === isUp) return;
    this.world.note('database', isUp ? 'is back' : 'is away');
    this.isUp = isUp;
    this.#life += 1;
  }

  /** One statement of a process. Its answer may be lost; it may even run when its sender has given up. */
  ask<T>(process: SimProcess, link: Link, isWrite: boolean, run: () => T): Promise<T> {
    const { world } = this;
    return new Promise((resolve, reject) => {
      const life = this.#life;
      const settle = (call: () => void): void => {
        timer.cancel();
        process.io(call);
      };
      const fail = (why: string): void => settle(() => reject(new StoreUnavailableError(new Error(why))));
      const timer = process.clock.after(STATEMENT_TIMEOUT_MS, () => reject(new StoreUnavailableError(new Error('no answer in time'))));
      const arrive = (): void => {
        // What lies in the sender's kernel is sent again when the way is healed, whoever still waits for it.
        if (link.isCut) {
          world.after(250, arrive);
          return;
        }
        if (!this.isUp || this.#life !== life) {
          fail('the connection was refused');
          return;
        }
        let answer: () => void;
        try {
          const value = run();
          answer = () => resolve(value);
        } catch (error) {
          answer = () => reject(error as Error);
        }
        if (isWrite && this.answersToLose > 0) {
          this.answersToLose -= 1;
          world.note('database', 'loses an answer');
          world.after(world.random.int(1, 50), () => fail('the connection broke'));
          return;
        }
        world.after(link.delayMs(), () => {
          if (this.#life !== life) fail('the connection broke');
          else if (!link.isCut) settle(answer);
        });
      };
      world.after(link.delayMs(), arrive);
    });
  }

  /** @throws FencedError */
  transact(headEpoch: number, changes: readonly Change[]): void {
    if (this.leadership.headEpoch !== headEpoch) throw new FencedError(headEpoch, null);
    this.witness.transaction(headEpoch, changes);
    for (const change of changes) this.#write(change);
    this.witness.committed();
    this.world.isChanged = true;
  }

  #write(change: Change): void {
    const { rows, witness } = this;
    const put = <Row>(table: Map<string, Row>, key: string, row: Row, look: (before: Row | undefined, after: Row) => void): void => {
      look(table.get(key), row);
      table.set(key, row);
    };
    for (const node of change.nodes ?? []) put(rows.nodes, node.entry.id, node, (before, after) => witness.node(before, after));
    for (const session of change.sessions ?? []) put(rows.sessions, session.id, session, (before, after) => witness.session(before, after));
    for (const { actor } of change.newActors ?? [])
      if (!rows.actors.has(actor.spec.id)) put(rows.actors, actor.spec.id, actor, (before, after) => witness.actor(before, after));
    for (const actor of change.actors ?? []) {
      const before = rows.actors.get(actor.spec.id);
      if (before !== undefined && before.state.at !== 'dead') put(rows.actors, actor.spec.id, actor, () => witness.actor(before, actor));
    }
    for (const lease of change.leases ?? []) put(rows.leases, lease.id, lease, (before, after) => witness.lease(before, after));
    for (const record of change.newJobs ?? [])
      if (!rows.jobs.has(record.job.id)) put(rows.jobs, record.job.id, record, (before, after) => witness.job(before, after));
    for (const record of change.jobs ?? []) {
      const before = rows.jobs.get(record.job.id);
      if (before !== undefined && before.lastEvent <= record.lastEvent)
        put(rows.jobs, record.job.id, record, () => witness.job(before, record));
    }
    this.#insert(change);
  }

  #insert(change: Change): void {
    const { rows } = this;
    const insert = <Row>(table: Map<string, Row>, key: string, row: Row): void => {
      if (!table.has(key)) table.set(key, row);
    };
    for (const row of change.epochs ?? []) insert(rows.epochs, `${row.job}/${row.attempt}/${row.metrics.epoch}`, row);
    for (const { job, attempt, checkpoint, createdAt } of change.checkpoints ?? []) {
      const id = `${job}_${attempt}_${checkpoint.epoch}`;
      insert(rows.checkpoints, id, { id, job, createdAt, checkpoint });
    }
    for (const model of change.models ?? []) insert(rows.models, model.job, model);
    for (const event of change.events ?? []) insert(rows.events, `${event.job}/${event.number}`, event);
    for (const { actor, incarnation, state } of change.actorStates ?? []) rows.actorStates.set(actor, { incarnation, state });
    for (const { hash } of change.bundles ?? []) rows.bundles.add(hash);
    for (const key of change.keys ?? []) insert(rows.keys, key.key, key);
  }

  /** A process's view of the leadership row; a leader without a connection left is followed at once, as PostgreSQL knows. */
  leadershipOf(process: SimProcess, link: Link, isConnected: (head: string) => boolean): Leadership {
    const memory = memoryLeadership(this.leadership, process.clock, 3_000);
    const row = this.leadership;
    // The memory adapter decides before its first wait, so that the answer is that of one moment.
    const ask = async <T>(run: () => Promise<T>): Promise<T> => {
      const { answer } = await this.ask(process, link, true, () => {
        const before = row.headEpoch;
        const answer = run();
        if (row.headEpoch !== before) this.witness.leads(row.headEpoch);
        return { answer };
      });
      return answer;
    };
    return {
      acquire: (candidate) =>
        ask(() => {
          if (row.head !== null && !isConnected(row.head)) row.head = null;
          return memory.acquire(candidate);
        }),
      renew: (candidate, held) => ask(() => memory.renew(candidate, held)),
      raise: (candidate, held, to) => ask(() => memory.raise(candidate, held, to)),
      resign: (candidate, held) => ask(() => memory.resign(candidate, held)),
    };
  }

  /** A head's store. */
  storeOf(process: SimProcess, link: Link, headEpoch: () => number): ClusterStore {
    const { rows } = this;
    const queue = new CommitQueue((changes) => {
      const epoch = headEpoch();
      return this.ask(process, link, true, () => {
        this.transact(epoch, changes);
        return changes.length;
      });
    });
    const read = <T>(run: () => T): Promise<T> => this.ask(process, link, false, run);
    return {
      load: async () => {
        const state = await read(() => loadAll(rows));
        queue.mend();
        return state;
      },
      commit: (change) => queue.push(change),
      job: (id) => read(() => rows.jobs.get(id) ?? null),
      jobs: () => read(() => ({ jobs: [...rows.jobs.values()], nextCursor: null })),
      epochs: (job) => read(() => [...rows.epochs.values()].filter((row) => row.job === job).map(({ metrics }) => metrics)),
      checkpoints: (job) => read(() => [...rows.checkpoints.values()].filter((row) => row.job === job)),
      events: (job, after, limit) =>
        read(() => [...rows.events.values()].filter((event) => event.job === job && event.number > after).slice(0, limit)),
      model: (job) => read(() => rows.models.get(job) ?? null),
      models: () => read(() => ({ models: [...rows.models.values()], total: rows.models.size })),
      actor: (id) => read(() => rows.actors.get(id) ?? null),
      actorState: (id) => read(() => rows.actorStates.get(id)?.state ?? null),
      actors: (limit) => read(() => [...rows.actors.values()].reverse().slice(0, limit)),
      hasSessionEnded: (id) => read(() => rows.sessions.get(id)?.state === 'ended'),
      leasesOf: (holder) =>
        read(() =>
          [...rows.leases.values()].filter(({ holder: of }) => (of.kind === 'actor' ? of.actor : of.job) === holder).map(({ id }) => id),
        ),
      key: (key) => read(() => rows.keys.get(key) ?? null),
      hasBundle: (hash) => read(() => rows.bundles.has(hash)),
      close: async () => undefined,
    };
  }
}

/** As the SQL of the real store: everything that has not ended. */
function loadAll(rows: Rows): Awaited<ReturnType<ClusterStore['load']>> {
  const isOver = (record: JobRecord | undefined): boolean => record === undefined || isFinalStatus(record.job.status);
  return {
    nodes: [...rows.nodes.values()].map((node) => ({ ...node, entry: { ...node.entry, stream: null } })),
    sessions: [...rows.sessions.values()].filter(({ state }) => state === 'open'),
    actors: [...rows.actors.values()].filter(({ state }) => state.at !== 'dead'),
    leases: [...rows.leases.values()].filter(
      ({ state, holder }) => state !== 'ended' && (state !== 'lost' || (holder.kind === 'rank' && !isOver(rows.jobs.get(holder.job)))),
    ),
    jobs: [...rows.jobs.values()].filter((record) => !isOver(record) || !record.isCleaned),
  };
}
