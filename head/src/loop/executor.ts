import type { Clock, JobId, LeaseId, NodeId, Timer } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import { pendingEffects as pendingOfActor } from '../actors/step-actor.js';
import { pendingEffects as pendingOfJob } from '../jobs/job-effects.js';
import type { JobEffect, JobTrigger } from '../jobs/job-events.js';
import type { JobRecord } from '../jobs/job-record.js';
import type { Placer } from '../placement/placer.js';
import type { Secrets } from '../placement/start-spec.js';
import type { TableEstimator } from '../estimates/table-estimator.js';
import type { Promoter } from '../promotion/promoter.js';
import type { AgentLinks } from './agent-links.js';
import { afterAwake } from './awake-timer.js';
import type { ClusterLoop, LoopListener } from './cluster-loop.js';
import { isolated } from './isolated.js';
import type { Planner } from './planner.js';
import type { Timers } from './settings.js';
import type { Effect, Turn } from './turn.js';

export interface ExecutorOptions {
  readonly loop: ClusterLoop;
  readonly links: AgentLinks;
  readonly placer: Placer;
  readonly planner: Planner;
  readonly promoter: Promoter;
  readonly estimates: TableEstimator;
  readonly secrets: Secrets;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Does what committed turns ask for; and, after a restart or a hello, what the state as it is asks for. */
export class Executor implements LoopListener {
  readonly name = 'executor';
  /** One an attempt that is not ready yet, or of which a rank's end is still to be heard. */
  readonly #rendezvous = new Map<JobId, { readonly attempt: number; readonly kind: JobTrigger['kind']; readonly timer: Timer }>();

  constructor(private readonly options: ExecutorOptions) {}

  committed(turn: Turn): void {
    const { logger } = this.options;
    for (const effect of turn.effects) isolated(`${this.name}: ${effect.kind}`, logger, () => this.#run(effect));
    for (const record of turn.jobs.values()) this.#watchRendezvous(record);
  }

  /** A plan that a new demand leads to is committed with the demand: one wait for the disk instead of two. */
  decided(turn: Turn): void {
    this.options.planner.noticed(turn);
  }

  suspended(): void {
    for (const { timer } of this.#rendezvous.values()) timer.cancel();
    this.#rendezvous.clear();
  }

  resumed(): void {
    for (const record of this.options.loop.state.jobs.committed()) {
      for (const effect of pendingOfJob(record))
        if (effect.kind === 'promote' || effect.kind === 'cleanup' || effect.kind === 'estimate') this.#runJob(record.job.id, effect);
      this.#watchRendezvous(record);
    }
    this.options.planner.resumed();
  }

  /** Everything that the leases of this node wait for, now that it can be told; each may be done twice. */
  derive(node: NodeId): void {
    const { state } = this.options.loop;
    for (const id of state.leasesOf.of(node)) {
      const lease = state.leases.seen(id);
      if (lease === undefined) continue;
      if (lease.holder.kind === 'actor') this.#deriveActor(lease.id);
      else this.#deriveRank(lease.id, lease.holder.job);
    }
  }

  #deriveActor(id: LeaseId): void {
    const { state } = this.options.loop;
    const lease = state.leases.seen(id);
    const actor = lease?.holder.kind === 'actor' ? state.actors.seen(lease.holder.actor) : undefined;
    const effects = actor === undefined ? [] : pendingOfActor(actor);
    for (const effect of effects) {
      if (effect.kind === 'place' && effect.lease === id) this.#run({ kind: 'place', lease: id, action: 'reserve-and-start' });
      if (effect.kind === 'stop' && effect.lease === id) this.#run({ kind: 'end-lease', lease: id, cause: effect.cause });
    }
    this.#deriveEnd(id);
  }

  #deriveRank(id: LeaseId, job: JobId): void {
    const record = this.options.loop.state.jobs.seen(job);
    for (const effect of record === undefined ? [] : pendingOfJob(record)) {
      if (effect.kind === 'place' && effect.lease === id) this.#run({ kind: 'place', lease: id, action: effect.action });
      else if ((effect.kind === 'stop' || effect.kind === 'release') && effect.lease === id)
        this.#run({ kind: 'end-lease', lease: id, cause: effect.cause });
      else if (effect.kind === 'begin' && effect.leases.includes(id)) this.#begin(job, effect, id);
    }
    this.#deriveEnd(id);
  }

  /** A lease that was given up, whose holder asks for nothing. */
  #deriveEnd(id: LeaseId): void {
    const lease = this.options.loop.state.leases.seen(id);
    if (lease?.state === 'stopping') this.#run({ kind: 'end-lease', lease: id, cause: { kind: 'released' } });
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case 'place':
        this.options.placer.place(effect.lease, effect.action);
        return;
      case 'end-lease': {
        const lease = this.options.loop.state.leases.seen(effect.lease);
        // What has no process yet has nobody to ask.
        if (lease !== undefined)
          this.options.links.command(lease.node, { kind: lease.pid === null ? 'release' : 'stop', lease: lease.id, cause: effect.cause });
        return;
      }
      case 'remove-model':
        this.options.promoter.remove(effect.job, effect.bucket, effect.keys);
        return;
      case 'job':
        this.#runJob(effect.job, effect.effect);
        return;
    }
  }

  #runJob(job: JobId, effect: Extract<Effect, { kind: 'job' }>['effect']): void {
    switch (effect.kind) {
      case 'begin':
        this.#begin(job, effect, null);
        return;
      case 'estimate':
        this.options.estimates.estimate(job, effect.asked);
        return;
      case 'promote':
        this.options.promoter.promote(job, effect.bucket, effect.copies);
        return;
      case 'cleanup':
        this.options.promoter.cleanup(job, effect.bucket, effect.prefix);
        return;
    }
  }

  #begin(job: JobId, effect: Extract<JobEffect, { kind: 'begin' }>, only: LeaseId | null): void {
    const { attempt, leases, peers } = effect;
    const secret = this.options.secrets.ofAttempt(job, attempt);
    leases.forEach((id, rank) => {
      const lease = this.options.loop.state.leases.seen(id);
      if (lease === undefined || (only !== null && only !== id)) return;
      this.options.links.command(lease.node, {
        kind: 'begin',
        lease: id,
        begin: { attempt, rank, worldSize: leases.length, peers, secret },
      });
    });
  }

  #watchRendezvous(record: JobRecord): void {
    const { id, attempt } = record.job;
    const watched = this.#rendezvous.get(id);
    const trigger = this.#limitOf(record);
    if (trigger !== null && watched?.attempt === attempt && watched.kind === trigger.kind) return;
    watched?.timer.cancel();
    this.#rendezvous.delete(id);
    if (trigger === null) return;
    const afterMs = trigger.kind === 'echo-timeout' ? this.options.timers.echoMs : trigger.afterMs;
    const timer = afterAwake(this.options.clock, afterMs, () => {
      this.#rendezvous.delete(id);
      this.options.loop.inBackground((turn) => turn.stepJob(id, trigger));
    });
    this.#rendezvous.set(id, { attempt, kind: trigger.kind, timer });
  }

  /** What happens to an attempt whose ranks are not heard in time; null: nothing is waited for. */
  #limitOf({ job, ending }: JobRecord): Extract<JobTrigger, { kind: 'rendezvous-timeout' | 'echo-timeout' }> | null {
    const { attempt, phase } = job;
    if (ending?.kind === 'echo') return { kind: 'echo-timeout', attempt };
    return phase === 'starting' ? { kind: 'rendezvous-timeout', attempt, afterMs: this.options.timers.rendezvousMs } : null;
  }
}
