import { expect, test } from '@jest/globals';
import { fuzzHead, told } from './rpc/fuzzed-head.js';

test('whatever bytes come, the head lives, answers others, and takes nothing for a defect of its own', async () => {
  const outcome = await fuzzHead(14, (rounds) => rounds >= 40);
  console.log(told(outcome));
  expect(outcome.defects).toEqual([]);
  expect(outcome.isAlive).toBe(true);
  // Streams got far enough to be refused by our code, and some were right.
  expect([...outcome.ended.keys()]).toEqual(expect.arrayContaining(['0', '3', '16']));
}, 120_000);
