import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TrainerError } from '@trainer/model';
import { decodeValue } from '@trainer/wire';
import type { ActorSpec } from '../actor-spec.js';
import { ActorNotFoundError, NameTakenError } from '../errors.js';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { FakeHead } from '../testing/rpc/fake-head.js';
import { connectTo, type Cluster } from './connect.js';
import type { ActorHandle } from './handle.js';

class Counter {
  increment(by = 1): number {
    return by;
  }
}
class Peers {
  meet(peer: ActorHandle<Counter>): ActorHandle<Counter> {
    return peer;
  }
}
const moduleUrl = new URL('../testing/counter.ts', import.meta.url).href;
const CounterSpec: ActorSpec<Counter, []> = { className: 'Counter', moduleUrl };

let head: FakeHead;
let listener: ActorListener;
let cluster: Cluster;

beforeEach(async () => {
  head = await new FakeHead().start();
  listener = await new ActorListener(new Counter()).start();
  head.actorAddress = listener.address;
  head.actorToken = listener.token;
  cluster = await connectTo({ address: head.address, secret: head.secret });
});

afterEach(async () => {
  await cluster.close();
  await listener.stop();
  await head.stop();
});

test('what is asked for travels: name, restarts, checkpoints, retries; a detached actor has no session', async () => {
  const options = { name: 'hits', namespace: 'test', detached: true, maxRestarts: -1, checkpointEvery: 'call', maxCallRetries: 2 } as const;
  const counter = await cluster.actors.create(CounterSpec, { ...options, getIfExists: true });
  const { detached: _detached, ...row } = options;
  expect(head.creates[0]).toMatchObject({ spec: { ...row, session: null }, getIfExists: true });
  expect(counter.name).toBe('hits');
});

test('without options it has no name, no restart, and a state of a second at most', async () => {
  await cluster.actors.create(CounterSpec);
  expect(head.creates[0]).toMatchObject({
    spec: {
      name: null,
      namespace: 'default',
      maxRestarts: 0,
      checkpointEvery: 1_000,
      maxCallRetries: 0,
      session: head.sessions[0]?.hello.session,
    },
    getIfExists: false,
  });
});

test('an actor is found by its name and called, over the link that there is', async () => {
  const counter = await cluster.actors.create(CounterSpec, { name: 'hits' });
  const same = await cluster.actors.get(CounterSpec, 'hits');
  expect([same.id, same.name, await same.call.increment(2)]).toEqual([counter.id, 'hits', 2]);
});

test('a name that nobody has is an error that names it and its namespace', async () => {
  const error = await rejection(cluster.actors.get(CounterSpec, 'hits', { namespace: 'test' }));
  expect(error).toBeInstanceOf(ActorNotFoundError);
  expect(error).toMatchObject({
    facts: { actor: 'hits', namespace: 'test' },
    message: expect.stringContaining("'hits' in namespace 'test'"),
  });
});

test('an actor of another class is not given out as one of this', async () => {
  await cluster.actors.create(CounterSpec, { name: 'hits' });
  expect(await rejection(cluster.actors.get({ className: 'Peers', moduleUrl }, 'hits'))).toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining('an actor of class Counter, not of Peers'),
  });
});

test('a create of a taken name says so; with getIfExists the handle is of the one that is there', async () => {
  const counter = await cluster.actors.create(CounterSpec, { name: 'hits' });
  head.onCreate = () => {
    throw new TrainerError('actor.name-taken', 'hits is taken', { name: 'hits' });
  };
  expect(await rejection(cluster.actors.create(CounterSpec, { name: 'hits' }))).toBeInstanceOf(NameTakenError);
  head.onCreate = (request) => head.views.get(counter.id) ?? head.alive(request);
  expect((await cluster.actors.create(CounterSpec, { name: 'hits', getIfExists: true })).id).toBe(counter.id);
});

test.each([
  [{ name: '' }, "name: '' is not a name: give 1 to 128 letters"],
  [{ name: 'x'.repeat(129) }, 'give 1 to 128 letters'],
  [{ name: 'two words' }, "'two words' is not a name"],
  [{ env: { A: 'x'.repeat(4_097) } }, 'env: A: a name has up to 128 characters, a value up to 4096'],
  [
    { env: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`V${i}`, 'x'.repeat(4_096)])) },
    'env: is larger in all than its limit of 64 KiB',
  ],
  [{ getIfExists: true }, 'getIfExists: give the name'],
  [{ maxRestarts: -2 }, 'maxRestarts: give a whole number from -1'],
  [{ checkpointEvery: 0 }, 'checkpointEvery: give a whole number from 1'],
  [{ checkpointEvery: 'call', concurrency: 2 }, "checkpointEvery: 'call' needs concurrency 1"],
  [{ maxCallRetries: -1 }, 'maxCallRetries: give a whole number from 0'],
  [{ detached: 'yes' }, 'detached: give true or false'],
])('%j is refused with what to give', async (options, text) => {
  expect(await rejection(cluster.actors.create(CounterSpec, options as object))).toMatchObject({ message: expect.stringContaining(text) });
  expect(head.creates).toEqual([]);
});

test('handles travel as the data of their actor, and arrive as handles', async () => {
  const counter = await cluster.actors.create(CounterSpec, { name: 'hits' });
  const peers = await cluster.actors.create<Peers, [ActorHandle<Counter>]>({ className: 'Counter', moduleUrl }, { args: [counter] });
  const seen: unknown[] = [];
  const handles = { toData: () => null, fromData: (data: unknown) => seen.push(data) };
  decodeValue(head.argsOf(1), { handles });
  expect(seen).toEqual([{ id: counter.id, className: 'Counter', name: 'hits' }]);
  expect(peers.id).not.toBe(counter.id);
});

test('a handle of another connection cannot be passed', async () => {
  await using other = await connectTo({ address: head.address, secret: head.secret });
  const counter = await other.actors.create(CounterSpec);
  const peers = await cluster.actors.create<Peers, []>({ className: 'Counter', moduleUrl });
  expect(await rejection(peers.call.meet(counter))).toMatchObject({ code: 'value.not-transferable', facts: { path: 'args[0]' } });
});
