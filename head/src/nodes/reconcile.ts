import { isFinalLease } from '@trainer/model';
import type { AgentLeaseState, HeldLease, Hello, Lease, LeaseId, LeaseVerdict } from '@trainer/model';
import type { LeaseEvent } from '../leases/lease-events.js';
import type { ReconciledLease, Reconciliation } from './node-table.js';

/**
 * Compares what an agent holds with what the head wants (design.md sections 1, 3 and 9). Called once the facts that the
 * hello counts are stored, so that a lease's end is known before it is missed.
 *
 * R1. The agent ends what the head does not know, has ended or has lost.
 * R2. A planned lease that the agent does not hold was never granted: it stays planned and is sent again.
 * R3. Another lease that the agent does not hold is gone.
 * R4. A newer incarnation has waited for the end of the older one's processes: all of the older one's leases are gone.
 * R5. Applying the events and reconciling again yields no events.
 *
 * @param rows the head's leases on this node that are not ended, and the lost ones that are not yet gone
 */
export function reconcile(hello: Hello, rows: readonly Lease[]): Reconciliation {
  const byId = new Map(rows.filter((row) => row.node === hello.node).map((row) => [row.id, row]));
  const held = new Map(hello.leases.map((lease) => [lease.lease, lease.state]));
  const events: ReconciledLease[] = [];
  const gone: LeaseId[] = [];
  for (const row of byId.values()) {
    const state = row.nodeIncarnation === hello.incarnation ? held.get(row.id) : undefined;
    if (row.state === 'lost') {
      if (state === undefined || state === 'ended') gone.push(row.id);
      continue;
    }
    const event = eventOf(row, state, hello.incarnation);
    if (event) events.push({ lease: row, event });
  }
  return { verdicts: hello.leases.map((lease) => verdictOn(lease, byId.get(lease.lease), hello.incarnation)), events, gone };
}

function verdictOn(held: HeldLease, row: Lease | undefined, incarnation: number): LeaseVerdict {
  const isWanted = row !== undefined && row.nodeIncarnation === incarnation && !isFinalLease(row.state) && held.state !== 'ended';
  return { lease: held.lease, verdict: isWanted ? 'keep' : 'end' };
}

function eventOf(row: Lease, held: AgentLeaseState | undefined, incarnation: number): LeaseEvent | null {
  if (isFinalLease(row.state)) return null;
  if (row.nodeIncarnation < incarnation) return { kind: 'ended', cause: { kind: 'node-lost', node: row.node } };
  if (held === undefined || held === 'ended') {
    return row.state === 'planned' && held === undefined ? null : { kind: 'ended', cause: { kind: 'released' } };
  }
  if (held === 'reserved') return row.state === 'planned' ? { kind: 'reserved' } : null;
  const isStartNews = row.state === 'planned' || row.state === 'reserved';
  return isStartNews ? { kind: 'started', pid: null } : null;
}
