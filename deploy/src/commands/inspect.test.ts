import { expect, test } from '@jest/globals';
import type { ActorListing } from '@trainer/client/internal';
import type { Cluster } from './command.js';
import { showActor } from './inspect.js';

const actor: ActorListing = {
  id: 'actor-0000000000000001',
  className: 'Counter',
  name: 'hits',
  namespace: 'default',
  session: null,
  state: { at: 'pending', since: 0, reason: 'It starts again: exited with code 7.' },
  restarts: 2,
  maxRestarts: -1,
  maxCallRetries: 0,
  deaths: [
    { incarnation: 1, at: 0, cause: { kind: 'out-of-memory', limitBytes: 2 ** 28, usedBytes: 2 ** 29 } },
    { incarnation: 2, at: 1_000, cause: { kind: 'exited', code: 7, lastError: 'TypeError: x is not a function\n    at a.mjs:3' } },
  ],
  cpuMilli: 100,
  memoryBytes: 2 ** 28,
  gpuMilli: 0,
};

async function shown(of: ActorListing): Promise<string> {
  let text = '';
  const head = { actors: { get: (id: string) => Promise.resolve({ ...of, id }) } };
  const cluster = { head, restUrl: null, output: { isTerminal: false, write: (more: string) => (text += more) } } as unknown as Cluster;
  await showActor(cluster, 'text', of.id);
  return text;
}

test('an actor is shown in full, with how its incarnations ended', async () => {
  expect((await shown(actor)).split('\n')).toEqual([
    'actor       actor-0000000000000001',
    'name        hits',
    'class       Counter',
    'state       pending since 1970-01-01T00:00:00.000Z',
    'why         It starts again: exited with code 7.',
    'holds       0.1 CPU, 256 MiB',
    'restarts    2 of any number',
    '',
    'INCARNATION  ENDED                     WHY',
    '1            1970-01-01T00:00:00.000Z  out of memory: used 512 MiB of 256 MiB',
    '2            1970-01-01T00:00:01.000Z  exited with code 7: TypeError: x is not a function',
    '',
  ]);
});

test('one that never ended has no table of ends', async () => {
  expect(await shown({ ...actor, restarts: 0, deaths: [] })).not.toContain('INCARNATION');
});
