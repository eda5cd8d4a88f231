import { isFinalStatus, makeLeaseId } from '@trainer/model';
import type { Actor, ActorId, JobId, Lease, LeaseId, NodeId, SessionId } from '@trainer/model';
import { NameIndex } from '../actors/name-index.js';
import type { JobRecord } from '../jobs/job-record.js';
import type { StoredNode, StoredSession, StoredState } from '../store/cluster-store.js';
import { LowWater } from '../leases/low-water.js';
import { Book } from './book.js';
import { CountIndex, GroupIndex, HeldIndex } from './indexes.js';

/** Everything that has not ended, in memory. The store holds the same, and what has ended. */
export class ClusterState {
  /** What would cost a look at everything if it were asked of the books; all of them are as decided. */
  readonly leasesOf = new GroupIndex<NodeId, LeaseId, Lease>(
    (lease) => lease.node,
    (lease) => lease.id,
  );
  readonly held = new HeldIndex();
  readonly lowWater = new LowWater();
  readonly actorsOf = new GroupIndex<SessionId, ActorId, Actor>(
    (actor) => actor.spec.session,
    (actor) => actor.spec.id,
  );
  readonly names = new NameIndex();
  readonly waitingJobs = new CountIndex<JobRecord>((record) => record.job.status === 'pending');
  readonly nodes = new Book<NodeId, StoredNode>(() => false);
  readonly sessions = new Book<SessionId, StoredSession>((session) => session.state === 'ended');
  readonly actors = new Book<ActorId, Actor>((actor) => actor.state.at === 'dead', [this.actorsOf, this.names]);
  /** A lost lease of a rank stays until its process can't live any more; its job must know. */
  readonly leases = new Book<LeaseId, Lease>(
    (lease) => lease.state === 'ended' || (lease.state === 'lost' && lease.holder.kind === 'actor'),
    [this.leasesOf, this.held, this.lowWater],
  );
  /** An ended job stays until what its attempts left is removed. */
  readonly jobs = new Book<JobId, JobRecord>((record) => isFinalStatus(record.job.status) && record.isCleaned, [this.waitingJobs]);
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

  /** No placement of a lease below it is sent any more. */
  get mark(): LeaseId {
    return this.lowWater.mark(this.nextLease);
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
