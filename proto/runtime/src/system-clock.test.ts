import { describe, expect, it, jest } from '@jest/globals';
import { systemClock } from './system-clock.js';

describe("the machine's clock", () => {
  it('calls back, and not once it is cancelled', async () => {
    const clock = systemClock();
    const called: string[] = [];
    const cancelled = clock.after(0, () => called.push('cancelled'));
    cancelled.cancel();
    await new Promise<void>((resolve) => void clock.after(1, resolve));
    expect(called).toEqual([]);
  });

  it('waits longer than a timer of Node can', () => {
    jest.useFakeTimers();
    try {
      const fired = jest.fn();
      systemClock().after(30 * 24 * 3600 * 1000, fired);
      jest.advanceTimersByTime(2 ** 31);
      expect(fired).not.toHaveBeenCalled();
      jest.advanceTimersByTime(30 * 24 * 3600 * 1000 - 2 ** 31);
      expect(fired).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });
});
