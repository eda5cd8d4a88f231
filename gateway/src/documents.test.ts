import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway, type Gateway } from './start.js';
import { memoryHead } from './testing/memory-head.js';
import { noActors } from './testing/no-actors.js';
import { TEST_SETTINGS } from './testing/settings.js';

let gateway: Gateway;
beforeAll(async () => {
  const parts = { head: memoryHead(), connectActors: noActors, store: memoryStore(), settings: TEST_SETTINGS, clock: systemClock() };
  gateway = await startGateway({ ...parts, messages: new MemoryBroker(systemClock()).connect() }, silentLogger);
});
afterAll(() => gateway.close());

const call = (path: string): Promise<Response> => fetch(`${gateway.url}${path}`);

describe('the documents', () => {
  it('describe every route with its answers', async () => {
    const document = (await (await call('/openapi.json')).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths).sort()).toEqual([
      '/',
      '/catalog',
      '/catalog/{model_id}',
      '/cluster',
      '/cluster/nodes',
      '/data',
      '/data/{path}',
      '/experiments',
      '/experiments/{name}/leaderboard',
      '/health',
      '/health/live',
      '/health/ready',
      '/models',
      '/models/{id}',
      '/models/{id}/download',
      '/models/{id}/download-url',
      '/train',
      '/train/batch',
      '/train/{id}',
      '/train/{id}/events',
      '/train/{id}/final_result',
      '/train/{id}/logs',
      '/train/{id}/progress',
    ]);
  });

  it('are shown as a page', async () => {
    expect((await call('/docs')).status).toBe(200);
  });
});
