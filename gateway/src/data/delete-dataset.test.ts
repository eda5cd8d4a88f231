import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from '../start.js';
import { memoryHead } from '../testing/memory-head.js';
import { noActors } from '../testing/no-actors.js';
import { TEST_SETTINGS } from '../testing/settings.js';

const store = memoryStore();
let gateway: Gateway;

beforeAll(async () => {
  const messages = new MemoryBroker(systemClock()).connect();
  gateway = await startGateway(
    { head: memoryHead(), connectActors: noActors, messages, store, settings: TEST_SETTINGS, clock: systemClock() },
    silentLogger,
  );
});
afterAll(() => gateway.close());

const call = (path: string, init?: RequestInit): Promise<Response> => fetch(`${gateway.url}${path}`, init);
const detailOf = async (response: Response): Promise<unknown> => ((await response.json()) as { detail: unknown }).detail;

describe('DELETE /data', () => {
  it('removes the dataset, and says so', async () => {
    await call('/data/old/my%20table.csv', { method: 'PUT', body: 'a,b\n1,2\n' });
    const answer = await call('/data/old/my%20table.csv', { method: 'DELETE' });
    expect([answer.status, await answer.json()]).toEqual([200, { message: 'Dataset old/my table.csv deleted successfully' }]);
    expect(await store.stat('data', 'old/my table.csv')).toBeNull();
  });

  it('of no dataset is 404, also the second time', async () => {
    await call('/data/twice.csv', { method: 'PUT', body: 'a\n' });
    const statuses: number[] = [];
    for (let time = 0; time < 2; time += 1) statuses.push((await call('/data/twice.csv', { method: 'DELETE' })).status);
    const answer = await call('/data/never.csv', { method: 'DELETE' });
    expect([...statuses, answer.status, await detailOf(answer)]).toEqual([200, 404, 404, 'Dataset never.csv not found']);
  });

  it.each(['..%2Fmodels%2Fm.pkl', 'a/../../models/m.pkl', '%2Fetc', 'a%00'])('does not leave the bucket: %s', async (key) => {
    await store.put('models', 'm.pkl', Buffer.from('model'));
    expect([404, 422]).toContain((await call(`/data/${key}`, { method: 'DELETE' })).status);
    expect(await store.stat('models', 'm.pkl')).not.toBeNull();
  });
});
