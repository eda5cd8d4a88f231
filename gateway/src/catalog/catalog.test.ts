import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CATALOG } from '@trainer/model';
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

describe('GET /catalog', () => {
  it('shows each model with its hyperparameters as JSON Schema', async () => {
    const { models } = (await (await call('/catalog')).json()) as { models: { model_id: string; hyperparameters: unknown }[] };
    expect(models.map(({ model_id: id }) => id)).toEqual(CATALOG.map(({ modelId }) => modelId));
    const one = await (await call('/catalog/xgboost_classifier')).json();
    expect(models).toContainEqual(one);
    expect(one).toMatchObject({
      task_type: 'classification',
      hyperparameters: { type: 'object', properties: { learning_rate: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.3 } } },
      aliases: { eta: 'learning_rate' },
    });
  });

  it('has no model of an unknown id', async () => {
    const answer = await call('/catalog/nothing');
    expect([answer.status, await detailOf(answer)]).toEqual([404, 'Model nothing not found']);
  });
});
