import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TrainerError } from '@trainer/model';
import { decodeValue } from '@trainer/wire';
import { rejection } from '../testing/rejection.js';
import { ActorListener } from '../testing/rpc/actor-listener.js';
import { installedActor, type ActorSpec } from '../actor-spec.js';
import { FakeHead, refusalOf } from '../testing/rpc/fake-head.js';
import { connectTo, type Cluster } from './connect.js';

class Counter {
  #n: number;
  constructor(start = 0) {
    this.#n = start;
  }
  increment(by = 1): number {
    return (this.#n += by);
  }
}
const moduleUrl = new URL('../testing/counter.ts', import.meta.url).href;
const CounterSpec: ActorSpec<Counter, [start?: number]> = { className: 'Counter', moduleUrl };

let head: FakeHead;
let listener: ActorListener;
let cluster: Cluster;

beforeEach(async () => {
  head = await new FakeHead().start();
  listener = await new ActorListener(new Counter(5)).start();
  head.actorAddress = listener.address;
  head.actorToken = listener.token;
  cluster = await connectTo({ address: head.address, secret: head.secret });
});

afterEach(async () => {
  await cluster.close();
  await listener.stop();
  await head.stop();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe('creating actors', () => {
  test('an actor is created with what was asked for, and answers', async () => {
    const counter = await cluster.actors.create(CounterSpec, { args: [5], cpu: 0.5, memory: '512MiB', env: { MODE: 'fast' } });
    expect(await counter.call.increment(2)).toBe(7);
    const { spec, timeoutMs } = head.creates[0] ?? {};
    expect(spec).toMatchObject({
      id: counter.id,
      className: 'Counter',
      concurrency: 1,
      priority: 50,
      env: { MODE: 'fast' },
      resources: { cpuMilli: 500, memoryBytes: 512 * 2 ** 20, gpuMilli: 0 },
      classRef: { kind: 'bundle', exportName: 'Counter', hash: head.uploads[0]?.hash },
    });
    expect(decodeValue(head.argsOf(0))).toEqual([5]);
    expect(timeoutMs).toBe(300_000);
  });

  test('the bundle is uploaded once, whole', async () => {
    await Promise.all([cluster.actors.create(CounterSpec), cluster.actors.create(CounterSpec)]);
    expect(head.uploads).toMatchObject([{ isWhole: true }]);
  });

  test('a class of a module that the nodes have is named by it, and nothing is uploaded', async () => {
    const spec = installedActor<Counter, [number]>('Counter', '@test/counting');
    await cluster.actors.create(spec, { args: [5] });
    expect(head.creates[0]?.spec).toMatchObject({
      className: 'Counter',
      classRef: { kind: 'module', specifier: '@test/counting', exportName: 'Counter' },
    });
    expect(head.uploads).toEqual([]);
  });

  test('a create whose signal fires is given up, and its actor killed', async () => {
    const gone = new AbortController();
    head.onCreate = () => new Promise(() => gone.abort());
    const creating = cluster.actors.create(CounterSpec, { signal: gone.signal });
    await expect(creating).rejects.toMatchObject({ code: 'call.cancelled', facts: { method: 'create', outcome: 'unknown' } });
    await until(() => head.kills.length > 0);
    expect(head.kills.map(({ id }) => id)).toEqual(head.creates.map(({ spec }) => spec.id));
  });

  test('a create whose signal had fired asks the head for nothing', async () => {
    const creating = cluster.actors.create(CounterSpec, { signal: AbortSignal.abort() });
    await expect(creating).rejects.toMatchObject({ code: 'call.cancelled', facts: { outcome: 'not-run' } });
    expect([head.creates, head.kills, head.uploads]).toEqual([[], [], []]);
  });

  test('a signal that fires after the actor runs changes nothing', async () => {
    const gone = new AbortController();
    const counter = await cluster.actors.create(CounterSpec, { args: [5], signal: gone.signal });
    gone.abort();
    expect(await counter.call.increment(2)).toBe(7);
    expect(head.kills).toEqual([]);
  });

  test('a create whose answer is lost is made again under the same id', async () => {
    await cluster.actors.create(CounterSpec);
    head.losses = 1;
    const counter = await cluster.actors.create(CounterSpec);
    expect(head.creates.slice(1).map(({ spec }) => spec.id)).toEqual([counter.id, counter.id]);
  });

  test('a head that has lost the bundle gets it again', async () => {
    await cluster.actors.create(CounterSpec);
    head.uploads.length = 0;
    head.onCreate = (request) => {
      if (head.uploads.length === 0) throw new TrainerError('bundle.unknown', 'no such bundle', {});
      return head.alive(request);
    };
    const counter = await cluster.actors.create(CounterSpec);
    expect(await counter.call.increment()).toBe(6);
    expect(head.uploads).toHaveLength(1);
  });

  test('a constructor that throws rejects with what it threw', async () => {
    const error = { name: 'RangeError', message: 'bad start', stack: 'at ...', fields: { start: -1 } };
    head.onCreate = (request) => head.dead(request, { kind: 'constructor-threw', error });
    expect(await rejection(cluster.actors.create(CounterSpec))).toMatchObject({ code: 'call.threw', facts: error });
  });

  test('a constructor that throws is told as such when the head says it by an error', async () => {
    const error = { name: 'RangeError', message: 'bad start', stack: 'at ...', fields: {} };
    head.onCreate = ({ spec }) => {
      throw new TrainerError('actor.died', 'dead', { actor: spec.id, cause: { kind: 'constructor-threw', error }, outcome: 'unknown' });
    };
    expect(await rejection(cluster.actors.create(CounterSpec))).toMatchObject({ name: 'RemoteError', facts: error });
  });

  test('an actor that dies while it starts rejects with the cause', async () => {
    head.onCreate = (request) => head.dead(request, { kind: 'out-of-memory', limitBytes: 2 ** 28, usedBytes: 2 ** 29 });
    expect(await rejection(cluster.actors.create(CounterSpec))).toMatchObject({
      code: 'actor.died',
      facts: { cause: { kind: 'out-of-memory' } },
    });
  });

  test('what can never fit rejects with the explanation as data and as text', async () => {
    head.onCreate = () => {
      throw new TrainerError('placement.infeasible', 'An actor asks 64 CPUs; the largest node has 2.', {
        explanation: [{ node: 'node-1', missing: 'cpu' }],
      });
    };
    const error = await rejection(cluster.actors.create(CounterSpec, { cpu: 64 }));
    expect(error).toMatchObject({ name: 'InfeasibleError', facts: { explanation: [{ node: 'node-1' }] } });
    expect((error as Error).message).toContain('64 CPUs');
  });

  test('a create that is not placed in time is followed by a kill', async () => {
    head.onCreate = (request) => {
      head.views.set(request.spec.id, head.alive(request));
      throw new TrainerError('placement.timeout', 'late', { reason: 'no node has 0.1 CPU free' }, 'same');
    };
    const error = (await rejection(cluster.actors.create(CounterSpec, { timeoutMs: 50 }))) as TrainerError;
    expect(error).toMatchObject({ name: 'PlacementTimeoutError', facts: { timeoutMs: 50, reason: 'no node has 0.1 CPU free' } });
    await until(() => head.kills.length > 0);
    expect(head.kills[0]?.id).toBe(error.facts['actor']);
  });

  test('options that are wrong are named, all at once, and nothing is sent', async () => {
    const wrong = { cpu: -1, gpu: 1.5, memory: 'much', concurrency: 0, priority: 100, timeoutMs: 0.5, nam: 'x' };
    const error = (await rejection(cluster.actors.create(CounterSpec, wrong))) as TrainerError<string, { issues: { path: string[] }[] }>;
    expect(error.code).toBe('request.invalid');
    expect(error.facts.issues.map(({ path }) => path[0]).sort()).toEqual([
      'concurrency',
      'cpu',
      'gpu',
      'memory',
      'nam',
      'priority',
      'timeoutMs',
    ]);
    expect(head.creates).toEqual([]);
  });

  test('a class that its module does not export is named, with what it exports', async () => {
    const error = await rejection(cluster.actors.create({ className: 'Kounter', moduleUrl }));
    expect(error).toMatchObject({ code: 'bundle.invalid', message: expect.stringContaining('it exports Counter, CounterSpec') });
  });
});

describe('handles', () => {
  test('kill ends the actor, and calls after it were not run', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    await counter.kill();
    await counter.kill();
    expect(await rejection(counter.call.increment())).toMatchObject({
      code: 'actor.died',
      facts: { outcome: 'not-run', cause: { kind: 'killed' } },
    });
    expect((await counter.state()).state).toMatchObject({ at: 'dead', cause: { kind: 'killed', by: head.sessions[0]?.hello.session } });
  });

  test('state says where it is and since when', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    expect(await counter.state()).toMatchObject({
      id: counter.id,
      restarts: 0,
      cpuMilli: 100,
      state: { at: 'alive', since: 5, node: 'node-0123456789ab' },
    });
  });

  test('state of an actor that the head forgot is an error of its own', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    head.views.clear();
    expect(await rejection(counter.state())).toMatchObject({ name: 'ActorNotFoundError', facts: { actor: counter.id } });
  });

  test('list has the actors of the cluster', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    expect(await cluster.actors.list()).toMatchObject([{ id: counter.id, className: 'Counter' }]);
  });

  test('options of with that are wrong are refused at once', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    expect(() => counter.with({ timeoutMs: -5 })).toThrow('timeoutMs: give a whole number');
    expect(() => counter.with({ timeout: 5 } as object)).toThrow('timeout: unknown');
  });
});

describe('the connection', () => {
  test('a wrong secret is said to be wrong', async () => {
    expect(await rejection(connectTo({ address: head.address, secret: 'guess' }))).toMatchObject({
      name: 'UnauthenticatedError',
      code: 'auth.refused',
    });
  });

  test('a protocol that does not fit names the version to install', async () => {
    head.sessionRefusal = refusalOf('protocol.version', 'This cluster speaks 2.0: install @trainer/client 2.');
    expect(await rejection(connectTo({ address: head.address, secret: head.secret }))).toMatchObject({
      name: 'VersionError',
      message: expect.stringContaining('install'),
    });
  });

  test('status and nodes come from the head', async () => {
    expect(await cluster.status()).toMatchObject({ headEpoch: 3, isMessagesConnected: false, isStoreConnected: true, actorsAlive: 3 });
    expect(await cluster.nodes.list()).toEqual([]);
  });

  test('a head that does not answer in time is unavailable, with its address', async () => {
    await head.stop();
    expect(await rejection(cluster.status({ deadlineMs: 100 }))).toMatchObject({
      code: 'cluster.unavailable',
      facts: { addresses: [head.address] },
      retry: 'same',
    });
  });

  test('closing ends the session and cancels calls; twice is once', async () => {
    const counter = await cluster.actors.create(CounterSpec);
    listener.hold();
    const call = rejection(counter.call.increment());
    await cluster.close();
    await cluster.close();
    expect(await call).toMatchObject({ code: 'call.cancelled' });
    expect(head.sessions[0]?.isClosed).toBe(true);
  });

  test('a cluster is closed at the end of its scope', async () => {
    const other = await connectTo({ address: head.address, secret: head.secret });
    await other[Symbol.asyncDispose]();
    expect(head.sessions[1]?.isClosed).toBe(true);
  });
});
