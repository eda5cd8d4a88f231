import { describe, expect, test } from '@jest/globals';
import { ProgressWatch } from './progress-watch.js';

const watch = (): ProgressWatch => new ProgressWatch({ leastMs: 600_000, times: 10 });

describe('the progress of a rank', () => {
  test('may take as long as the least limit at first', () => {
    const first = watch();
    first.beat(1, 0);
    expect([first.overdue(600_000), first.overdue(600_001)]).toEqual([null, 600_000]);
  });
  test('may take ten times as long as the longest step so far', () => {
    const long = watch();
    long.beat(1, 0);
    long.beat(2, 100_000);
    long.beat(3, 110_000);
    expect([long.overdue(110_000 + 1_000_000), long.overdue(110_000 + 1_000_001)]).toEqual([null, 1_000_000]);
  });
  test('is not asked for while the rank waits, and waiting makes no step longer', () => {
    const waiting = watch();
    waiting.beat(1, 0);
    waiting.beat(null, 1_000);
    expect(waiting.overdue(9_000_000)).toBeNull();
    waiting.beat(2, 9_000_000);
    expect(waiting.overdue(9_600_001)).toBe(600_000);
  });
  test('is watched afresh after the watcher stood still', () => {
    const stalled = watch();
    stalled.beat(1, 0);
    stalled.refresh(700_000);
    expect([stalled.overdue(700_001), stalled.overdue(1_300_001)]).toEqual([null, 600_000]);
  });
});
