import { describe, expect, it } from '@jest/globals';
import { timeScale } from './time-scale.js';

describe('the time scale', () => {
  it('leaves timers as they are by default', () => {
    expect(timeScale().scaled(3000)).toBe(3000);
  });

  it('makes all timers as many times quicker', () => {
    expect([3000, 10].map(timeScale(0.1).scaled)).toEqual([300, 1]);
  });

  it('never makes a timer that fires at once', () => {
    expect(timeScale(0.001).scaled(5)).toBe(1);
  });
});
