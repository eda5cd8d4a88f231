import { available, isFinalLease, isFinalStatus } from '@trainer/model';
import type {
  Actor,
  ActorId,
  ActorView,
  FactBody,
  JobId,
  JobStatus,
  Lease,
  LeaseId,
  NodeId,
  PlaceReply,
  PlaceRequest,
  RefusedFact,
  SessionId,
  StreamId,
} from '@trainer/model';
import { heldGrants } from '@trainer/agent/internal';
import type { Launch } from '@trainer/agent/internal';
import type { Change, JobRecord, StoredNode, StoredSession } from '@trainer/head/internal';
import type { SimChild } from './child.js';
import type { RowWitness } from './database.js';
import { TIMERS, type AgentPart, type HeadPart, type Stage, type Teller } from './ground.js';

/** A process that outlives the head's last sign by more than design.md section 5 allows: a heartbeat and a kill later than the limit. */
const HEADLESS_SLACK_MS = 2_500;

/**
 * What must hold of the whole cluster, each by its number.
 *
 *   1 one process per lease id, ever; no actor with two unfenced leases, no rank either.
 *   2 no ledger over capacity, and no node's processes; at rest ledger = the head's rows = processes.
 *   3 stored facts are a gapless prefix per incarnation, once each; what was acknowledged survives every crash.
 *   4 final states stay, in whatever order, number and delay messages come. (That any order leads to the same state: 14.)
 *   5 head epochs rise; only the newest commits; no agent obeys an older one, or an older stream.
 *   6 a repeated create gives one actor; an acknowledged one lives, or has a stored cause.
 *   7 an ended job has no process of any attempt.
 *   8 a lost lease's process is dead within the time of design.md section 5.
 *   9 one unended actor per name.
 *  10 a call runs at most once: calls pass neither head nor agent; tested with real processes in `actors-life.test.ts`.
 *  11 with 'call' the restored state holds every answered call.
 *  12 a session's end ends its actors; contact with any leader within its grace ends none.
 *  13 a job completes once, and the final keys are its row's.
 *  14 when faults cease, everything settles in bounded virtual time.
 */
export class Witness implements RowWitness, Teller {
  /** Lease of each process there ever was, and whether it ran before. */
  readonly #spawned = new Set<LeaseId>();
  readonly #leaseOf = new Map<SimChild, Launch>();
  readonly #made = new Map<string, Map<number, { readonly lease: LeaseId; readonly body: FactBody }>>();
  readonly #lostAt = new Map<LeaseId, number>();
  readonly #sessions = new Map<SessionId, { contactMs: number; isClosed: boolean }>();
  readonly #jobOfKey = new Map<string, JobId>();
  readonly #mustBeThere = new Set<ActorId>();
  readonly #mustBeDead = new Set<ActorId>();
  readonly #jobs = new Set<JobId>();
  readonly #cancelled = new Set<JobId>();
  /** The newest call of each actor that was answered. */
  readonly #answered = new Map<ActorId, number>();
  #headEpoch = 0;

  constructor(private readonly cluster: Stage) {}

  #fail(number: number, message: string): void {
    this.cluster.world.violated(number, message);
  }

  leaseOf(child: SimChild): LeaseId | undefined {
    return this.#leaseOf.get(child)?.lease;
  }

  // What is told of agents and their processes.

  spawned(agent: AgentPart, child: SimChild, launch: Launch): void {
    this.cluster.world.note(
      `process ${child.pid}`,
      `starts on ${agent.machine.name} for lease ${launch.lease} of ${holderName(launch.spec.holder)}`,
    );
    if (this.#spawned.has(launch.lease)) this.#fail(1, `lease ${launch.lease} has a second process`);
    this.#spawned.add(launch.lease);
    this.#leaseOf.set(child, launch);
    this.cluster.world.isChanged = true;
  }

  gone(child: SimChild): void {
    this.#leaseOf.delete(child);
  }

  /** A process whose lease was lost while it started has the state of then, and answers nobody. */
  restored(child: SimChild, calls: number): void {
    const launch = this.#leaseOf.get(child);
    const holder = launch?.spec.holder;
    if (launch === undefined || holder?.kind !== 'actor' || this.#lostAt.has(launch.lease)) return;
    const answered = this.#answered.get(holder.actor) ?? 0;
    if (calls < answered) this.#fail(11, `${holder.actor} is restored with ${calls} calls; ${answered} were answered`);
  }

  answered(child: SimChild, calls: number): void {
    const holder = this.#leaseOf.get(child)?.spec.holder;
    if (holder?.kind === 'actor') this.#answered.set(holder.actor, Math.max(calls, this.#answered.get(holder.actor) ?? 0));
  }

  made(node: NodeId, incarnation: number, lease: LeaseId, number: number, body: FactBody): void {
    this.cluster.world.note(
      `${node}.${incarnation}`,
      `makes fact ${number}: ${lease} ${body.kind === 'rank' ? body.report.kind : body.kind}${body.kind === 'ended' ? ` ${body.cause.kind}` : ''}`,
    );
    const key = `${node}/${incarnation}`;
    const facts = this.#made.get(key) ?? new Map<number, { readonly lease: LeaseId; readonly body: FactBody }>();
    if (facts.size + 1 !== number) this.#fail(3, `fact ${number} of ${key} follows ${facts.size}`);
    facts.set(number, { lease, body });
    this.#made.set(key, facts);
    this.cluster.world.isChanged = true;
  }

  /** A message that names a head epoch reached the agent. */
  speaks(agent: AgentPart, headEpoch: number): void {
    agent.spokenEpoch = headEpoch;
    agent.heardEpoch = Math.max(agent.heardEpoch, headEpoch);
  }

  obeyed(agent: AgentPart, what: string): void {
    if (agent.spokenEpoch < agent.heardEpoch)
      this.#fail(5, `${agent.node} obeys '${what}' of head epoch ${agent.spokenEpoch}, after ${agent.heardEpoch}`);
  }

  placed(agent: AgentPart, stream: StreamId | null, request: PlaceRequest, reply: PlaceReply): void {
    if (reply.kind !== 'granted') return;
    if (request.headEpoch < agent.heardEpoch)
      this.#fail(5, `${agent.node} grants ${request.lease} to head epoch ${request.headEpoch}, after ${agent.heardEpoch}`);
    if (request.stream !== stream)
      this.#fail(5, `${agent.node} grants ${request.lease} on ${request.stream}, while its stream is ${stream}`);
    agent.heardEpoch = Math.max(agent.heardEpoch, request.headEpoch);
  }

  acknowledged(agent: AgentPart, storedFact: number, refused: readonly RefusedFact[]): void {
    const row = this.cluster.database.rows.nodes.get(agent.node);
    const stored = row?.entry.incarnation === agent.incarnation ? row.storedFact : 0;
    if (stored < storedFact) this.#fail(3, `fact ${storedFact} of ${agent.node} was acknowledged, but ${stored} is stored`);
    const facts = this.#made.get(`${agent.node}/${agent.incarnation}`);
    for (const { number, why } of refused) {
      this.cluster.world.note(agent.machine.name, `fact ${number} is refused: ${why}`);
      if (facts?.get(number)?.body.kind === 'ended') this.#fail(3, `the end of lease ${facts.get(number)?.lease} was refused: ${why}`);
    }
  }

  // What is told of heads, and of what they write.

  leads(headEpoch: number): void {
    if (headEpoch <= this.#headEpoch) this.#fail(5, `head epoch ${headEpoch} follows ${this.#headEpoch}`);
    this.#headEpoch = headEpoch;
  }

  logged(message: string, fields: object | undefined): void {
    if (message !== 'a turn failed' && message !== 'a call failed' && message !== 'a placement failed') return;
    const error = fields !== undefined && 'error' in fields ? fields.error : null;
    this.#fail(4, `the head has a defect: ${message}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  transaction(headEpoch: number, _changes: readonly Change[]): void {
    if (headEpoch < this.#headEpoch) this.#fail(5, `head epoch ${headEpoch} commits after ${this.#headEpoch}`);
  }

  lease(before: Lease | undefined, after: Lease): void {
    if (before?.state !== after.state)
      this.cluster.world.note(
        'rows',
        `lease ${after.id} of ${holderName(after.holder)} on ${after.node}: ${before?.state ?? 'new'} -> ${after.state}`,
      );
    if (before !== undefined && isFinalLease(before.state) && before.state !== after.state)
      this.#fail(4, `lease ${after.id} goes from ${before.state} to ${after.state}`);
    if (after.state === 'lost' && before?.state !== 'lost') this.#lostAt.set(after.id, this.cluster.world.nowMs);
  }

  actor(before: Actor | undefined, after: Actor): void {
    if (before?.state.at !== after.state.at)
      this.cluster.world.note(
        'rows',
        `${after.spec.id}: ${before?.state.at ?? 'new'} -> ${after.state.at}${after.state.at === 'dead' ? ` (${after.state.cause.kind})` : ''}`,
      );
    if (before?.state.at === 'dead') this.#fail(4, `actor ${after.spec.id} comes back from the dead`);
  }

  job(before: JobRecord | undefined, after: JobRecord): void {
    const [was, is] = [before?.job, after.job];
    if (was?.phase !== is.phase)
      this.cluster.world.note(
        'rows',
        `${is.id} attempt ${is.attempt}: ${was?.phase ?? 'new'} -> ${is.phase}${is.phase === 'ended' ? ` (${is.status})` : ''}`,
      );
    if (was !== undefined && isFinalStatus(was.status) && was.status !== is.status)
      this.#fail(4, `job ${is.id} goes from ${was.status} to ${is.status}`);
    if (was !== undefined && is.attempt < was.attempt) this.#fail(4, `job ${is.id} goes from attempt ${was.attempt} to ${is.attempt}`);
  }

  node(before: StoredNode | undefined, after: StoredNode): void {
    const { id, incarnation } = after.entry;
    if (before !== undefined && incarnation < before.entry.incarnation)
      this.#fail(5, `node ${id} goes from incarnation ${before.entry.incarnation} to ${incarnation}`);
    const known = before?.entry.incarnation === incarnation ? before.storedFact : 0;
    const made = this.#made.get(`${id}/${incarnation}`)?.size ?? 0;
    if (after.storedFact < known) this.#fail(3, `stored facts of ${id} go from ${known} to ${after.storedFact}`);
    if (after.storedFact > made) this.#fail(3, `fact ${after.storedFact} of ${id} is stored; ${made} were made`);
    if (before?.entry.state !== after.entry.state)
      this.cluster.world.note('rows', `${id}.${incarnation}: ${before?.entry.state ?? 'new'} -> ${after.entry.state}`);
  }

  session(before: StoredSession | undefined, after: StoredSession): void {
    if (after.state !== 'ended' || before?.state === 'ended') return;
    this.cluster.world.note('rows', `${after.id} ended`);
    const known = this.#sessions.get(after.id);
    if (known === undefined || known.isClosed) return;
    const sinceMs = this.cluster.world.nowMs - known.contactMs;
    if (sinceMs < TIMERS.sessionGraceMs) this.#fail(12, `session ${after.id} ended ${sinceMs} ms after its last contact with a leader`);
  }

  committed(): void {
    const { rows } = this.cluster.database;
    const names = new Map<string, ActorId>();
    for (const { spec, state } of rows.actors.values()) {
      if (spec.name === null || state.at === 'dead') continue;
      const name = `${spec.namespace}/${spec.name}`;
      const other = names.get(name);
      if (other !== undefined) this.#fail(9, `'${name}' is the name of ${other} and of ${spec.id}`);
      names.set(name, spec.id);
    }
    const holders = new Map<string, LeaseId>();
    for (const lease of rows.leases.values()) {
      if (isFinalLease(lease.state)) continue;
      const { holder } = lease;
      const name = holder.kind === 'actor' ? holder.actor : `${holder.job} rank ${holder.rank}`;
      const other = holders.get(name);
      if (other !== undefined) this.#fail(1, `${name} has two unfenced leases: ${other} and ${lease.id}`);
      holders.set(name, lease.id);
    }
    for (const record of rows.jobs.values()) {
      if (record.job.status === 'completed' && !rows.models.has(record.job.id))
        this.#fail(13, `job ${record.job.id} is completed without a model`);
      if (record.job.status !== 'completed' && rows.models.has(record.job.id))
        this.#fail(13, `job ${record.job.id} is ${record.job.status} and has a model`);
    }
  }

  // What clients were told.

  sessionOpened(session: SessionId): void {
    this.#sessions.set(session, { contactMs: -Infinity, isClosed: false });
  }
  sessionClosed(session: SessionId): void {
    const known = this.#sessions.get(session);
    if (known !== undefined) known.isClosed = true;
  }
  sessionRefused(session: SessionId): void {
    const row = this.cluster.database.rows.sessions.get(session);
    if (row?.state !== 'ended') this.#fail(12, `session ${session} was told that it has ended; it is ${row?.state ?? 'unknown'}`);
  }
  contact(session: SessionId, head: HeadPart): void {
    const known = this.#sessions.get(session);
    if (known !== undefined && head.id === this.cluster.database.leadership.head) known.contactMs = this.cluster.world.nowMs;
  }

  createAnswered({ id, state }: ActorView): void {
    this.cluster.world.note('client', `is told that ${id} is ${state.at}`);
    if (!this.cluster.database.rows.actors.has(id)) this.#fail(6, `the creation of ${id} was acknowledged, and it is not stored`);
    this.#mustBeThere.add(id);
  }
  killAnswered({ id, state }: ActorView): void {
    const row = this.cluster.database.rows.actors.get(id);
    if (state.at === 'dead' && row?.state.at !== 'dead')
      this.#fail(6, `a client was told that ${id} is dead; it is ${row?.state.at ?? 'unknown'}`);
    this.#mustBeDead.add(id);
  }
  submitAnswered(key: string, job: JobId): void {
    this.cluster.world.note('client', `is told that ${key} is ${job}`);
    const known = this.#jobOfKey.get(key);
    if (known !== undefined && known !== job) this.#fail(6, `key ${key} is job ${known} and job ${job}`);
    if (!this.cluster.database.rows.jobs.has(job)) this.#fail(6, `job ${job} was acknowledged, and it is not stored`);
    this.#jobOfKey.set(key, job);
    this.#jobs.add(job);
  }
  cancelAnswered(job: JobId, status: JobStatus): void {
    this.cluster.world.note('client', `is told that ${job} is ${status}`);
    if (status === 'completed') this.#fail(13, `the cancel of ${job} was accepted, and it completed`);
    this.#cancelled.add(job);
  }

  /** Whatever changed: what holds always. */
  look(): void {
    const { rows } = this.cluster.database;
    for (const agent of this.cluster.agents) this.#lookAt(agent);
    for (const id of this.#mustBeThere) if (!rows.actors.has(id)) this.#fail(6, `acknowledged actor ${id} is not stored any more`);
    for (const id of this.#jobs) if (!rows.jobs.has(id)) this.#fail(6, `acknowledged job ${id} is not stored any more`);
    for (const id of this.#cancelled)
      if (rows.jobs.get(id)?.job.status === 'completed') this.#fail(13, `job ${id} completed after its cancel was accepted`);
  }

  #lookAt(agent: AgentPart): void {
    const { rows } = this.cluster.database;
    const { life, capacity } = agent;
    const children = [...agent.children.values()].filter((child) => child.isGroupAlive);
    const used = children.reduce((sum, child) => sum + (this.#leaseOf.get(child)?.grant.cpuMilli ?? 0), 0);
    if (used > capacity.cpuMilli) this.#fail(2, `processes of ${agent.node} use ${used} of ${capacity.cpuMilli} milli-CPU`);
    if (life?.process.isAlive === true) {
      const left = available(capacity, heldGrants(life.keeper.ledger));
      if (left.cpuMilli < 0 || left.memoryBytes < 0) this.#fail(2, `the ledger of ${agent.node} is over its capacity`);
      const held = new Set(life.keeper.held().map(({ lease }) => lease));
      for (const child of children) {
        const lease = this.leaseOf(child);
        if (child.agent === life.process && lease !== undefined && !held.has(lease))
          this.#fail(2, `process ${child.pid} of lease ${lease} is not in the ledger of ${agent.node}`);
      }
    }
    for (const child of children) {
      const launch = this.#leaseOf.get(child);
      if (launch === undefined || !child.process.isAlive) continue;
      const { holder } = launch.spec;
      const job = holder.kind === 'rank' ? rows.jobs.get(holder.job)?.job : undefined;
      if (job !== undefined && isFinalStatus(job.status) && !this.#isSuspended(agent, child))
        this.#fail(7, `job ${job.id} is ${job.status}, and process ${child.pid} of ${holderName(holder)} lives`);
      const lostMs = this.#lostAt.get(launch.lease);
      const isOverdue = lostMs !== undefined && this.cluster.world.nowMs - lostMs > TIMERS.headlessMs + HEADLESS_SLACK_MS;
      if (isOverdue && !this.#isSuspended(agent, child))
        this.#fail(8, `lease ${launch.lease} has been lost for ${this.cluster.world.nowMs - lostMs} ms, and its process lives`);
    }
  }

  /** The one exception of design.md section 9: agent and process stand still, as on a machine that sleeps. */
  #isSuspended(agent: AgentPart, child: SimChild): boolean {
    return child.process.isFrozen && (agent.life?.process.isFrozen ?? false);
  }

  /** At rest: what is not as it must be, as sentences; empty: all is. */
  unrest(isEmptied: boolean): string[] {
    const { rows, leadership } = this.cluster.database;
    const found: string[] = [];
    if (!this.cluster.heads.some(({ id, loop }) => id === leadership.head && loop?.isRunning === true)) found.push('no head leads');
    for (const agent of this.cluster.agents) {
      const node = rows.nodes.get(agent.node);
      if (node?.entry.incarnation !== agent.incarnation || node.entry.state !== 'connected')
        found.push(`${agent.node} is ${node?.entry.state ?? 'unknown'}`);
      const held = agent.life?.keeper.held().map(({ lease, state }) => `${lease} ${state}`) ?? [];
      const unended = [...rows.leases.values()]
        .filter((lease) => lease.node === agent.node && !isFinalLease(lease.state))
        .map(({ id, state }) => `${id} ${state}`);
      const run = [...agent.children.values()].filter((child) => child.isGroupAlive).map((child) => this.leaseOf(child) ?? '');
      if (held.sort().join() !== unended.sort().join())
        found.push(`${agent.node} holds [${held.join(', ')}], the rows say [${unended.join(', ')}]`);
      if (held.map((text) => text.split(' ')[0]).join() !== run.sort().join())
        found.push(`${agent.node} holds [${held.join(', ')}], and runs [${run.join(', ')}]`);
      const waiting = agent.life?.outbox.waiting ?? 0;
      if (waiting > 0) found.push(`${waiting} facts of ${agent.node} wait`);
    }
    for (const actor of rows.actors.values()) {
      const { id, session } = actor.spec;
      const { at } = actor.state;
      const isPlaced = at === 'alive' || at === 'dead' || (at === 'pending' && !isEmptied);
      if (!isPlaced) found.push(`${id} is ${at}`);
      if (at !== 'dead' && session !== null && rows.sessions.get(session)?.state === 'ended') found.push(`${id} outlives its session`);
      if (at !== 'dead' && (isEmptied || this.#mustBeDead.has(id))) found.push(`${id} is ${at}, and should be dead`);
    }
    for (const { job, isCleaned } of rows.jobs.values()) {
      const isWaiting = job.phase === 'queued' && !isEmptied;
      if (!isFinalStatus(job.status)) {
        if (!isWaiting) found.push(`${job.id} is ${job.phase}`);
      } else if (!isCleaned) found.push(`${job.id} is not cleaned`);
      if (this.#cancelled.has(job.id) && job.status !== 'cancelled') found.push(`${job.id} was cancelled, and is ${job.status}`);
    }
    return found;
  }

  /** At rest, once all has ended. */
  lookAtEnd(): void {
    const { database, objects, modelsBucket } = this.cluster;
    const final = [...database.rows.models.values()].flatMap((model) => model.files.map(({ key }) => key)).sort();
    const there = objects
      .keys(modelsBucket, '')
      .filter((key) => !key.startsWith('attempts/'))
      .sort();
    if (final.join() !== there.join()) this.#fail(13, `the models name [${final.join()}], the store has [${there.join()}]`);
    for (const [key, facts] of this.#made) {
      const [node = '', incarnation] = key.split('/');
      const row = database.rows.nodes.get(node);
      if (row?.entry.incarnation !== Number(incarnation)) continue;
      if (row.storedFact !== facts.size) this.#fail(3, `${row.storedFact} facts of ${key} are stored; ${facts.size} were made`);
      for (const { lease, body } of facts.values()) {
        const state = database.rows.leases.get(lease)?.state;
        if (body.kind === 'ended' && state !== undefined && !isFinalLease(state))
          this.#fail(3, `the end of ${lease} is stored, and it is ${state}`);
      }
    }
    for (const job of database.rows.jobs.values()) {
      const numbers = [...database.rows.events.values()].filter((event) => event.job === job.job.id).map(({ number }) => number);
      if (numbers.length !== job.lastEvent) this.#fail(3, `job ${job.job.id} has ${numbers.length} events; its last is ${job.lastEvent}`);
    }
  }
}

function holderName(holder: Lease['holder']): string {
  return holder.kind === 'actor' ? holder.actor : `${holder.job} attempt ${holder.attempt} rank ${holder.rank}`;
}
