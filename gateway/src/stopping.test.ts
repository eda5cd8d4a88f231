import { expect, it } from '@jest/globals';
import { silentLogger, systemClock } from '@trainer/runtime';
import { MemoryBroker } from '@trainer/runtime/testing';
import { memoryStore } from '@trainer/storage/testing';
import { startGateway } from './start.js';
import { jobOf, memoryHead } from './testing/memory-head.js';
import { noActors } from './testing/no-actors.js';
import { TEST_SETTINGS } from './testing/settings.js';

it('a gateway that stops ends its event streams whole, so that their readers come back', async () => {
  const clock = systemClock();
  const head = memoryHead();
  const job = jobOf({ modelId: 'xgboost_classifier', dataId: 'iris.csv', taskType: 'classification' }, 'train_000000000000');
  head.stored.set(job.id, job);
  const messages = new MemoryBroker(clock).connect();
  const gateway = await startGateway(
    { head, connectActors: noActors, messages, store: memoryStore(), settings: TEST_SETTINGS, clock },
    silentLogger,
  );
  const answer = await fetch(`${gateway.url}/train/${job.id}/events`);
  // A body that is cut off rejects.
  const body = answer.text();
  await gateway.close();
  expect(await body).toMatch(/^(:\n\n)+$/);
});
