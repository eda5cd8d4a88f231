import { expect, test } from '@jest/globals';
import { actorId, MAX_LAST_ERROR_BYTES } from '@trainer/model';
import type { Actor, ActorSpec, DeathCause } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { ActorServiceService, encodeCreateActor, statusToError, type pb } from '@trainer/wire';
import { ActorCalls } from './actor-service.js';
import type { ActorRules } from './actor-service.js';

const calls = new ActorCalls({ clock: manualClock(), logger: silentLogger } as unknown as ActorRules);

function specOf(more: Partial<ActorSpec>): ActorSpec {
  return {
    id: actorId('actor-0000000000000001'),
    session: null,
    classRef: { kind: 'module', specifier: 'm', exportName: 'M' },
    className: 'M',
    args: { kind: 'inline', bytes: new Uint8Array() },
    resources: { cpuMilli: 1, memoryBytes: 1, gpuMilli: 0 },
    concurrency: 1,
    priority: 50,
    env: {},
    name: null,
    namespace: 'default',
    maxRestarts: 0,
    checkpointEvery: 1_000,
    maxCallRetries: 0,
    ...more,
  };
}

/** The fields that a create over gRPC is refused for; null: it goes on to what this test has none of. */
function refusedFor(more: Partial<ActorSpec>): Promise<readonly string[] | null> {
  const spec = specOf(more);
  const call = { request: encodeCreateActor({ spec, timeoutMs: 1, getIfExists: false }) } as never;
  return new Promise((resolve) => {
    void calls.server.create(call, (error) => {
      const { code, facts } = statusToError(Object.assign(new Error(), error)) as unknown as {
        code: string;
        facts: { issues?: readonly { path: readonly string[] }[] };
      };
      resolve(code === 'request.invalid' ? (facts.issues ?? []).map(({ path }) => path.join('.')) : null);
    });
  });
}

test.each([
  [{ concurrency: 0 }, ['concurrency']],
  [{ concurrency: 1 }, null],
  [{ priority: 0 }, null],
  [{ priority: 99 }, null],
  [{ priority: 100 }, ['priority']],
  [{ priority: 2 ** 32 - 1, concurrency: 0 }, ['concurrency', 'priority']],
  [{ checkpointEvery: 'call', concurrency: 2 }, ['checkpointEvery']],
] as [Partial<ActorSpec>, string[] | null][])('a create with %j is refused for %j', async (more, expected) => {
  expect(await refusedFor(more)).toEqual(expected);
});

const wide = '\u20ac';
test.each<[string, DeathCause]>([
  ['its last error', { kind: 'exited', code: 1, lastError: wide.repeat(MAX_LAST_ERROR_BYTES / 3) }],
  [
    'what its constructor threw',
    {
      kind: 'constructor-threw',
      error: { name: wide.repeat(65_536), message: wide.repeat(65_536), stack: wide.repeat(65_536), fields: {} },
    },
  ],
  ['why it could not be loaded', { kind: 'load-failed', error: { code: 'c', message: wide.repeat(131_072), facts: {}, retry: 'never' } }],
  ['who killed it', { kind: 'killed', by: wide.repeat(16_384) }],
  ['whose it was', { kind: 'owner-gone', owner: wide.repeat(16_384) }],
])('ten thousand dead actors of the longest names, each with %s, fit into one answer', async (_what, cause) => {
  const spec = specOf({ name: wide.repeat(128), namespace: wide.repeat(128), className: wide.repeat(250) });
  const deaths = Array.from({ length: 10 }, (_, at) => ({ incarnation: at, at, cause }));
  const dead: Actor = { spec, state: { at: 'dead', since: 0, cause }, restarts: 9, deaths, hasRun: true, quickRestarts: 0 };
  const store = { actors: (limit: number) => Promise.resolve(Array.from({ length: limit }, () => dead)) };
  const listing = new ActorCalls({ clock: manualClock(), logger: silentLogger, store } as unknown as ActorRules);
  const reply = await new Promise<pb.ListActorsReply>((resolve) => {
    void listing.server.list({ request: { withEnded: true, limit: 0 } } as never, (_, answer) => resolve(answer as pb.ListActorsReply));
  });
  expect(reply.actors).toHaveLength(10_000);
  // What a client takes in (proto/runtime/src/grpc-options.ts).
  expect(ActorServiceService.list.responseSerialize(reply).length).toBeLessThan(72 * 2 ** 20);
});
