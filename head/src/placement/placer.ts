import type { Clock, Lease, LeaseId, PlaceReply, PlaceRequest, StartSpec } from '@trainer/model';
import { toErrorData } from '@trainer/model';
import { backoff, sleep } from '@trainer/runtime';
import type { Logger, Random } from '@trainer/runtime';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { AgentLinks } from '../loop/agent-links.js';
import type { Timers } from '../loop/settings.js';
import type { Turn } from '../loop/turn.js';
import type { ClusterStore } from '../store/cluster-store.js';
import type { Placement } from './placement.js';
import { startSpecOfActor, startSpecOfRank } from './start-spec.js';
import type { Secrets } from './start-spec.js';

export type PlaceAction = 'reserve' | 'start' | 'reserve-and-start';

export interface PlacerOptions {
  readonly loop: ClusterLoop;
  readonly links: AgentLinks;
  readonly placement: Placement;
  readonly store: ClusterStore;
  readonly secrets: Secrets;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Sends committed leases to their agents.
 *
 *   P1. Only a committed lease of a node whose hello is reconciled is sent, with the id of that stream.
 *   P2. A lost answer is asked for again with the same lease; after `placeForMs` the lease is given up and released.
 *   P3. Sending twice is harmless; what is asked for while one sending of a lease runs is done after it: that one may have
 *       found no stream, and the next hello asks only once.
 *   P4. No lease below a low-water mark that was sent is sent (leases/low-water.ts).
 */
export class Placer {
  /** What is sent now, and what follows it. */
  readonly #running = new Map<LeaseId, PlaceAction | null>();

  constructor(private readonly options: PlacerOptions) {}

  place(lease: LeaseId, action: PlaceAction): void {
    if (this.#running.has(lease)) {
      this.#running.set(lease, action);
      return;
    }
    this.#running.set(lease, null);
    void this.#send(lease, action)
      .catch((error: unknown) => this.options.logger.error('a placement failed', { lease, error }))
      .finally(() => {
        const next = this.#running.get(lease) ?? null;
        this.#running.delete(lease);
        if (next !== null) this.place(lease, next);
      });
  }

  async #send(id: LeaseId, action: PlaceAction): Promise<void> {
    const { clock, random, timers, links, logger } = this.options;
    const waits = backoff({ firstMs: 50, maxMs: 1_000, random });
    const giveUpMs = clock.monotonicMs() + timers.placeForMs;
    while (clock.monotonicMs() < giveUpMs) {
      const lease = this.options.loop.state.leases.seen(id);
      if (lease === undefined || !isDue(lease, action) || !this.options.loop.isRunning) return;
      const link = links.get(lease.node);
      // Without a stream the hello of the next one brings it here again.
      if (link === undefined) return;
      try {
        const request = await this.#request(lease, action, link.stream);
        // Without a holder it is being ended.
        if (request === null) return;
        const reply = await this.options.placement.place(lease.node, lease.nodeIncarnation, request, timers.placeAnswerMs);
        if (!isPassing(reply)) return this.#answered(id, action, reply);
        logger.debug('a placement is not taken yet', { lease: id, reply });
      } catch (error) {
        // Neither NATS nor the database, which is asked what an actor is restored from, need be there.
        logger.debug('a placement got no answer', { lease: id, problem: toErrorData(error).message });
      }
      await sleep(clock, waits.nextMs());
    }
    this.options.loop.inBackground((turn) => giveUp(turn, id));
  }

  /** Asks for what takes time first: what is sent is true when it is sent. @returns null where the lease waits for it no more */
  async #request(lease: Lease, action: PlaceAction, stream: PlaceRequest['stream']): Promise<PlaceRequest | null> {
    const { state } = this.options.loop;
    const spec = action === 'reserve' ? null : await this.#spec(lease);
    const now = state.leases.seen(lease.id);
    // Its id may be below the mark by now.
    if (now === undefined || !isDue(now, action) || !this.options.loop.isRunning) return null;
    const common = { stream, headEpoch: state.headEpoch, lowWater: state.mark, lease: lease.id };
    if (action === 'reserve') return { ...common, action: { kind: 'reserve', grant: lease.grant } };
    if (spec === null) return null;
    return { ...common, action: action === 'start' ? { kind: 'start', spec } : { kind: 'reserve-and-start', grant: lease.grant, spec } };
  }

  async #spec(lease: Lease): Promise<StartSpec | null> {
    const { state } = this.options.loop;
    if (lease.holder.kind === 'actor') {
      const actor = state.actors.seen(lease.holder.actor);
      if (actor === undefined) return null;
      // Only one that ran before has something to be restored from.
      const saved = actor.restarts === 0 ? null : await this.options.store.actorState(actor.spec.id);
      return startSpecOfActor(actor, lease, this.options.secrets, saved);
    }
    const record = state.jobs.seen(lease.holder.job);
    return record === undefined ? null : startSpecOfRank(record, lease, this.options.secrets);
  }

  #answered(id: LeaseId, action: PlaceAction, reply: PlaceReply): void {
    this.options.loop.inBackground((turn) => {
      const lease = turn.lease(id);
      if (lease === undefined) return;
      if (reply.kind === 'granted') granted(turn, lease, action);
      else refused(turn, lease, `${lease.node} refused it: ${reply.message}`);
    });
  }
}

/** Is this what the lease waits for? */
function isDue(lease: Lease, action: PlaceAction): boolean {
  return lease.state === (action === 'start' ? 'reserved' : 'planned');
}

/** The one refusal that says nothing about the lease and is not remembered: the agent has yet to read its stream's welcome. */
function isPassing(reply: PlaceReply): boolean {
  return reply.kind === 'refused' && reply.reason === 'stale-stream';
}

function granted(turn: Turn, lease: Lease, action: PlaceAction): void {
  turn.stepLease(lease.id, action === 'reserve' ? { kind: 'reserved' } : { kind: 'started', pid: null });
  if (lease.holder.kind !== 'rank') return;
  const { job, attempt, rank } = lease.holder;
  turn.stepJob(job, { kind: action === 'reserve' ? 'reserved' : 'started', attempt, rank });
}

/** The lease holds nothing; its holder is planned again. */
export function refused(turn: Turn, lease: Lease, message: string): void {
  if (turn.stepLease(lease.id, { kind: 'refused', message }) !== null) return;
  turn.refusedBy.add(lease.node);
  const { holder } = lease;
  if (holder.kind === 'actor') turn.stepActor(holder.actor, { kind: 'refused', lease: lease.id, message });
  else turn.stepJob(holder.job, { kind: 'refused', attempt: holder.attempt, rank: holder.rank, message });
}

/** The agent may or may not hold it: it is told to release it, and says so by the lease's last fact. */
function giveUp(turn: Turn, id: LeaseId): void {
  const lease = turn.lease(id);
  if (lease === undefined || (lease.state !== 'planned' && lease.state !== 'reserved')) return;
  turn.stepLease(id, { kind: 'stop' });
  turn.effects.push({ kind: 'end-lease', lease: id, cause: { kind: 'released' } });
}
