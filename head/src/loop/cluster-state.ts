import { isFinalStatus, makeLeaseId } from '@trainer/model';
import type { Actor, ActorId, JobId, Lease, LeaseId, NodeId, SessionId } from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import type { StoredNode, StoredSession, StoredState } from '../store/cluster-store.js';
import { Book } from './book.js';

/** Everything that has not ended, in memory. The store holds the same, and what has ended. */
export class ClusterState {
  readonly nodes = new Book<NodeId, StoredNode>(() => false);
  readonly sessions = new Book<SessionId, StoredSession>((session) => session.state === 'ended');
  readonly actors = new Book<ActorId, Actor>((actor) => actor.state.at === 'dead');
  /** A lost lease of a rank stays until its process can't live any more; its job must know. */
  readonly leases = new Book<LeaseId, Lease>(
    (lease) => lease.state === 'ended' || (lease.state === 'lost' && lease.holder.kind === 'actor'),
  );
  /** An ended job stays until what its attempts left is removed. */
  readonly jobs = new Book<JobId, JobRecord>((record) => isFinalStatus(record.job.status) && record.isCleaned);
  #given = 0;
  #headEpoch: number;

  constructor(headEpoch: number) {
    this.#headEpoch = headEpoch;
  }

  /** Of this head's leadership. It rises while the loop is suspended, and never falls. */
  get headEpoch(): number {
    return this.#headEpoch;
  }

  raise(headEpoch: number): void {
    this.#headEpoch = Math.max(this.#headEpoch, headEpoch);
  }

  /** The id that is given out next. */
  get nextLease(): LeaseId {
    return makeLeaseId({ headEpoch: this.headEpoch, n: this.#given + 1 });
  }

  takeLease(): LeaseId {
    const id = this.nextLease;
    this.#given += 1;
    return id;
  }

  reset(state: StoredState): void {
    this.nodes.reset(state.nodes.map((node) => [node.entry.id, withoutStream(node)]));
    this.sessions.reset(state.sessions.map((session) => [session.id, session]));
    this.actors.reset(state.actors.map((actor) => [actor.spec.id, actor]));
    this.leases.reset(state.leases.map((lease) => [lease.id, lease]));
    this.jobs.reset(state.jobs.map((record) => [record.job.id, record]));
  }
}

/** What is read from the store has no stream: until it says hello, nothing is placed on it. */
function withoutStream(node: StoredNode): StoredNode {
  if (node.entry.state === 'lost') return node;
  return { ...node, entry: { ...node.entry, state: 'silent', stream: null } };
}
