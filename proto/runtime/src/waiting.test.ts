import { describe, expect, it } from '@jest/globals';
import { manualClock } from './manual-clock.js';
import { sleep, until } from './waiting.js';

describe('sleep', () => {
  it('ends with its time', async () => {
    const clock = manualClock();
    const slept = sleep(clock, 100);
    clock.advance(100);
    await expect(slept).resolves.toBeUndefined();
  });

  it('ends with its signal, and leaves no timer', async () => {
    const clock = manualClock();
    const stop = new AbortController();
    const slept = sleep(clock, 100, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(slept).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
  });

  it('does not begin once its signal is aborted', async () => {
    await expect(sleep(manualClock(), 1, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});

describe('until', () => {
  it('returns what was waited for', async () => {
    const clock = manualClock();
    let looks = 0;
    const found = until('the third look', () => (looks += 1) === 3 && 'here', { clock, deadlineMs: 1000 });
    await clock.advanceAsync(1000);
    await expect(found).resolves.toBe('here');
  });

  it('gives up after the deadline and tells the state', async () => {
    const clock = manualClock();
    const waited = until('a node', () => false, { clock, deadlineMs: 50, describe: () => '0 nodes' });
    const refused = expect(waited).rejects.toThrow('Waited 50 ms for this, in vain: a node. The state then: 0 nodes');
    await clock.advanceAsync(100);
    await refused;
  });

  it('stops when it is aborted', async () => {
    const clock = manualClock();
    const stop = new AbortController();
    const waited = until('nothing', () => false, { clock, deadlineMs: 1000, signal: stop.signal });
    const refused = expect(waited).rejects.toThrow('enough');
    await clock.advanceAsync(30);
    stop.abort(new Error('enough'));
    await refused;
  });
});
