import { isFinalLease, LEASE_TRANSITIONS } from '@trainer/model';
import type { Lease, LeaseState, Millis } from '@trainer/model';
import type { IllegalTransition } from './illegal-transition.js';
import type { LeaseEvent, LeaseStep } from './lease-events.js';

/**
 * L1. A lease moves along LEASE_TRANSITIONS only, never back; `ended` and `lost` stay.
 * L2. A repeated event changes nothing; an event that another channel overtook (the grant over NATS after the fact
 *     `ready`) changes nothing either.
 * L3. Signs of life of a final lease, and a refusal after a grant, are illegal: somebody is wrong about this lease.
 */

/** The order of life: an event that leads no further than this was overtaken. */
const AGE: Readonly<Record<LeaseState, number>> = { planned: 0, reserved: 1, starting: 2, ready: 3, stopping: 4, ended: 5, lost: 5 };

/** Applies one event; pure. @returns the lease, or why its table does not allow the event. */
export function stepLease(lease: Lease, event: LeaseEvent, now: Millis): LeaseStep {
  switch (event.kind) {
    case 'reserved':
      return advance(lease, event, 'reserved', {}, now);
    case 'started':
      return advance(lease, event, 'starting', lease.pid === null ? { pid: event.pid } : {}, now);
    case 'ready':
      return advance(lease, event, 'ready', { address: event.address }, now);
    case 'refused':
      return refuse(lease, event, now);
    case 'stop':
      return isFinalLease(lease.state) ? same(lease) : advance(lease, event, 'stopping', {}, now);
    case 'ended':
      return isFinalLease(lease.state) ? same(lease) : advance(lease, event, 'ended', { cause: event.cause }, now);
    case 'lost':
      return isFinalLease(lease.state)
        ? same(lease)
        : advance(lease, event, 'lost', { cause: { kind: 'node-lost', node: lease.node } }, now);
  }
}

/** Does this lease hold resources that the head must count? A lost one holds some on a node that takes no work. */
export function holdsResources(lease: Lease): boolean {
  return !isFinalLease(lease.state);
}

type Fields = Partial<Pick<Lease, 'pid' | 'address' | 'cause'>>;

function advance(lease: Lease, event: LeaseEvent, to: LeaseState, fields: Fields, now: Millis): LeaseStep {
  if (isFinalLease(lease.state)) return illegal(lease, event, `it is ${lease.state}, and stays so`);
  if (AGE[to] <= AGE[lease.state]) return fill(lease, fields);
  if (!LEASE_TRANSITIONS[lease.state].includes(to)) return illegal(lease, event, `${lease.state} does not go to ${to}`);
  return { kind: 'stepped', lease: { ...lease, ...fields, state: to, since: now }, isChanged: true };
}

function refuse(lease: Lease, event: LeaseEvent, now: Millis): LeaseStep {
  if (lease.state === 'ended' || lease.state === 'lost') return same(lease);
  if (lease.state === 'starting' || lease.state === 'ready') {
    return illegal(lease, event, 'the agent granted it before; its first answer is final');
  }
  return advance(lease, event, 'ended', { cause: { kind: 'released' } }, now);
}

/** An overtaken event may still bring what is not known yet, such as the pid. */
function fill(lease: Lease, fields: Fields): LeaseStep {
  const isPidNew = lease.pid === null && fields.pid !== undefined && fields.pid !== null;
  return isPidNew ? { kind: 'stepped', lease: { ...lease, pid: fields.pid ?? null }, isChanged: true } : same(lease);
}

function same(lease: Lease): LeaseStep {
  return { kind: 'stepped', lease, isChanged: false };
}

function illegal(lease: Lease, event: LeaseEvent, why: string): IllegalTransition {
  return {
    kind: 'illegal',
    machine: 'lease',
    of: lease.id,
    from: lease.state,
    event: event.kind,
    why: `Lease ${lease.id} does not take '${event.kind}': ${why}.`,
  };
}
