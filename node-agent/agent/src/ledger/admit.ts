import {
  compareLeases,
  type Grant,
  type LeaseId,
  type Millis,
  type PlaceReply,
  type PlaceRequest,
  type RefusalReason,
  type StartSpec,
} from '@trainer/model';
import { whyNot } from './fits.js';
import { entryOf, GRANTED, hear, raiseLowWater, withHeld, withOver, type LeaseEntry, type Ledger } from './ledger.js';

export interface AdmitContext {
  readonly now: Millis;
  readonly reservationMs: Millis;
  /** The buffer of facts has no room for what a new lease would say. */
  readonly isBufferFull: boolean;
}

export interface Admitted {
  readonly ledger: Ledger;
  readonly answer: PlaceReply;
  /** To be started now; null when the request started nothing, or did so earlier. */
  readonly start: { readonly lease: LeaseId; readonly grant: Grant; readonly spec: StartSpec } | null;
}

/** Books a placement, or says why not; idempotent by lease id (I1 to I7 in ledger.ts). */
export function admit(before: Ledger, request: PlaceRequest, context: AdmitContext): Admitted {
  if (before.stream === null || request.stream !== before.stream) {
    return refuse(before, 'stale-stream', `The agent's current stream is ${before.stream ?? 'not reconciled yet'}.`);
  }
  const heard = hear(before, request.headEpoch);
  if (heard === null) {
    return refuse(before, 'stale-epoch', `Headship ${before.newestHeadEpoch} was seen; this request is of ${request.headEpoch}.`);
  }
  const ledger = raiseLowWater(heard, request.lowWater);
  const entry = entryOf(ledger, request.lease);
  return entry === undefined ? admitNew(ledger, request, context) : admitKnown(ledger, request, entry);
}

/** I3: as it was answered before; only the start of a reservation is new. */
function admitKnown(ledger: Ledger, { lease, action }: PlaceRequest, entry: LeaseEntry): Admitted {
  if (entry.at === 'over') return { ledger, answer: action.kind === 'reserve' ? entry.reserve : entry.start, start: null };
  if (entry.at !== 'reserved' || action.kind === 'reserve') return { ledger, answer: GRANTED, start: null };
  const { grant } = entry;
  return { ledger: withHeld(ledger, lease, { at: 'starting', grant }), answer: GRANTED, start: { lease, grant, spec: action.spec } };
}

function admitNew(ledger: Ledger, { lease, action }: PlaceRequest, context: AdmitContext): Admitted {
  if (ledger.lowWater !== null && compareLeases(lease, ledger.lowWater) < 0) {
    return refuse(ledger, 'tombstone', 'The lease is below the low-water mark: its time is over.');
  }
  if (action.kind === 'start') return remember(ledger, lease, 'unknown-lease', 'The lease was never reserved here.');
  if (ledger.isDraining) return remember(ledger, lease, 'draining', 'The node drains and takes nothing new.');
  if (context.isBufferFull) return remember(ledger, lease, 'buffer-full', 'The facts of this node wait for the head; nothing new starts.');
  const problem = whyNot(ledger, action.grant);
  if (problem !== null) return remember(ledger, lease, 'capacity', problem);
  const { grant } = action;
  if (action.kind === 'reserve') {
    const expiresAt = context.now + context.reservationMs;
    return { ledger: withHeld(ledger, lease, { at: 'reserved', grant, expiresAt }), answer: GRANTED, start: null };
  }
  return { ledger: withHeld(ledger, lease, { at: 'starting', grant }), answer: GRANTED, start: { lease, grant, spec: action.spec } };
}

function remember(ledger: Ledger, lease: LeaseId, reason: RefusalReason, message: string): Admitted {
  const { answer } = refuse(ledger, reason, message);
  return { ledger: withOver(ledger, lease, { reserve: answer, start: answer }), answer, start: null };
}

function refuse(ledger: Ledger, reason: RefusalReason, message: string): Admitted {
  return { ledger, answer: { kind: 'refused', reason, message }, start: null };
}
