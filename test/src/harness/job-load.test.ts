import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock, until } from '@trainer/runtime';
import { JobLoad } from './job-load.js';

const SOON_MS = 60_000;
const ID = 'train_000000000001';

/** What the service of a test says of its one job; each look sees the next status, and then the last one for ever. */
interface Said {
  readonly statuses: readonly string[];
  readonly attempts: readonly number[];
  readonly epochs: readonly number[];
  readonly events: readonly (readonly [number: number, status: string])[];
  readonly hasModel: boolean;
}
const HONEST: Said = {
  statuses: ['running', 'completed'],
  attempts: [1, 1],
  epochs: [1, 2, 3],
  events: [
    [1, 'pending'],
    [2, 'running'],
    [3, 'completed'],
  ],
  hasModel: true,
};

let server: Server;
let said: Said;
let refusals: number;
let keys: (string | undefined)[];

beforeEach(async () => {
  [said, refusals, keys] = [HONEST, 0, []];
  let looks = 0;
  server = createServer((request, response) => {
    const path = request.url ?? '';
    const job = (at: number): unknown => ({
      job_id: ID,
      status: said.statuses[Math.min(at, said.statuses.length - 1)],
      phase: 'training',
      attempt: said.attempts[Math.min(at, said.attempts.length - 1)],
      current_epoch: 3,
    });
    if (request.method === 'POST') {
      keys.push(request.headers['idempotency-key']?.toString());
      response.statusCode = (refusals -= 1) >= 0 ? 503 : 200;
      response.end(JSON.stringify(job(0)));
    } else if (path.endsWith('/events'))
      response.end(said.events.map(([id, status]) => `id: ${id}\nevent: status\ndata: {"status":"${status}"}\n\n`).join(''));
    else if (path.endsWith('/download')) {
      response.statusCode = said.hasModel ? 200 : 404;
      response.end('a model');
    } else if (path.includes('/progress')) response.end(JSON.stringify({ recent_metrics: said.epochs.map((epoch) => ({ epoch })) }));
    else response.end(JSON.stringify(job((looks += 1) - 1)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** One job is followed until it was seen `looks` times after its end. */
async function violationsOf(fields: Partial<Said>): Promise<readonly string[]> {
  said = { ...HONEST, ...fields };
  const load = new JobLoad(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'test').start();
  const id = await load.submit({}, SOON_MS);
  await until('it is over', () => load.isFinal(id), { clock: systemClock(), deadlineMs: SOON_MS });
  await until('it was looked at once more', () => load.isSettled(id), { clock: systemClock(), deadlineMs: SOON_MS });
  await load.stop();
  return load.violations();
}

describe('what is held against jobs', () => {
  test('nothing, where each completes with its epochs once and events without a gap', async () => {
    expect(await violationsOf({})).toEqual([]);
  });

  test('a submission that is refused for a while is repeated under its key', async () => {
    refusals = 2;
    expect(await violationsOf({})).toEqual([]);
    expect(keys).toEqual(['test-1', 'test-1', 'test-1']);
  });

  test.each<[string, Partial<Said>, string]>([
    ['a job that failed', { statuses: ['failed'], events: [[1, 'failed']] }, `${ID} was accepted and is failed: undefined`],
    ['a final status that did not stay', { statuses: ['failed', 'completed'] }, `${ID} was failed and then completed`],
    ['an attempt that went back', { attempts: [2, 1] }, `${ID} went from attempt 2 to 1`],
    ['an epoch that is shown twice', { epochs: [1, 2, 2, 3] }, `${ID} has 3 epochs and shows [1,2,2,3]`],
    ['an epoch that is lost', { epochs: [1, 3] }, `${ID} has 3 epochs and shows [1,3]`],
    ['a gap in the events', { events: HONEST.events.filter(([id]) => id !== 2) }, `${ID} has events [1,3]`],
    ['a completed job without its model', { hasModel: false }, `${ID} is completed and the download of its model answers 404`],
    ['events without an end', { events: [[1, 'pending']] }, `${ID} is completed and its events end it with []`],
  ])('%s', async (_what, fields, wrong) => {
    expect(await violationsOf(fields)).toContain(wrong);
  });
});
