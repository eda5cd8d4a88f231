import { describe, expect, it } from '@jest/globals';
import { manualClock } from './manual-clock.js';

describe('a clock that is told to go on', () => {
  it('stands still', () => {
    const clock = manualClock(5);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([5, 5]);
  });

  it('calls timers in the order in which they fall due, at that time', () => {
    const clock = manualClock();
    const seen: [string, number][] = [];
    clock.after(20, () => seen.push(['b', clock.monotonicMs()]));
    clock.after(10, () => seen.push(['a', clock.monotonicMs()]));
    clock.after(21, () => seen.push(['c', clock.monotonicMs()]));
    clock.advance(20);
    expect(seen).toEqual([
      ['a', 10],
      ['b', 20],
    ]);
    expect(clock.pending).toBe(1);
  });

  it('calls a timer that another one sets, if it falls due too', () => {
    const clock = manualClock();
    const seen: number[] = [];
    clock.after(1, () => clock.after(1, () => seen.push(clock.monotonicMs())));
    clock.advance(2);
    expect(seen).toEqual([2]);
  });

  it('lets promises settle between timers when asked', async () => {
    const clock = manualClock();
    const seen: number[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
    const loop = async (): Promise<void> => {
      for (let i = 0; i < 3; i += 1) {
        await wait(10);
        seen.push(clock.monotonicMs());
      }
    };
    const looped = loop();
    await clock.advanceAsync(30);
    await looped;
    expect(seen).toEqual([10, 20, 30]);
  });
});
