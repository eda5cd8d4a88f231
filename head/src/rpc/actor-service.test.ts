import { expect, test } from '@jest/globals';
import { actorId } from '@trainer/model';
import type { ActorSpec } from '@trainer/model';
import { silentLogger } from '@trainer/runtime';
import { manualClock } from '@trainer/runtime/testing';
import { encodeCreateActor, statusToError } from '@trainer/wire';
import { ActorCalls } from './actor-service.js';
import type { ActorRules } from './actor-service.js';

const calls = new ActorCalls({ clock: manualClock(), logger: silentLogger } as unknown as ActorRules);

/** The fields that a create over gRPC is refused for; null: it goes on to what this test has none of. */
function refusedFor(more: Partial<ActorSpec>): Promise<readonly string[] | null> {
  const spec = {
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
  } satisfies ActorSpec;
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
