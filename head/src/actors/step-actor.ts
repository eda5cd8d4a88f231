import { describeCause, withDeath } from '@trainer/model';
import type { Actor, ActorState, DeathCause, LeaseId, Millis } from '@trainer/model';
import type { IllegalTransition } from '../leases/illegal-transition.js';
import { explainText } from '../scheduling/explain-text.js';
import type { ActorEffect, ActorEvent, ActorStep } from './actor-events.js';
import { mayRestart, pauseOf, quickRestartsAfter } from './restarts.js';

/**
 * pending --placed--> starting --ready--> alive
 * starting --refused--> pending
 * starting, alive --lease ended or lost--> pending, one restart more, while restarts are left for that cause; else dead
 * pending --kill, session ended--> dead
 * starting, alive --kill, session ended--> stopping --lease ended or lost--> dead
 * pending, starting --create deadline--> as kill, in one that never ran
 * pending --infeasible--> dead in its first incarnation; later it waits, as nodes may come back
 *
 * A1. `dead` stays. A2. What an older lease of the actor says changes nothing, and claims nothing: `ready` of it is illegal.
 * A3. A lease is never forgotten: the actor leaves `starting`, `alive` and `stopping` only by its lease's end, refusal or loss.
 * A4. What was asked to end is not started again: `stopping` leads to `dead` only.
 */

/** Applies one event; pure. @returns the actor and what to do, or why its table does not allow the event. */
export function stepActor(actor: Actor, event: ActorEvent, now: Millis): ActorStep {
  switch (event.kind) {
    case 'placed':
      return placed(actor, event, now);
    case 'refused':
      return refused(actor, event, now);
    case 'waits':
      return waits(actor, event.reason);
    case 'ready':
      return ready(actor, event, now);
    case 'lease-ended':
      return lastWord(actor, event.lease, event.cause, now);
    case 'lease-lost':
      return lastWord(actor, event.lease, { kind: 'node-lost', node: event.node }, now);
    case 'kill':
      return end(actor, { kind: 'killed', by: event.by }, now);
    case 'session-ended':
      return actor.spec.session === event.session ? end(actor, { kind: 'owner-gone', owner: event.session }, now) : same(actor);
    case 'infeasible':
      return infeasible(actor, event, now);
    case 'create-deadline':
      return actor.hasRun ? same(actor) : end(actor, { kind: 'start-timeout', afterMs: event.afterMs }, now);
  }
}

/** What to do about an actor as it is: all that a head must send again after a restart. Every effect may be done twice. */
export function pendingEffects(actor: Actor): readonly ActorEffect[] {
  const { state } = actor;
  switch (state.at) {
    case 'pending':
      return [];
    case 'starting':
      return [{ kind: 'place', lease: state.lease, incarnation: state.incarnation }];
    case 'stopping':
      return [{ kind: 'stop', lease: state.lease, cause: state.cause }];
    case 'alive':
    case 'dead':
      return [{ kind: 'answer-creators' }];
  }
}

function placed(actor: Actor, event: Extract<ActorEvent, { kind: 'placed' }>, now: Millis): ActorStep {
  const { state } = actor;
  if (state.at === 'starting' && state.lease === event.lease) return same(actor);
  if (state.at !== 'pending') return illegal(actor, event, 'only a pending actor is placed; release the lease');
  return to(actor, { at: 'starting', since: now, lease: event.lease, incarnation: event.incarnation });
}

function refused(actor: Actor, event: Extract<ActorEvent, { kind: 'refused' }>, now: Millis): ActorStep {
  if (leaseOf(actor.state) !== event.lease) return same(actor);
  if (actor.state.at === 'alive') return illegal(actor, event, 'the agent granted the lease before; its first answer is final');
  return actor.state.at === 'starting' ? to(actor, pending(now, event.message)) : lastWord(actor, event.lease, { kind: 'released' }, now);
}

function waits(actor: Actor, reason: string): ActorStep {
  const { state } = actor;
  if (state.at !== 'pending' || state.reason === reason) return same(actor);
  return { kind: 'stepped', actor: { ...actor, state: { ...state, reason } }, isChanged: true, effects: [] };
}

function ready(actor: Actor, event: Extract<ActorEvent, { kind: 'ready' }>, now: Millis): ActorStep {
  const { state } = actor;
  if (leaseOf(state) !== event.lease) return illegal(actor, event, `lease ${event.lease} is not its present one`);
  if (state.at !== 'starting') return same(actor);
  const { lease, incarnation } = state;
  return to({ ...actor, hasRun: true }, { at: 'alive', since: now, lease, incarnation, node: event.node, address: event.address });
}

/** The lease's last word: its process is gone, or lost with its node. */
function lastWord(actor: Actor, lease: LeaseId, cause: DeathCause, now: Millis): ActorStep {
  const { state } = actor;
  if (leaseOf(state) !== lease) return same(actor);
  const told = state.at === 'stopping' ? state.cause : cause;
  const ended = { ...actor, deaths: withDeath(actor.deaths, { incarnation: actor.restarts + 1, at: now, cause: told }) };
  const isOver = state.at === 'stopping' || !mayRestart(actor, cause);
  return isOver ? to(ended, { at: 'dead', since: now, cause: told }) : restart(ended, cause, now);
}

function restart(actor: Actor, cause: DeathCause, now: Millis): ActorStep {
  const next = { ...actor, restarts: actor.restarts + 1, quickRestarts: quickRestartsAfter(actor, cause, now) };
  const pauseMs = pauseOf(next);
  const when = pauseMs === 0 ? '' : ` ${pauseMs / 1000} s after its end`;
  return to(next, pending(now, `It starts again${when}: ${describeCause(cause)}.`));
}

/** Wanted by somebody; the first cause stays. */
function end(actor: Actor, cause: DeathCause, now: Millis): ActorStep {
  const { state } = actor;
  switch (state.at) {
    case 'pending':
      return to(actor, { at: 'dead', since: now, cause });
    case 'starting':
    case 'alive':
      return to(actor, { at: 'stopping', since: now, lease: state.lease, cause });
    case 'stopping':
    case 'dead':
      return same(actor);
  }
}

function infeasible(actor: Actor, event: Extract<ActorEvent, { kind: 'infeasible' }>, now: Millis): ActorStep {
  if (actor.state.at === 'dead') return same(actor);
  if (actor.state.at !== 'pending') return illegal(actor, event, 'it holds a lease, so it does fit');
  if (actor.restarts > 0) return waits(actor, explainText(event.explanation));
  return to(actor, { at: 'dead', since: now, cause: { kind: 'killed', by: `the scheduler: ${explainText(event.explanation)}` } });
}

function pending(now: Millis, reason: string): ActorState {
  return { at: 'pending', since: now, reason };
}

function leaseOf(state: ActorState): LeaseId | null {
  return state.at === 'pending' || state.at === 'dead' ? null : state.lease;
}

function to(actor: Actor, state: ActorState): ActorStep {
  const next = { ...actor, state };
  return { kind: 'stepped', actor: next, isChanged: true, effects: pendingEffects(next) };
}

function same(actor: Actor): ActorStep {
  return { kind: 'stepped', actor, isChanged: false, effects: [] };
}

function illegal(actor: Actor, event: ActorEvent, why: string): IllegalTransition {
  const of = actor.spec.id;
  return {
    kind: 'illegal',
    machine: 'actor',
    of,
    from: actor.state.at,
    event: event.kind,
    why: `Actor ${of} does not take '${event.kind}' while ${actor.state.at}: ${why}.`,
  };
}
