import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { TrainerError, type DeathCause, type ProfileAnswer } from '@trainer/model';
import { deferred, silentLogger, systemClock, until } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import type { ObjectStore } from '@trainer/storage';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from '../start.js';
import { aProfile, FakeProfilers } from '../testing/fake-profilers.js';
import { memoryHead } from '../testing/memory-head.js';
import { TEST_SETTINGS } from '../testing/settings.js';
import { DatasetProfileSchema } from './profile.answers.js';

let profilers: FakeProfilers;
let store: ObjectStore;
let gateway: Gateway;

beforeEach(async () => {
  profilers = new FakeProfilers();
  store = memoryStore();
  await store.put('data', 'a/b.csv', Buffer.from('a\n1\n'));
  const parts = { head: memoryHead(), connectActors: profilers.connect, messages: new MemoryBroker(systemClock()).connect(), store };
  gateway = await startGateway({ ...parts, settings: TEST_SETTINGS, clock: systemClock() }, silentLogger);
});
afterEach(() => gateway.close());

interface Answer {
  readonly status: number;
  readonly body: { readonly detail?: unknown; readonly rows?: number };
}
const get = async (path = '/data/a/b.csv'): Promise<Answer> => {
  const answer = await fetch(`${gateway.url}${path}`);
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
};
const seen = (what: string, condition: () => boolean): Promise<unknown> =>
  until(what, condition, { clock: systemClock(), deadlineMs: 5_000, everyMs: 1 });
const died = (cause: DeathCause | null): Promise<never> =>
  Promise.reject(new TrainerError('actor.died', 'it died', { cause, outcome: 'unknown' }));
const OUT_OF_MEMORY: DeathCause = { kind: 'out-of-memory', limitBytes: 1, usedBytes: 2 };
const KILLED: DeathCause = { kind: 'killed', by: 'a test' };
const detail = (field: 'path' | 'query', name: string, message: unknown) => [{ loc: [field, name], msg: message, type: 'value' }];

describe('an answer', () => {
  test('has the form that the document declares', async () => {
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(DatasetProfileSchema.strict().parse(body)).toEqual(body);
    expect(body).toMatchObject({
      data_id: 'a/b.csv',
      size: 4,
      rows: 3,
      columns: [{ name: 'a', plan: { kind: 'number' } }],
      columns_left_off: 0,
    });
  });

  test('is asked of an actor that ends afterwards, with what the query names', async () => {
    await get('/data/a/b.csv?target_column=y%20%C3%A9&task_type=regression');
    expect(profilers.asked).toMatchObject([
      {
        request: { bucket: 'data', key: 'a/b.csv', targetColumn: 'y é', taskType: 'regression', memoryBytes: 512 * 2 ** 20 + 16 },
        isKilled: true,
      },
    ]);
  });

  test('is kept until the dataset changes, by target and task', async () => {
    await get();
    await get();
    await get('/data/a/b.csv/');
    expect(profilers.asked).toHaveLength(1);
    await get('/data/a/b.csv?target_column=a');
    await get('/data/a/b.csv?target_column=a&task_type=regression');
    expect(profilers.asked).toHaveLength(3);
    await store.put('data', 'a/b.csv', Buffer.from('a\n2\n3\n'));
    await get();
    expect(profilers.asked.map(({ request }) => request.etag)).toHaveLength(4);
    expect(new Set(profilers.asked.map(({ request }) => request.etag)).size).toBe(2);
  });

  test('of one session serves all; another one follows where the head has ended it', async () => {
    await get();
    profilers.onCreate = () =>
      profilers.sessions === 1 ? Promise.reject(new TrainerError('session.unknown', 'no such session', {})) : Promise.resolve();
    expect(await get('/data/a/b.csv?target_column=a')).toMatchObject({ status: 200 });
    expect(profilers.sessions).toBe(2);
  });

  test('an actor that can not be ended ends with the session', async () => {
    profilers.onKill = () => Promise.reject(new TrainerError('cluster.unavailable', 'no head', {}));
    expect(await get()).toMatchObject({ status: 200 });
    await seen('the session is closed', () => profilers.closed === 1);
  });
});

describe('what is asked by several', () => {
  test('one actor answers equal questions', async () => {
    const answer = deferred<ProfileAnswer>();
    profilers.onProfile = () => answer.promise;
    const asked = Promise.all(Array.from({ length: 20 }, () => get()));
    await seen('an actor is asked', () => profilers.asked.length > 0);
    answer.resolve({ kind: 'profile', profile: aProfile(7) });
    expect((await asked).map(({ body }) => body.rows)).toEqual(Array(20).fill(7));
    expect(profilers.asked).toHaveLength(1);
  });

  /** A request whose connection can be cut. */
  const cuttable = (): { cut(): void; closed: Promise<unknown> } => {
    const request = httpRequest(`${gateway.url}/data/a/b.csv`).end();
    const closed = new Promise((resolve) => request.once('error', resolve));
    return { cut: () => void request.destroy(), closed };
  };

  test.each(['the create', 'the call'])('a caller who leaves during %s, alone, cancels it and ends the actor', async (phase) => {
    const answer = deferred<never>();
    if (phase === 'the create') profilers.onCreate = () => answer.promise;
    else profilers.onProfile = () => answer.promise;
    const left = cuttable();
    await seen('an actor is asked', () => profilers.asked.length === 1);
    left.cut();
    await seen('it is cancelled', () => profilers.asked[0]?.signal?.aborted === true);
    // A create that is given up kills its actor by itself.
    if (phase === 'the call') await seen('its actor is ended', () => profilers.asked[0]?.isKilled === true);
  });

  test('a caller who leaves disturbs nobody who waits too', async () => {
    const answer = deferred<ProfileAnswer>();
    profilers.onProfile = () => answer.promise;
    const left = cuttable();
    await seen('an actor is asked', () => profilers.asked.length === 1);
    const waits = get();
    left.cut();
    await left.closed;
    // The service hears of the closed connection before it answers this.
    await get('/health/live');
    answer.resolve({ kind: 'profile', profile: aProfile(7) });
    expect(await waits).toMatchObject({ status: 200, body: { rows: 7 } });
  });

  test('one who comes after a cancelled work gets a new one', async () => {
    profilers.onProfile = () => deferred<never>().promise;
    const left = cuttable();
    await seen('an actor is asked', () => profilers.asked.length === 1);
    left.cut();
    await seen('it is cancelled', () => profilers.asked[0]?.signal?.aborted === true);
    profilers.onProfile = () => Promise.resolve({ kind: 'profile', profile: aProfile() });
    expect(await get()).toMatchObject({ status: 200 });
  });

  test('more than the limit are refused, and have room afterwards', async () => {
    const answer = deferred<ProfileAnswer>();
    profilers.onProfile = () => answer.promise;
    const questions = ['a', 'b', 'c'].map((target) => get(`/data/a/b.csv?target_column=${target}`));
    await seen('all are asked', () => profilers.asked.length === 3);
    expect(await get()).toEqual({
      status: 503,
      body: { detail: '3 datasets are being looked at, which is the most; try again in a moment.' },
    });
    answer.resolve({ kind: 'profile', profile: aProfile() });
    await Promise.all(questions);
    expect(await get()).toMatchObject({ status: 200 });
  });
});

test('a dataset that was overwritten while it was read is read again, also where it then is as it was', async () => {
  profilers.onProfile = () =>
    Promise.resolve(profilers.asked.length === 1 ? { kind: 'changed' } : { kind: 'profile', profile: aProfile() });
  // Its etag is the same: a store may make it from the content.
  expect(await get()).toMatchObject({ status: 200 });
  expect(profilers.asked).toHaveLength(2);
});

describe('an actor that dies', () => {
  test('is followed by a second one', async () => {
    profilers.onProfile = () => (profilers.asked.length === 1 ? died(KILLED) : Promise.resolve({ kind: 'profile', profile: aProfile() }));
    expect(await get()).toMatchObject({ status: 200 });
    expect(profilers.asked).toHaveLength(2);
  });

  test('with the session is followed by one of a new session', async () => {
    const lost = (): Promise<never> => Promise.reject(new TrainerError('call.cancelled', 'its cluster connection was closed', {}));
    profilers.onProfile = () => (profilers.asked.length === 1 ? lost() : Promise.resolve({ kind: 'profile', profile: aProfile() }));
    expect(await get()).toMatchObject({ status: 200 });
    expect(profilers.asked).toHaveLength(2);
  });

  test('a second time is an error that says why, and not kept', async () => {
    profilers.onProfile = () => died(KILLED);
    expect(await get()).toEqual({
      status: 503,
      body: { detail: 'The process that read the dataset ended twice before it had an answer: killed by a test. Try again.' },
    });
    await get();
    expect(profilers.asked).toHaveLength(4);
  });

  test.each([
    ['of too little memory', () => died(OUT_OF_MEMORY), /^Reading the table takes more than 1024 MiB, .* TRAINER_PROFILE_MEMORY/],
    [
      'no way, but has no room for a column',
      () => Promise.resolve({ kind: 'needs-memory', neededBytes: 1, rows: 1e8 } as const),
      /^A single column of 100,000,000 rows takes more than 1024 MiB/,
    ],
  ])('%s is followed by one with all there is, then by an error', async (_what, answer, says) => {
    profilers.onProfile = answer;
    expect(await get()).toEqual({ status: 422, body: { detail: detail('path', 'data_id', expect.stringMatching(says)) } });
    expect(profilers.asked.map(({ memory }) => memory)).toEqual([512 * 2 ** 20 + 16, 2 ** 30]);
  });
});

describe('what goes wrong is said', () => {
  const refused = (about: 'dataset' | 'target_column'): Promise<ProfileAnswer> =>
    Promise.resolve({ kind: 'refused', about, error: { code: 'dataset.ragged', message: 'Line 3 is ragged.', facts: {}, retry: 'never' } });
  const rejected = (code: string, facts: Record<string, unknown> = {}): Promise<never> =>
    Promise.reject(new TrainerError(code, 'Needs 1 CPU.', facts));

  test.each<[string, Partial<FakeProfilers>, number, unknown]>([
    ['a table that can not be read', { onProfile: () => refused('dataset') }, 422, detail('path', 'data_id', 'Line 3 is ragged.')],
    [
      'a target that can not be one',
      { onProfile: () => refused('target_column') },
      422,
      detail('query', 'target_column', 'Line 3 is ragged.'),
    ],
    [
      'no room in time',
      { onCreate: () => rejected('placement.timeout', { reason: 'Needs 1 CPU; node vm has 0 of 2 free.' }) },
      503,
      'The cluster has no room to read the dataset: 10 s were not enough. Needs 1 CPU; node vm has 0 of 2 free.',
    ],
    [
      'no room ever',
      { onCreate: () => rejected('placement.infeasible') },
      503,
      expect.stringMatching(/^The cluster has no room .* Needs 1 CPU\. TRAINER_PROFILE_MEMORY/),
    ],
    [
      'no answer in time',
      { onProfile: () => rejected('call.timeout') },
      504,
      expect.stringMatching(/^The dataset was not read within 10 s\. .* TRAINER_PROFILE_WITHIN_S/),
    ],
    [
      'a full disk',
      {
        onProfile: () =>
          Promise.resolve({ kind: 'failed', error: { code: 'node.disk-full', message: 'Disk.', facts: {}, retry: 'elsewhere' } }),
      },
      507,
      'Disk.',
    ],
    [
      'a dataset that is overwritten again and again',
      { onProfile: () => Promise.resolve({ kind: 'changed' }) },
      409,
      expect.stringMatching(/overwritten while it was read/),
    ],
    ['a head that is away', { onCreate: () => rejected('cluster.unavailable') }, 503, 'Needs 1 CPU.'],
  ])('%s', async (_what, behaviour, status, says) => {
    Object.assign(profilers, behaviour);
    expect(await get()).toEqual({ status, body: { detail: says } });
    expect(profilers.asked.every(({ isKilled }) => isKilled || behaviour.onCreate !== undefined)).toBe(true);
  });

  test.each([
    ['/data/nothing.csv', 404, 'Dataset nothing.csv not found'],
    ['/data/a/b.csv?task_type=ranking', 422, [expect.objectContaining({ loc: ['query', 'task_type'] })]],
    [`/data/a/b.csv?target_column=${'c'.repeat(1025)}`, 422, [expect.objectContaining({ loc: ['query', 'target_column'] })]],
    [`/data/a%2F..%2Fb.csv`, 422, [expect.objectContaining({ loc: ['path', 'data_id'] })]],
  ])('%s is refused without an actor', async (path, status, says) => {
    expect(await get(path)).toEqual({ status, body: { detail: says } });
    expect(profilers.asked).toEqual([]);
  });

  test('the list of datasets is still there, with and without a slash', async () => {
    expect(await get('/data')).toMatchObject({ body: { datasets: [{ data_id: 'a/b.csv' }] } });
    expect(await get('/data/')).toMatchObject({ body: { datasets: [{ data_id: 'a/b.csv' }] } });
  });
});
