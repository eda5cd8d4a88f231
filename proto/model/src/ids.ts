import { TrainerError } from './errors.js';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One machine, as its agent's folder knows it: `node-` + 12 hex. */
export type NodeId = Branded<'node'>;
/** An actor, chosen by its creator: `actor-` + 16 hex. */
export type ActorId = Branded<'actor'>;
/** A lease, chosen by the head: `<headEpoch>-<n>`. */
export type LeaseId = Branded<'lease'>;
/** A training job: `train_` + 12 hex (the seed's form). */
export type JobId = Branded<'job'>;
/** A client's session, chosen by the client: `session-` + 16 hex. */
export type SessionId = Branded<'session'>;
/** A process that is, or may become, the head: `head-` + 12 hex. */
export type HeadId = Branded<'head'>;
/** SHA-256 of a bundle of actor code, 64 hex. */
export type BundleHash = Branded<'bundle'>;
/** One life of an agent's stream to the head; a placement that names another is refused. */
export type StreamId = Branded<'stream'>;

/** The text is no id of this kind. */
export class InvalidIdError extends TrainerError<'id.invalid', { kind: string; text: string }> {
  constructor(kind: string, text: string) {
    super('id.invalid', `'${text.slice(0, 80)}' is not a ${kind} id.`, { kind, text: text.slice(0, 80) });
  }
}

function parser<Id extends string>(kind: string, pattern: RegExp): (text: string) => Id {
  return (text) => {
    if (!pattern.test(text)) throw new InvalidIdError(kind, text);
    return text as Id;
  };
}

export const nodeId = parser<NodeId>('node', /^node-[0-9a-f]{12}$/);
export const actorId = parser<ActorId>('actor', /^actor-[0-9a-f]{16}$/);
export const leaseId = parser<LeaseId>('lease', /^[1-9][0-9]{0,14}-[1-9][0-9]{0,14}$/);
export const jobId = parser<JobId>('job', /^train_[0-9a-f]{12}$/);
export const sessionId = parser<SessionId>('session', /^session-[0-9a-f]{16}$/);
export const headId = parser<HeadId>('head', /^head-[0-9a-f]{12}$/);
export const bundleHash = parser<BundleHash>('bundle', /^[0-9a-f]{64}$/);
export const streamId = parser<StreamId>('stream', /^stream-[0-9a-f]{16}$/);

/** The parts of a lease id: the leadership that chose it, and its number in it. Leases order by epoch, then number. */
export interface LeaseNumber {
  readonly headEpoch: number;
  readonly n: number;
}

export function leaseNumber(id: LeaseId): LeaseNumber {
  const [headEpoch, n] = id.split('-').map(Number) as [number, number];
  return { headEpoch, n };
}

export function makeLeaseId(number: LeaseNumber): LeaseId {
  return leaseId(`${number.headEpoch}-${number.n}`);
}

/** Negative when `a` was chosen before `b`. */
export function compareLeases(a: LeaseId, b: LeaseId): number {
  const [x, y] = [leaseNumber(a), leaseNumber(b)];
  return x.headEpoch - y.headEpoch || x.n - y.n;
}
