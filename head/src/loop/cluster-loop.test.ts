import { beforeEach, expect, test } from '@jest/globals';
import { sessionId } from '@trainer/model';
import type { Actor, ActorId } from '@trainer/model';
import { createLogger, deferred } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import type { ManualClock } from '@trainer/runtime/testing';
import type { Change, ClusterStore, StoredSession, StoredState } from '../store/cluster-store.js';
import { DatabaseFullError, FencedError, StoreUnavailableError } from '../store/errors.js';
import { ClusterLoop } from './cluster-loop.js';
import { ClusterState } from './cluster-state.js';
import type { Turn } from './turn.js';

const A = sessionId('session-0000000000000001');
const B = sessionId('session-0000000000000002');

let clock: ManualClock;
let loop: ClusterLoop;
let stored: Map<string, StoredSession>;
let dead: Map<string, Actor>;
let told: string[];
/** What the log says of errors. */
let logged: string[];
let raises: string[];
let isLeading: boolean;
/** Until then a raise gets no answer. */
let raising: Promise<void>;
/** What the next commits do; without one they succeed. */
let commits: ((change: Change) => Promise<void>)[];

/** Whether the disk has room, when asked. */
let isFull: boolean;

/** Of the next reads of an actor these fail. */
let failingReads: boolean[];

const written = (change: Change): void => change.sessions?.forEach((session) => void stored.set(session.id, session));
const lost = async (): Promise<void> => Promise.reject(new StoreUnavailableError('the answer was lost'));

const store = {
  load: async (): Promise<StoredState> => {
    told.push('read');
    return { nodes: [], sessions: [...stored.values()], actors: [], leases: [], jobs: [] };
  },
  commit: async (change: Change): Promise<void> => (commits.shift() ?? (async () => written(change)))(change),
  actor: async (id: ActorId) => {
    if (failingReads.shift() === true) throw new StoreUnavailableError('too many reads wait');
    return dead.get(id) ?? null;
  },
  job: async () => null,
  room: async () => {
    if (isFull) throw new DatabaseFullError(new Error('could not extend file: No space left on device'));
  },
} as Partial<ClusterStore> as ClusterStore;

beforeEach(async () => {
  clock = manualClock();
  [stored, dead, told, logged, raises, commits, isLeading] = [new Map(), new Map(), [], [], [], [], true];
  raising = Promise.resolve();
  failingReads = [];
  isFull = false;
  loop = new ClusterLoop({
    state: new ClusterState(1),
    store,
    clock,
    random: () => 0,
    logger: createLogger({ clock, level: 'error', format: 'json', write: (line) => logged.push(line) }),
    raise: async (held, to) => {
      raises.push(`${held} to ${to}`);
      await raising;
      return isLeading;
    },
    onFenced: () => told.push('fenced'),
  });
  loop.listen({
    name: 'test',
    committed: () => told.push('committed'),
    suspended: () => told.push('suspended'),
    resumed: () => told.push('resumed'),
  });
  await loop.start();
  told = [];
});

const open =
  (id: typeof A) =>
  (turn: Turn): void =>
    turn.putSession({ id, state: 'open', since: turn.now });

/** Lets everything run that waits for no timer. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what a lost commit decided is void, and state is read anew under a higher head epoch', async () => {
  commits = [lost];
  await expect(loop.turn(open(A))).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await settle();
  expect(loop.state.sessions.get(A)).toBeUndefined();
  expect(loop.isRunning).toBe(true);
  expect(loop.state.headEpoch).toBe(2);
  expect(told).toEqual(['suspended', 'read', 'resumed']);
});

test('a commit whose answer was lost may have happened, and is then seen', async () => {
  commits = [
    async (change) => {
      written(change);
      await lost();
    },
  ];
  await expect(loop.turn(open(A))).rejects.toMatchObject({ code: 'cluster.unavailable' });
  await settle();
  expect(loop.state.sessions.seen(A)?.state).toBe('open');
});

test('nothing is decided while the loop is suspended', async () => {
  const answer = deferred<void>();
  raising = answer.promise;
  commits = [lost];
  await loop.turn(open(A)).catch(() => undefined);
  await expect(loop.turn(open(B))).rejects.toMatchObject({ code: 'cluster.unavailable' });
  expect(loop.state.sessions.get(B)).toBeUndefined();
  answer.resolve();
  await settle();
  await loop.turn(open(B));
  expect(loop.state.sessions.seen(B)).toBeDefined();
});

test('a head that leads no more ends, once', async () => {
  isLeading = false;
  commits = [lost];
  await loop.turn(open(A)).catch(() => undefined);
  await settle();
  loop.suspend(new FencedError(1, null));
  expect(told).toEqual(['suspended', 'fenced']);
  await expect(loop.turn(open(A))).rejects.toMatchObject({ code: 'cluster.unavailable' });
});

test('another leadership that is heard of is raised above, and an older one is not news', async () => {
  loop.outranked(0);
  expect(loop.isRunning).toBe(true);
  loop.outranked(7);
  await settle();
  expect(raises).toEqual(['1 to 8']);
  expect(loop.state.nextLease).toBe('8-1');
});

test('what is being committed when the loop is suspended ends before the state is read', async () => {
  const answer = deferred<void>();
  commits = [
    async (change) => {
      await answer.promise;
      written(change);
    },
  ];
  const done = loop.turn(open(A));
  loop.suspend(new StoreUnavailableError('a renewal found out'));
  await settle();
  expect(told).toEqual(['suspended']);
  answer.resolve();
  await done;
  await settle();
  expect(told).toEqual(['suspended', 'read', 'resumed']);
  expect(loop.state.sessions.seen(A)).toBeDefined();
});

test('who waits for an actor hears of an end that was committed while nobody could be told', async () => {
  const id = 'actor-0000000000000001' as ActorId;
  const actor = { spec: { id }, state: { at: 'dead' } } as Actor;
  const ended = loop.actors.until(id, undefined, ({ state }) => state.at === 'dead', 1_000);
  dead.set(id, actor);
  commits = [lost];
  await loop.turn(open(A)).catch(() => undefined);
  expect(await ended).toBe(actor);
});

test('what can not be committed is tried again more and more slowly, and a commit ends that', async () => {
  const times: number[] = [];
  const failing = async (): Promise<void> => {
    times.push(clock.monotonicMs());
    await lost();
  };
  loop.listen({ name: 'again', committed() {}, suspended() {}, resumed: () => loop.inBackground(open(B)) });
  commits = Array.from({ length: 8 }, () => failing);
  await loop.turn(open(A)).catch(() => undefined);
  for (let ms = 0; ms < 10_000; ms += 50) {
    await settle();
    clock.advance(50);
  }
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(gaps).toEqual([0, 50, 100, 200, 400, 800, 1_000]);
  expect(loop.isRunning).toBe(true);
});

const EVENTS = ['decided', 'committed', 'suspended', 'resumed'] as const;

test.each(EVENTS)('a listener that throws at %s keeps nobody else from hearing, and is named in the log', async (event) => {
  const throws = (): never => {
    throw new Error('a defect');
  };
  const heard: string[] = [];
  const listener = (name: string) => ({
    name,
    decided: () => void heard.push('decided'),
    committed: () => void heard.push('committed'),
    suspended: () => void heard.push('suspended'),
    resumed: () => void heard.push('resumed'),
  });
  loop.listen({ ...listener('the broken one'), [event]: throws });
  loop.listen(listener('the last'));
  heard.length = 0;
  await loop.turn(open(A));
  expect([loop.isRunning, loop.state.headEpoch, stored.has(A)]).toEqual([true, 1, true]);
  commits = [lost];
  await loop.turn(open(B)).catch(() => undefined);
  await settle();
  expect(loop.isRunning).toBe(true);
  expect(heard.filter((one) => one === event).length).toBe(event === 'decided' ? 2 : 1);
  expect(logged.filter((line) => line.includes('the broken one')).length).toBe(event === 'decided' ? 2 : 1);
  expect(raises).toEqual(['1 to 2']);
});

test('a watcher that throws undoes nothing, and the watchers behind it hear', async () => {
  const id = 'actor-0000000000000001' as ActorId;
  const actor = { spec: { id, session: null }, state: { at: 'dead', since: 0, cause: { kind: 'finished' } } } as unknown as Actor;
  loop.actors.on(id, () => {
    throw new Error('a defect');
  });
  const ended = loop.actors.until(id, undefined, ({ state }) => state.at === 'dead', 1_000);
  await loop.turn((turn) => turn.addActor(actor));
  expect(await ended).toBe(actor);
  expect([loop.isRunning, raises]).toEqual([true, []]);
  expect(logged.join()).toContain(id);
});

test('a turn whose change can not be made throws, and nothing of it is decided', async () => {
  const failing = loop.turn((turn) => {
    open(A)(turn);
    Object.defineProperty(turn, 'change', {
      value: () => {
        throw new Error('a defect');
      },
    });
  });
  await expect(failing).rejects.toThrow('a defect');
  expect([loop.isRunning, loop.state.sessions.get(A)]).toEqual([true, undefined]);
});

test('a read that fails while the waiting are told is made again, and suspends nothing', async () => {
  const id = 'actor-0000000000000001' as ActorId;
  const actor = { spec: { id }, state: { at: 'dead' } } as Actor;
  const ended = loop.actors.until(id, undefined, ({ state }) => state.at === 'dead', 10_000);
  dead.set(id, actor);
  failingReads = [true, true];
  commits = [lost];
  await loop.turn(open(A)).catch(() => undefined);
  for (let ms = 0; ms < 1_000; ms += 50) {
    await settle();
    clock.advance(50);
  }
  expect(await ended).toBe(actor);
  expect(raises).toEqual(['1 to 2']);
});

test('while the loop is suspended, who asks hears why; a full disk stays the reason until it goes on', async () => {
  const answer = deferred<void>();
  raising = answer.promise.then(() => Promise.reject(new StoreUnavailableError('refused')));
  raising.catch(() => undefined);
  commits = [() => Promise.reject(new DatabaseFullError(new Error('could not extend file: No space left on device')))];
  await expect(loop.turn(open(A))).rejects.toThrow('disk');
  await expect(loop.turn(open(A))).rejects.toThrow('No space left');
  answer.resolve();
  await settle();
  await expect(loop.turn(open(A))).rejects.toThrow('No space left');
  raising = Promise.resolve();
  clock.advance(1_000);
  await settle();
  await loop.turn(open(A));
  expect(loop.isRunning).toBe(true);
});

test('after a full disk it goes on only when there is room, however much else answers, and says why until then', async () => {
  isFull = true;
  commits = [() => Promise.reject(new DatabaseFullError(new Error('could not extend file: No space left on device')))];
  await expect(loop.turn(open(A))).rejects.toThrow('disk');
  for (let second = 0; second < 10; second += 1) {
    clock.advance(1_000);
    await settle();
  }
  expect([loop.isRunning, raises, loop.trouble]).toEqual([false, [], expect.stringContaining('disk of the database is full')]);
  isFull = false;
  clock.advance(1_000);
  await settle();
  expect([loop.isRunning, raises, loop.trouble]).toEqual([true, ['1 to 2'], null]);
});
