import { manualClock } from '@trainer/runtime/testing';
import { describeLeadership } from './leadership.contract.js';
import { memoryLeadership } from './memory-leadership.js';
import type { LeadershipRow } from './memory-leadership.js';

describeLeadership('memory', async () => {
  const clock = manualClock(0);
  const row: LeadershipRow = { headEpoch: 0, head: null, renewals: 0 };
  const open = () => memoryLeadership(row, clock, 3_000);
  return { first: open(), second: open(), stillMs: 3_000, advance: (ms) => clock.advance(ms) };
});
