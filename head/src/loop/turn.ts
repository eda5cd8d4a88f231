import type {
  Actor,
  ActorId,
  DeathCause,
  Grant,
  Job,
  JobEvent,
  JobId,
  Lease,
  LeaseId,
  Millis,
  Model,
  NodeId,
  SessionId,
} from '@trainer/model';
import type { ActorEvent } from '../actors/actor-events.js';
import { stepActor } from '../actors/step-actor.js';
import { pendingEffects } from '../jobs/job-effects.js';
import type { JobEffect, JobTrigger, JobWrite } from '../jobs/job-events.js';
import type { JobRecord } from '../jobs/job-record.js';
import { stepJob } from '../jobs/step-job.js';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import type { LeaseEvent } from '../leases/lease-events.js';
import { stepLease } from '../leases/step-lease.js';
import type {
  Change,
  IdempotencyKey,
  StoredActorState,
  StoredAttempt,
  StoredNode,
  StoredSession,
  StoredToken,
} from '../store/cluster-store.js';
import type { ClusterState } from './cluster-state.js';

/** What is to be done once a turn is committed; each may be done twice. */
export type Effect =
  | { readonly kind: 'place'; readonly lease: LeaseId; readonly action: 'reserve' | 'start' | 'reserve-and-start' }
  | { readonly kind: 'end-lease'; readonly lease: LeaseId; readonly cause: DeathCause }
  | { readonly kind: 'remove-model'; readonly job: JobId; readonly bucket: string; readonly keys: readonly string[] }
  | { readonly kind: 'job'; readonly job: JobId; readonly effect: Exclude<JobEffect, { kind: 'place' | 'stop' | 'release' }> };

/**
 * One change of the cluster's state, made in one go: it reads what earlier turns decided, steps the pure controllers, and
 * collects what to write and to do. A turn that throws leaves no trace.
 */
export class Turn {
  readonly effects: Effect[] = [];
  readonly illegal: IllegalTransition[] = [];
  /** Nodes whose agents did not take what was planned on them. */
  readonly refusedBy = new Set<NodeId>();
  readonly nodes = new Map<NodeId, StoredNode>();
  readonly sessions = new Map<SessionId, StoredSession>();
  readonly actors = new Map<ActorId, Actor>();
  readonly leases = new Map<LeaseId, Lease>();
  readonly jobs = new Map<JobId, JobRecord>();
  readonly events: JobEvent[] = [];
  /** Those that began or ended. */
  readonly attempts: StoredAttempt[] = [];
  readonly #newActors: { actor: Actor; createdAt: Millis }[] = [];
  readonly #newJobs: JobRecord[] = [];
  readonly #writes: { job: JobId; write: JobWrite }[] = [];
  readonly #keys: IdempotencyKey[] = [];
  readonly #actorStates: StoredActorState[] = [];
  readonly #forgottenStates: ActorId[] = [];
  readonly #forgottenLeases = new Set<LeaseId>();
  readonly #forgottenNodes = new Set<NodeId>();
  readonly #deletedModels: JobId[] = [];
  readonly #tokens: StoredToken[] = [];
  readonly #bundles: { hash: string; bytes: number; createdAt: Millis }[] = [];

  constructor(
    readonly state: ClusterState,
    readonly now: Millis,
  ) {}

  node(id: NodeId): StoredNode | undefined {
    return this.nodes.get(id) ?? this.state.nodes.get(id);
  }
  session(id: SessionId): StoredSession | undefined {
    return this.sessions.get(id) ?? this.state.sessions.get(id);
  }
  actor(id: ActorId): Actor | undefined {
    return this.actors.get(id) ?? this.state.actors.get(id);
  }
  lease(id: LeaseId): Lease | undefined {
    return this.#forgottenLeases.has(id) ? undefined : (this.leases.get(id) ?? this.state.leases.get(id));
  }
  job(id: JobId): JobRecord | undefined {
    return this.jobs.get(id) ?? this.state.jobs.get(id);
  }

  putNode(node: StoredNode): void {
    this.nodes.set(node.entry.id, node);
  }
  putSession(session: StoredSession): void {
    this.sessions.set(session.id, session);
  }
  addActor(actor: Actor): void {
    this.actors.set(actor.spec.id, actor);
    this.#newActors.push({ actor, createdAt: this.now });
  }
  addJob(record: JobRecord, events: readonly JobEvent[], key: IdempotencyKey | null): void {
    this.jobs.set(record.job.id, record);
    this.#newJobs.push(record);
    this.events.push(...events);
    for (const effect of pendingEffects(record)) this.#jobEffect(record.job.id, effect);
    if (key !== null) this.#keys.push(key);
  }
  /** @param stored the model's job; what has left memory since it was read has been cleaned. @returns the job as it stays */
  deleteModel(stored: JobRecord, model: Model): Job {
    const record = this.job(model.job) ?? { ...stored, isCleaned: true };
    const job = { ...record.job, finalModelPath: null };
    this.jobs.set(job.id, { ...record, job });
    this.#deletedModels.push(job.id);
    this.effects.push({ kind: 'remove-model', job: job.id, bucket: record.modelsBucket, keys: model.files.map(({ key }) => key) });
    return job;
  }
  saveState(state: StoredActorState): void {
    this.#actorStates.push(state);
  }
  get actorStates(): readonly StoredActorState[] {
    return this.#actorStates;
  }
  writeToken(token: StoredToken): void {
    this.#tokens.push(token);
  }
  addBundle(hash: string, bytes: number): void {
    this.#bundles.push({ hash, bytes, createdAt: this.now });
  }

  /** A new intent: committed before anything is sent. */
  planLease(node: NodeId, nodeIncarnation: number, grant: Grant, holderOf: (lease: LeaseId) => Lease['holder']): Lease {
    const id = this.state.takeLease();
    const lease: Lease = {
      id,
      node,
      nodeIncarnation,
      grant,
      holder: holderOf(id),
      state: 'planned',
      since: this.now,
      pid: null,
      address: null,
      cause: null,
    };
    this.leases.set(id, lease);
    return lease;
  }

  /** @returns why the table does not allow it, or null. */
  stepLease(id: LeaseId, event: LeaseEvent): IllegalTransition | null {
    const lease = this.lease(id);
    if (lease === undefined) return null;
    const step = stepLease(lease, event, this.now);
    if (step.kind === 'illegal') return this.#report(step);
    if (step.isChanged) this.leases.set(id, step.lease);
    return null;
  }

  /** A lost lease of which no process lives any more leaves memory. */
  forgetLease(id: LeaseId): void {
    this.#forgottenLeases.add(id);
  }

  /** A node that was lost long ago leaves memory. */
  forgetNode(id: NodeId): void {
    this.#forgottenNodes.add(id);
  }

  stepActor(id: ActorId, event: ActorEvent): IllegalTransition | null {
    const actor = this.actor(id);
    if (actor === undefined) return null;
    const step = stepActor(actor, event, this.now);
    if (step.kind === 'illegal') return this.#report(step);
    if (step.isChanged) this.actors.set(id, step.actor);
    if (step.isChanged && step.actor.state.at === 'dead') this.#forgottenStates.push(id);
    for (const effect of step.effects) {
      if (effect.kind === 'place') this.effects.push({ kind: 'place', lease: effect.lease, action: 'reserve-and-start' });
      else if (effect.kind === 'stop') this.#endLease(effect.lease, effect.cause);
    }
    return null;
  }

  stepJob(id: JobId, trigger: JobTrigger): IllegalTransition | null {
    const record = this.job(id);
    if (record === undefined) return null;
    const step = stepJob(record, trigger, this.now);
    if (step.kind === 'illegal') return this.#report(step);
    if (step.isChanged) {
      this.jobs.set(id, step.record);
      this.#noteAttempts(record, step.record);
    }
    this.events.push(...step.events);
    for (const write of step.writes) this.#writes.push({ job: id, write });
    for (const effect of step.effects) this.#jobEffect(id, effect);
    return null;
  }

  #jobEffect(job: JobId, effect: JobEffect): void {
    if (effect.kind === 'place') this.effects.push({ kind: 'place', lease: effect.lease, action: effect.action });
    else if (effect.kind === 'stop' || effect.kind === 'release') this.#endLease(effect.lease, effect.cause);
    else this.effects.push({ kind: 'job', job, effect });
  }

  /** That it shall end is committed before it is sent. */
  #endLease(lease: LeaseId, cause: DeathCause): void {
    this.stepLease(lease, { kind: 'stop' });
    this.effects.push({ kind: 'end-lease', lease, cause });
  }

  /** An attempt's row is written when it begins and when it ends. */
  #noteAttempts(before: JobRecord, { job: { id, attempts } }: JobRecord): void {
    if (attempts === before.job.attempts) return;
    for (const attempt of attempts) if (!before.job.attempts.includes(attempt)) this.attempts.push({ job: id, attempt });
  }

  #report(illegal: IllegalTransition): IllegalTransition {
    this.illegal.push(illegal);
    return illegal;
  }

  get isEmpty(): boolean {
    const maps = [this.nodes, this.sessions, this.actors, this.leases, this.jobs];
    return (
      maps.every((map) => map.size === 0) &&
      this.events.length + this.#writes.length + this.#bundles.length + this.#tokens.length + this.#actorStates.length === 0
    );
  }

  /** Makes it what later turns see. */
  decide(): void {
    for (const [id, node] of this.nodes) this.state.nodes.decide(id, node);
    for (const [id, session] of this.sessions) this.state.sessions.decide(id, session);
    for (const [id, actor] of this.actors) this.state.actors.decide(id, actor);
    for (const [id, lease] of this.leases) this.state.leases.decide(id, lease);
    for (const [id, record] of this.jobs) this.state.jobs.decide(id, record);
    for (const id of this.#forgottenLeases) this.state.leases.forget(id);
    for (const id of this.#forgottenNodes) this.state.nodes.forget(id);
  }

  /** Makes it what everybody sees. */
  settle(): void {
    for (const [id, node] of this.nodes) this.state.nodes.settle(id, node);
    for (const [id, session] of this.sessions) this.state.sessions.settle(id, session);
    for (const [id, actor] of this.actors) this.state.actors.settle(id, actor);
    for (const [id, lease] of this.leases) this.state.leases.settle(id, lease);
    for (const [id, record] of this.jobs) this.state.jobs.settle(id, record);
  }

  change(): Change {
    const writes = <Kind extends JobWrite['kind']>(kind: Kind) =>
      this.#writes.flatMap(({ job, write }) => (write.kind === kind ? [{ job, write: write as Extract<JobWrite, { kind: Kind }> }] : []));
    return {
      nodes: [...this.nodes.values()],
      sessions: [...this.sessions.values()],
      newActors: this.#newActors,
      actors: [...this.actors.values()],
      actorStates: this.#actorStates,
      forgottenStates: this.#forgottenStates,
      leases: [...this.leases.values()],
      newJobs: this.#newJobs,
      jobs: [...this.jobs.values()],
      attempts: this.attempts,
      epochs: writes('epoch').map(({ job, write }) => ({ job, attempt: write.attempt, metrics: write.metrics })),
      checkpoints: writes('checkpoint').map(({ job, write }) => ({
        job,
        attempt: write.attempt,
        checkpoint: write.checkpoint,
        createdAt: this.now,
      })),
      models: writes('model').map(({ write }) => write.model),
      deletedModels: this.#deletedModels,
      events: this.events,
      bundles: this.#bundles,
      keys: this.#keys,
      tokens: this.#tokens,
    };
  }
}
