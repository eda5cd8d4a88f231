import { ACTOR_STATES_BUCKET, parseActorStateKey } from '@trainer/model';
import type { ActorId, DeathCause, Fact, Hello, Lease, NodeId, RankReport, RefusedFact, SavedState } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import { refused } from '../placement/placer.js';
import type { StoredNode } from '../store/cluster-store.js';
import type { Turn } from './turn.js';

/** The agent skipped a number: what lies between would be lost. */
export class FactGapError extends Error {}

/** Whose hello it was, and on which of its streams. */
export type HelloKey = Pick<Hello, 'node' | 'incarnation' | 'number'>;

/** A newer hello of the node was read: what an older stream still says is late. */
export class OldStreamError extends Error {}

/** @returns the node that the hello speaks for. @throws OldStreamError unless this is its newest hello */
export function checkNewest(turn: Turn, { node, incarnation, number }: HelloKey): StoredNode {
  const stored = turn.node(node);
  const newest = stored?.entry;
  if (stored && newest?.incarnation === incarnation && newest.helloNumber === number) return stored;
  const followedBy = newest ? `${newest.helloNumber} of incarnation ${newest.incarnation}` : 'none';
  throw new OldStreamError(`hello ${number} of incarnation ${incarnation} of ${node} was followed by ${followedBy}`);
}

/**
 * Stores a batch of an agent's facts, with the number of the last one, in one turn.
 *
 *   F1. Facts are dealt with in order, each once: what was stored before is skipped.
 *   F2. A fact that its tables don't allow is refused and changes nothing; its number counts as dealt with.
 *   F3. A lease's end is never refused: it is the last that is heard of it.
 *   F4. Only the stream of the node's newest hello is heard: what an older one had under way is told again on the newer, and
 *       an older incarnation's numbers are others.
 *
 * @throws FactGapError when a number is missing, OldStreamError
 */
export function storeFacts(turn: Turn, agent: HelloKey, facts: readonly Fact[]): { storedFact: number; refused: readonly RefusedFact[] } {
  const stored = checkNewest(turn, agent);
  const refusals: RefusedFact[] = [];
  let { storedFact } = stored;
  for (const fact of facts) {
    if (fact.number <= storedFact) continue;
    if (fact.number !== storedFact + 1) throw new FactGapError(`fact ${fact.number} follows ${storedFact}`);
    const why = storeFact(turn, agent.node, fact);
    if (why !== null) refusals.push({ number: fact.number, why });
    storedFact = fact.number;
  }
  if (storedFact !== stored.storedFact) turn.putNode({ ...stored, storedFact });
  return { storedFact, refused: refusals };
}

/** @returns why it is refused, or null. */
function storeFact(turn: Turn, node: NodeId, fact: Fact): string | null {
  const lease = turn.lease(fact.lease);
  const { body } = fact;
  if (lease === undefined || lease.node !== node)
    return body.kind === 'ended' ? null : `the head knows no lease ${fact.lease} of this node`;
  if (body.kind === 'ended') {
    leaseEnded(turn, lease, body.cause);
    return null;
  }
  if (lease.state === 'lost' || lease.state === 'ended') return `lease ${lease.id} is ${lease.state}`;
  switch (body.kind) {
    case 'unreadable':
      return body.why;
    case 'started':
      return started(turn, lease, body.pid);
    case 'ready':
      return ready(turn, lease, body.address);
    case 'rank':
      return reported(turn, lease, body.report);
    case 'state':
      return saved(turn, lease, body.state);
  }
}

function started(turn: Turn, lease: Lease, pid: number): string | null {
  const illegal = turn.stepLease(lease.id, { kind: 'started', pid });
  if (illegal !== null || lease.holder.kind === 'actor') return whyOf(illegal);
  const { job, attempt, rank } = lease.holder;
  return whyOf(turn.stepJob(job, { kind: 'started', attempt, rank }));
}

function ready(turn: Turn, lease: Lease, address: string): string | null {
  const { holder } = lease;
  // A holder that is gone, or that is being ended, has no use for it; the lease's end follows.
  const illegal =
    holder.kind === 'actor'
      ? turn.stepActor(holder.actor, { kind: 'ready', lease: lease.id, node: lease.node, address })
      : turn.stepJob(holder.job, { kind: 'rank-ready', attempt: holder.attempt, rank: holder.rank, address });
  return whyOf(illegal ?? turn.stepLease(lease.id, { kind: 'ready', address }));
}

function reported(turn: Turn, lease: Lease, report: RankReport): string | null {
  const { holder } = lease;
  if (holder.kind !== 'rank') return `lease ${lease.id} is no rank's`;
  if (turn.job(holder.job) === undefined) return `job ${holder.job} has ended`;
  return whyOf(turn.stepJob(holder.job, { kind: 'report', attempt: holder.attempt, rank: holder.rank, report }));
}

/** Only the incarnation that lives may say what its actor's state is. */
function saved(turn: Turn, lease: Lease, state: SavedState): string | null {
  const { holder } = lease;
  if (holder.kind !== 'actor') return `lease ${lease.id} is no actor's`;
  const actor = turn.actor(holder.actor);
  if (actor?.state.at !== 'alive' || actor.state.lease !== lease.id) return `lease ${lease.id} is not the one its actor lives in`;
  const place = placeProblem(state, holder.actor, holder.incarnation);
  if (place !== null) return place;
  turn.saveState({ actor: holder.actor, incarnation: holder.incarnation, savedAt: turn.now, state });
  return null;
}

/** The head removes what a state names: it must lie where that incarnation's states lie. @returns why it does not, or null */
function placeProblem(state: SavedState, actor: ActorId, incarnation: number): string | null {
  if (state.kind === 'inline') return null;
  const key = parseActorStateKey(state.key);
  const isRight = state.bucket === ACTOR_STATES_BUCKET && key?.actor === actor && key.incarnation === incarnation;
  return isRight ? null : `${state.key} in bucket ${state.bucket} is no place for a state of incarnation ${incarnation} of ${actor}`;
}

/** The process, if there was one, is gone. */
export function leaseEnded(turn: Turn, lease: Lease, cause: DeathCause): void {
  if (lease.state === 'lost') {
    leaseGone(turn, lease);
    return;
  }
  const wasNeverAnswered = lease.state === 'stopping' && lease.pid === null && cause.kind === 'released';
  if (wasNeverAnswered && isWanted(turn, lease)) {
    refused(turn, lease, `${lease.node} did not answer its placement in time`);
    return;
  }
  turn.stepLease(lease.id, { kind: 'ended', cause });
  const { holder } = lease;
  if (holder.kind === 'actor') turn.stepActor(holder.actor, { kind: 'lease-ended', lease: lease.id, cause });
  else turn.stepJob(holder.job, { kind: 'lease-ended', attempt: holder.attempt, rank: holder.rank, cause });
}

/** Does its holder still want to run in it? Then the head gave it up only for want of an answer. */
function isWanted(turn: Turn, lease: Lease): boolean {
  if (lease.holder.kind === 'actor') return turn.actor(lease.holder.actor)?.state.at === 'starting';
  const record = turn.job(lease.holder.job);
  return record !== undefined && record.ending === null && record.job.attempt === lease.holder.attempt;
}

/** The node is lost, and the lease with it. */
export function leaseLost(turn: Turn, lease: Lease): void {
  turn.stepLease(lease.id, { kind: 'lost' });
  const { holder } = lease;
  if (holder.kind === 'actor') turn.stepActor(holder.actor, { kind: 'lease-lost', lease: lease.id, node: lease.node });
  else turn.stepJob(holder.job, { kind: 'lease-lost', attempt: holder.attempt, rank: holder.rank });
}

/** No process of the lost lease lives any more. */
export function leaseGone(turn: Turn, lease: Lease): void {
  if (lease.holder.kind === 'rank') {
    turn.stepJob(lease.holder.job, { kind: 'lease-gone', attempt: lease.holder.attempt, rank: lease.holder.rank });
  }
  turn.forgetLease(lease.id);
}

function whyOf(illegal: IllegalTransition | null): string | null {
  return illegal?.why ?? null;
}
