import { describe, expect, test } from '@jest/globals';
import { actorId, jobId } from '@trainer/model';
import type { Actor, Job, JobStatus } from '@trainer/model';
import { submittedEvent } from '../jobs/new-job.js';
import type { JobRecord } from '../jobs/job-record.js';
import type { ClusterStore } from './cluster-store.js';
import { aJob, aLease, aModel, anActor, anEpoch, aNode, NODE, SESSION } from './stored-rows.fixture.js';

/** An empty store, and how another head takes over from it. */
export interface StoreFixture {
  readonly store: ClusterStore;
  /** Another head leads from now on. */
  takeOver(): Promise<void>;
}

/** What every adapter of ClusterStore promises. */
export function describeClusterStore(name: string, open: () => Promise<StoreFixture>): void {
  describe(`the cluster's state in ${name}`, () => {
    test('what has not ended is loaded as it was written', async () => {
      const { store } = await open();
      const [node, actor, lease, record] = [aNode(), anActor('actor-0000000000000001'), aLease(), aJob('train_000000000001', 1)];
      const session = { id: SESSION, state: 'open', since: 5 } as const;
      await store.commit({ nodes: [node], newActors: [{ actor, createdAt: 1 }], leases: [lease], newJobs: [record], sessions: [session] });
      expect(await store.load()).toEqual({ nodes: [node], actors: [actor], leases: [lease], jobs: [record], sessions: [session] });
    });

    test('where there is room, looking for it again and again leaves nothing behind', async () => {
      const { store } = await open();
      const before = await store.load();
      await store.room();
      await store.room();
      expect(await store.load()).toEqual(before);
    });

    test('what has ended is found by id, and not loaded', async () => {
      const { store } = await open();
      const actor = anActor('actor-0000000000000001');
      const dead: Actor = { ...actor, state: { at: 'dead', since: 9, cause: { kind: 'killed', by: "a 'quoted' name" } } };
      await store.commit({ newActors: [{ actor, createdAt: 1 }], leases: [aLease()] });
      await store.commit({
        actors: [dead],
        leases: [{ ...aLease(), state: 'ended' }],
        sessions: [{ id: SESSION, state: 'ended', since: 1 }],
      });
      expect(await store.load()).toMatchObject({ actors: [], leases: [], sessions: [] });
      expect(await store.actor(actor.spec.id)).toEqual(withoutArgs(dead));
      expect(await store.hasSessionEnded(SESSION)).toBe(true);
    });

    test('a change that is written twice leaves the same rows', async () => {
      const { store } = await open();
      const record = aJob('train_000000000001', 1);
      const change = {
        newJobs: [record],
        events: [submittedEvent(record)],
        epochs: [{ job: record.job.id, attempt: 1, metrics: anEpoch(1, 0.5) }],
        keys: [{ key: 'k', bodySha256: 'b', job: record.job.id, createdAt: 1 }],
      };
      await store.commit(change);
      await store.commit(change);
      expect(await store.events(record.job.id, 0, 10)).toHaveLength(1);
      expect(await store.epochs(record.job.id, null)).toHaveLength(1);
      expect(await store.key('k')).toMatchObject({ job: record.job.id, bodySha256: 'b' });
    });

    test('arguments that lie in the object store are named by the row', async () => {
      const { store } = await open();
      const actor = anActor('actor-0000000000000001');
      const stored: Actor = { ...actor, spec: { ...actor.spec, args: { kind: 'stored', bytes: 7, sha256: 'e'.repeat(64) } } };
      await store.commit({ newActors: [{ actor: stored, createdAt: 1 }] });
      expect(await store.actor(actor.spec.id)).toEqual(stored);
    });

    test('a job is read with its attempts, and why each ended', async () => {
      const { store } = await open();
      const record = aJob('train_000000000001', 1);
      const began = { number: 1, startedAt: 2, endedAt: null, fromEpoch: 0, workers: 1, nodes: [NODE], memoryBytes: 2 ** 40, end: null };
      const end = { kind: 'failed', blame: 'infra', rank: 0, code: 'job.lost', message: "it 'was' lost", cause: null } as const;
      const ended = { ...began, endedAt: 3, end };
      const job = { ...record.job, attempt: 1, attempts: [ended] };
      await store.commit({ newJobs: [record] });
      await store.commit({ attempts: [{ job: job.id, attempt: began }] });
      await store.commit({ attempts: [{ job: job.id, attempt: ended }], jobs: [{ ...record, job, lastEvent: 2 }] });
      expect((await store.job(job.id))?.job.attempts).toEqual([ended]);
    });

    test('a final actor is not brought back by a late version', async () => {
      const { store } = await open();
      const actor = anActor('actor-0000000000000001');
      const dead: Actor = { ...actor, state: { at: 'dead', since: 9, cause: { kind: 'finished' } } };
      await store.commit({ newActors: [{ actor, createdAt: 1 }], actors: [dead] });
      await store.commit({ actors: [actor] });
      expect((await store.actor(actor.spec.id))?.state.at).toBe('dead');
    });

    test('of each epoch the newest attempt is shown, and of a long run the newest epochs', async () => {
      const { store } = await open();
      const job = jobId('train_000000000001');
      const rows = [
        [1, 1],
        [1, 2],
        [1, 3],
        [2, 3],
        [2, 4],
      ].map(([attempt = 0, epoch = 0]) => ({ job, attempt, metrics: anEpoch(epoch, attempt) }));
      await store.commit({ newJobs: [aJob(job, 1)], epochs: rows });
      expect((await store.epochs(job, null)).map(({ epoch, trainLoss }) => [epoch, trainLoss])).toEqual([
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
      ]);
      expect((await store.epochs(job, 2)).map(({ epoch }) => epoch)).toEqual([3, 4]);
    });

    test('events come in the order of their numbers after the one that is known', async () => {
      const { store } = await open();
      const record = aJob('train_000000000001', 1);
      const event = submittedEvent(record);
      await store.commit({ newJobs: [record], events: [event, { ...event, number: 2 }, { ...event, number: 3 }] });
      expect((await store.events(record.job.id, 1, 10)).map(({ number }) => number)).toEqual([2, 3]);
      expect((await store.events(record.job.id, 0, 1))[0]).toEqual(event);
    });

    test('jobs are listed newest first, page by page, by each of their filters', async () => {
      const { store } = await open();
      const records = [1, 2, 3].map((n) => aJob(`train_00000000000${n}`, n));
      await store.commit({ newJobs: records });
      const all = { status: null, modelId: null, experimentName: null, tag: null, cursor: null, limit: 2 };
      const first = await store.jobs(all);
      expect(first.jobs.map(({ job }) => job.createdAt)).toEqual([3, 2]);
      const second = await store.jobs({ ...all, cursor: first.nextCursor });
      expect(second).toMatchObject({ nextCursor: null, jobs: [{ job: { createdAt: 1 } }] });
      expect((await store.jobs({ ...all, tag: { name: 'n', value: '2' } })).jobs).toHaveLength(1);
      expect((await store.jobs({ ...all, status: 'completed' })).jobs).toHaveLength(0);
    });

    test.each(['\u0000', 'a\u0000b', '\ufffd', "'\\\u0001\u{1f600}"])('what is stored under the text %j is found by it', async (text) => {
      const { store } = await open();
      const record = aJob('train_000000000001', 1);
      const { job } = record;
      const request = { ...job.request, experimentName: text, tags: { [text]: text } };
      const key = { key: text, bodySha256: 'x', job: job.id, createdAt: 1 };
      await store.commit({ newJobs: [{ ...record, job: { ...job, request } }], keys: [key] });
      const all = { status: null, modelId: null, experimentName: null, tag: null, cursor: null, limit: 2 };
      for (const by of [{ experimentName: text }, { tag: { name: text, value: text } }])
        expect((await store.jobs({ ...all, ...by })).jobs).toHaveLength(1);
      expect((await store.jobs({ ...all, modelId: text })).jobs).toHaveLength(0);
      expect(await store.key(text)).toMatchObject({ job: job.id });
    });

    test('models are counted and paged, newest first', async () => {
      const { store } = await open();
      const records = [1, 2, 3].map((n) => aJob(`train_00000000000${n}`, n));
      await store.commit({ newJobs: records, models: records.map(({ job }) => aModel(job)) });
      const page = await store.models(2, 2);
      expect(page.total).toBe(3);
      expect(page.models.map(({ createdAt }) => createdAt)).toEqual([1]);
    });

    test('experiments are counted by status, newest first; their completed jobs are ranked, and their metrics named', async () => {
      const { store } = await open();
      const jobOf = (n: number, experimentName: string, status: JobStatus, bestMetrics: Job['bestMetrics'] = {}): JobRecord => {
        const record = aJob(`train_00000000000${n}`, n);
        return { ...record, job: { ...record.job, status, bestMetrics, request: { ...record.job.request, experimentName } } };
      };
      const [best, same, worse] = [
        jobOf(1, 'a "b"', 'completed', { val_loss: 0.5, val_accuracy: 0.9 }),
        jobOf(2, 'a "b"', 'completed', { val_loss: 0.25, val_accuracy: 0.9 }),
        jobOf(3, 'a "b"', 'completed', { val_loss: null, val_accuracy: 1e-7 }),
      ];
      const others = [jobOf(4, 'a "b"', 'failed', { val_accuracy: 1 }), jobOf(5, 'other', 'pending'), jobOf(6, 'other', 'cancelled')];
      await store.commit({ newJobs: [best, same, worse, ...others] });
      const none = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 };
      expect(await store.experiments(10)).toEqual([
        { name: 'other', newestAt: 6, jobs: { ...none, pending: 1, cancelled: 1 } },
        { name: 'a "b"', newestAt: 4, jobs: { ...none, completed: 3, failed: 1 } },
      ]);
      expect(await store.experiments(1)).toHaveLength(1);
      const ranked = async (metric: string, isLessBetter: boolean, limit = 10): Promise<string[]> =>
        (await store.leaderboard({ experiment: 'a "b"', metric, isLessBetter, limit })).map(({ job }) => job.id);
      const [first, second, third] = [best.job.id, same.job.id, worse.job.id];
      expect(await ranked('val_accuracy', false)).toEqual([first, second, third]);
      expect(await ranked('val_accuracy', false, 1)).toEqual([first]);
      expect(await ranked('val_loss', true)).toEqual([second, first]);
      expect(await ranked('none', true)).toEqual([]);
      expect([await store.metricsOf('a "b"'), await store.metricsOf('other'), await store.metricsOf('none')]).toEqual([
        ['val_accuracy', 'val_loss'],
        [],
        null,
      ]);
    });

    test('a token is found by its hash, also when it was revoked; lists have those in force', async () => {
      const { store } = await open();
      const aToken = (n: number) => ({
        ...{ id: `token-00000000000${n}`, name: 'it\'s "mine"', scope: 'submit' as const },
        ...{ createdAt: n, revokedAt: null, sha256: String(n).repeat(64) },
      });
      const [first, second] = [aToken(1), aToken(2)];
      await store.commit({ tokens: [first, second] });
      await store.commit({ tokens: [first] });
      expect(await store.tokens()).toEqual([second, first]);
      expect(await store.tokenOf(first.sha256)).toEqual(first);
      expect(await store.tokenOf('0'.repeat(64))).toBeNull();
      await store.commit({ tokens: [{ ...first, name: 'another', revokedAt: 9 }] });
      expect(await store.tokens()).toEqual([second]);
      expect(await store.tokenOf(first.sha256)).toEqual({ ...first, revokedAt: 9 });
    });

    test('a deleted model is gone, also where it was stored in the same transaction; its job stays', async () => {
      const { store } = await open();
      const records = [1, 2, 3].map((n) => aJob(`train_00000000000${n}`, n));
      const [first, second, third] = records.map(({ job }) => job);
      if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
      await store.commit({ newJobs: records, models: [aModel(first), aModel(second)] });
      await store.commit({ deletedModels: [first.id] });
      await Promise.all([store.commit({ models: [aModel(third)] }), store.commit({ deletedModels: [third.id, first.id] })]);
      expect([await store.model(first.id), await store.model(third.id)]).toEqual([null, null]);
      expect(await store.models(1, 10)).toMatchObject({ total: 1, models: [{ job: second.id }] });
      expect((await store.job(first.id))?.job.id).toBe(first.id);
    });

    test('of an actor the newest state is kept, whatever its bytes', async () => {
      const { store } = await open();
      const actor = actorId('actor-0000000000000001');
      expect(await store.actorState(actor)).toBeNull();
      const states = [
        { kind: 'inline', bytes: Buffer.from([1]) },
        { kind: 'inline', bytes: Buffer.from([0, 255, 2]) },
      ] as const;
      for (const state of states) await store.commit({ actorStates: [{ actor, incarnation: 1, savedAt: 1, state }] });
      expect(await store.actorState(actor)).toEqual(states[1]);
      const stored = { kind: 'object', bucket: 'b', key: 'k', bytes: 2 ** 20 } as const;
      await store.commit({ actorStates: [{ actor, incarnation: 2, savedAt: 2, state: stored }] });
      expect(await store.actorState(actor)).toEqual(stored);
    });

    test('an actor that was started again is loaded with why, and its state goes with its end', async () => {
      const { store } = await open();
      const actor = anActor('actor-0000000000000001');
      const { id } = actor.spec;
      const again: Actor = {
        ...actor,
        state: { at: 'pending', since: 2, reason: 'It starts again.' },
        restarts: 3,
        deaths: [{ incarnation: 3, at: 2, cause: { kind: 'signal', signal: 'SIGKILL' } }],
        hasRun: true,
        quickRestarts: 2,
      };
      await store.commit({ newActors: [{ actor, createdAt: 1 }] });
      const state = { kind: 'inline', bytes: Buffer.from([1]) } as const;
      await store.commit({ actors: [again], actorStates: [{ actor: id, incarnation: 1, savedAt: 1, state }] });
      expect((await store.load()).actors).toEqual([again]);
      const dead: Actor = { ...again, state: { at: 'dead', since: 3, cause: { kind: 'killed', by: 'a test' } } };
      await store.commit({
        actors: [dead],
        actorStates: [{ actor: id, incarnation: 2, savedAt: 2, state }],
        forgottenStates: [id],
      });
      expect(await store.actorState(id)).toBeNull();
      expect(await store.actor(id)).toEqual(withoutArgs(dead));
    });

    test('a name has one unended actor, and is free after its end', async () => {
      const { store } = await open();
      const [first, second] = ['actor-0000000000000001', 'actor-0000000000000002'].map((id) => named(anActor(id), 'hits'));
      const elsewhere = named(anActor('actor-0000000000000003'), 'hits', 'other');
      if (first === undefined || second === undefined) throw new Error('two were made');
      await store.commit({ newActors: [first, elsewhere].map((actor) => ({ actor, createdAt: 1 })) });
      await store.commit({ actors: [{ ...first, state: { at: 'dead', since: 2, cause: { kind: 'finished' } } }] });
      await store.commit({ newActors: [{ actor: second, createdAt: 3 }] });
      expect((await store.load()).actors.map(({ spec }) => spec.id).sort()).toEqual([second.spec.id, elsewhere.spec.id]);
      await expect(store.commit({ newActors: [{ actor: first, createdAt: 1 }] })).resolves.toBeUndefined();
      const third = named(anActor('actor-0000000000000004'), 'hits');
      await expect(store.commit({ newActors: [{ actor: third, createdAt: 1 }] })).rejects.toThrow();
    });

    test('of a change that fails nothing is written, and the next one is', async () => {
      const { store } = await open();
      const [first, second] = ['actor-0000000000000001', 'actor-0000000000000002'].map((id) => named(anActor(id), 'hits'));
      if (first === undefined || second === undefined) throw new Error('two were made');
      await store.commit({ newActors: [{ actor: first, createdAt: 1 }] });
      const failing = { nodes: [aNode()], newActors: [{ actor: second, createdAt: 1 }], bundles: [{ hash: 'h', bytes: 1, createdAt: 1 }] };
      await expect(store.commit(failing)).rejects.toThrow();
      expect((await store.load()).nodes).toEqual([]);
      await store.commit({ bundles: [{ hash: 'i', bytes: 1, createdAt: 1 }] });
      expect([await store.hasBundle('h'), await store.hasBundle('i')]).toEqual([false, true]);
    });

    test('changes of many sizes, up to 4 MiB, are read as they were written', async () => {
      const { store } = await open();
      const sizes = [0, 1, 2 ** 16, 2 ** 20 - 1, 2 ** 20, 2 ** 22];
      const actors = sizes.map((size, n) => ({ ...anActor(`actor-000000000000000${n}`), size }));
      await Promise.all(
        actors.map(({ spec: { id }, size }) => {
          const state = { kind: 'inline', bytes: Buffer.alloc(size, "'\\\u0000\ud83d\ude00") } as const;
          return store.commit({ actorStates: [{ actor: id, incarnation: 1, savedAt: 1, state }] });
        }),
      );
      for (const { spec, size } of actors) {
        const state = await store.actorState(spec.id);
        expect(state?.kind === 'inline' && Buffer.alloc(size, "'\\\u0000\ud83d\ude00").equals(state.bytes)).toBe(true);
      }
    });

    test('after another head has taken over nothing is written', async () => {
      const { store, takeOver } = await open();
      await takeOver();
      await expect(store.commit({ bundles: [{ hash: 'h', bytes: 1, createdAt: 1 }] })).rejects.toMatchObject({ code: 'head.fenced' });
      expect(await store.hasBundle('h')).toBe(false);
    });

    test('many changes at once are all written', async () => {
      const { store } = await open();
      const hashes = Array.from({ length: 1_200 }, (_, n) => `h${n}`);
      await Promise.all(hashes.map((hash) => store.commit({ bundles: [{ hash, bytes: 1, createdAt: 1 }] })));
      expect(await store.hasBundle('h1199')).toBe(true);
    });
  });
}

/** Who has ended is never constructed again. */
function withoutArgs(actor: Actor): Actor {
  return { ...actor, spec: { ...actor.spec, args: { kind: 'inline', bytes: Buffer.alloc(0) } } };
}

function named(actor: Actor, name: string, namespace = 'default'): Actor {
  return { ...actor, spec: { ...actor.spec, name, namespace } };
}
