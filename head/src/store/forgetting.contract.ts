import { describe, expect, test } from '@jest/globals';
import { actorId, jobId, leaseId, nodeId, sessionId } from '@trainer/model';
import type { Actor, JobStatus, Lease, LeaseId, SessionId } from '@trainer/model';
import type { JobRecord } from '../jobs/job-record.js';
import { submittedEvent } from '../jobs/new-job.js';
import { aJob, aLease, anActor, anEpoch, aNode } from './stored-rows.fixture.js';
import type { StoreFixture } from './cluster-store.contract.js';
import type { ClusterStore, Forgettable } from './cluster-store.js';

const [OLD, CUT, YOUNG] = [10, 100, 200];
const FINISHED = { kind: 'finished' } as const;
const ENDED: SessionId = sessionId('session-0000000000000002');

const actorOf = (n: number): Actor['spec']['id'] => actorId(`actor-${String(n).padStart(16, '0')}`);
const dead = (n: number, since: number): Actor => ({ ...anActor(actorOf(n)), state: { at: 'dead', since, cause: FINISHED } });
const lease = (n: number, more: Partial<Lease>): Lease => ({ ...aLease(), id: leaseId(`1-${n}`), ...more });
const ids = (actors: readonly Actor[]): string[] => actors.map(({ spec }) => spec.id).sort();

/** A job as it is once it has ended, or runs on. */
function job(n: number, status: JobStatus, completedAt: number | null): JobRecord {
  const record = aJob(`train_${String(n).padStart(12, '0')}`, 1);
  return { ...record, isCleaned: true, lastEvent: 3, job: { ...record.job, status, completedAt } };
}

/** What every adapter of ClusterStore promises of forgetting: what is old goes, and what is young, unended or needed stays. */
export function describeForgetting(name: string, open: () => Promise<StoreFixture>): void {
  const all = async (store: ClusterStore, what: Forgettable): Promise<void> => {
    for (let rounds = 0; (await store.forget(what, CUT, 2)) > 0; rounds += 1) if (rounds > 100) throw new Error('it never ends');
  };

  describe(`forgetting in ${name}`, () => {
    test('dead actors go by their age, in batches, and those that live stay', async () => {
      const { store } = await open();
      const actors = [dead(1, OLD), dead(2, OLD), dead(3, OLD), dead(4, YOUNG), anActor(actorOf(5))];
      await store.commit({ newActors: actors.map((actor) => ({ actor: anActor(actor.spec.id), createdAt: 1 })) });
      await store.commit({ actors });
      expect(await store.forget('actors', CUT, 2)).toBe(2);
      await all(store, 'actors');
      expect(ids(await store.actors(10))).toEqual([actorOf(4), actorOf(5)]);
    });

    test('leases go when they are over and old, unless their holder has not ended', async () => {
      const { store } = await open();
      const [live, running, over] = [actorOf(1), job(2, 'running', null), job(3, 'failed', OLD)];
      const rankOf = (record: JobRecord) => ({ kind: 'rank', job: record.job.id, attempt: 1, rank: 0 }) as const;
      const gone = { kind: 'actor', actor: actorOf(9), incarnation: 1 } as const;
      const leases = [
        lease(1, { state: 'ended', since: OLD, holder: gone }),
        lease(2, { state: 'lost', since: OLD, holder: rankOf(over) }),
        lease(3, { state: 'ended', since: YOUNG, holder: gone }),
        lease(4, { state: 'ready', since: OLD, holder: { kind: 'actor', actor: live, incarnation: 2 } }),
        lease(5, { state: 'ended', since: OLD, holder: { kind: 'actor', actor: live, incarnation: 1 } }),
        lease(6, { state: 'lost', since: OLD, holder: rankOf(running) }),
      ];
      await store.commit({ newActors: [{ actor: anActor(live), createdAt: 1 }], newJobs: [running, over], leases });
      await all(store, 'leases');
      const left = await Promise.all([gone.actor, over.job.id, live, running.job.id].map((holder) => store.leasesOf(holder)));
      expect(left.map((of: readonly LeaseId[]) => [...of].sort())).toEqual([['1-3'], [], ['1-4', '1-5'], ['1-6']]);
    });

    test('sessions go when they ended long ago and none of their actors lives', async () => {
      const { store } = await open();
      const [old, young, used, held] = ['3', '4', '5', '6'].map((n) => sessionId(`session-000000000000000${n}`));
      const actor = anActor(actorOf(1));
      const sessions = [
        { id: old, state: 'ended', since: OLD },
        { id: young, state: 'ended', since: YOUNG },
        { id: used, state: 'ended', since: OLD },
        { id: held, state: 'open', since: OLD },
      ].filter((row): row is { id: SessionId; state: 'ended' | 'open'; since: number } => row.id !== undefined);
      await store.commit({ sessions, newActors: [{ actor: { ...actor, spec: { ...actor.spec, session: used ?? ENDED } }, createdAt: 1 }] });
      await all(store, 'sessions');
      const known = await Promise.all(sessions.map(({ id }) => store.hasSessionEnded(id)));
      expect(known).toEqual([false, true, true, false]);
      expect((await store.load()).sessions.map(({ id }) => id)).toEqual([held]);
    });

    test('nodes go when they were lost long ago and hold nothing', async () => {
      const { store } = await open();
      const node = (n: number, state: 'lost' | 'silent', since: number) => {
        const made = aNode();
        return { ...made, entry: { ...made.entry, id: nodeId(`node-00000000000${n}`), state, since } };
      };
      const nodes = [node(1, 'lost', OLD), node(2, 'lost', YOUNG), node(3, 'silent', OLD), node(4, 'lost', OLD)];
      const leases = [lease(1, { node: nodeId('node-000000000004'), state: 'stopping', since: OLD })];
      await store.commit({ nodes, leases });
      await all(store, 'nodes');
      const left = (await store.load()).nodes.map(({ entry }) => entry.id);
      expect([...left].sort()).toEqual(['node-000000000002', 'node-000000000003', 'node-000000000004']);
    });

    test('keys of requests go by their age, unless their job has not ended', async () => {
      const { store } = await open();
      const [running, over] = [job(1, 'running', null), job(2, 'completed', OLD)];
      const key = (name: string, record: JobRecord, createdAt: number) => ({ key: name, bodySha256: '', job: record.job.id, createdAt });
      const keys = [key('old', over, OLD), key('young', over, YOUNG), key('needed', running, OLD)];
      await store.commit({ newJobs: [running, over], keys });
      await all(store, 'keys');
      expect(await Promise.all(keys.map(({ key: name }) => store.key(name)))).toEqual([null, keys[1], keys[2]]);
    });

    test('bundles go by their age, unless an actor that is known was made of them', async () => {
      const { store } = await open();
      const used = anActor(actorOf(1));
      const hash = used.spec.classRef.kind === 'bundle' ? used.spec.classRef.hash : '';
      const bundles = [
        { hash: 'old', bytes: 1, createdAt: OLD },
        { hash: 'young', bytes: 1, createdAt: YOUNG },
        { hash, bytes: 1, createdAt: OLD },
      ];
      await store.commit({ bundles, newActors: [{ actor: used, createdAt: 1 }] });
      await all(store, 'bundles');
      expect(await Promise.all(bundles.map((bundle) => store.hasBundle(bundle.hash)))).toEqual([false, true, true]);
    });

    test('of a job that ended long ago the last event stays, and its epochs and checkpoints go when it is their time', async () => {
      const { store } = await open();
      const jobs = [job(1, 'completed', OLD), job(2, 'failed', YOUNG), job(3, 'running', null)];
      const events = jobs.flatMap((record) => [1, 2, 3].map((number) => ({ ...submittedEvent(record), number })));
      const epochs = jobs.flatMap(({ job: { id } }) => [1, 2, 3].map((epoch) => ({ job: id, attempt: 1, metrics: anEpoch(epoch, 1) })));
      const checkpoint = { epoch: 1, bucket: 'b', key: 'k', bytes: 1 } as never;
      const checkpoints = jobs.map(({ job: { id } }) => ({ job: id, attempt: 1, checkpoint, createdAt: 1 }));
      await store.commit({ newJobs: jobs, events, epochs, checkpoints });
      await all(store, 'events');
      const numbers = async (record: JobRecord) => (await store.events(record.job.id, 0, 10)).map(({ number }) => number);
      expect(await Promise.all(jobs.map(numbers))).toEqual([[3], [1, 2, 3], [1, 2, 3]]);
      const countOf = async ({ job: { id } }: JobRecord) => [(await store.epochs(id, null)).length, (await store.checkpoints(id)).length];
      expect(await Promise.all(jobs.map(countOf))).toEqual([
        [3, 1],
        [3, 1],
        [3, 1],
      ]);
      await all(store, 'metrics');
      expect(await Promise.all(jobs.map(countOf))).toEqual([
        [0, 0],
        [3, 1],
        [3, 1],
      ]);
      expect(await store.job(jobId('train_000000000001'))).toMatchObject({ job: { status: 'completed' } });
    });

    test('the files of a job are wanted until it has ended, and then if it has a model', async () => {
      const { store } = await open();
      const jobs = [job(1, 'running', null), job(2, 'failed', OLD)];
      await store.commit({ newJobs: jobs });
      const asked = [...jobs.map((record) => record.job.id), jobId('train_00000000000f')];
      expect([...(await store.jobsWithFiles(asked))]).toEqual(['train_000000000001']);
    });

    test('a head that leads no more forgets nothing', async () => {
      const { store, takeOver } = await open();
      await store.commit({ bundles: [{ hash: 'h', bytes: 1, createdAt: OLD }] });
      await takeOver();
      await expect(store.forget('bundles', CUT, 10)).rejects.toMatchObject({ code: 'head.fenced' });
      expect(await store.hasBundle('h')).toBe(true);
    });
  });
}
