import { expect, test } from '@jest/globals';
import type { Clock } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { afterAwake } from './awake-timer.js';

test('without a stall it calls back once, when its time is over', () => {
  const clock = manualClock();
  let calls = 0;
  afterAwake(clock, 600, () => (calls += 1));
  clock.advance(599);
  expect(calls).toBe(0);
  clock.advance(1);
  expect(calls).toBe(1);
  expect(clock.pending).toBe(0);
});

test('a stall counts as one look', () => {
  const clock = manualClock();
  let offsetMs = 0;
  const stalling: Clock = { ...clock, after: (ms, call) => clock.after(ms, call), monotonicMs: () => clock.monotonicMs() + offsetMs };
  let calls = 0;
  afterAwake(stalling, 600, () => (calls += 1));
  clock.advance(50);
  offsetMs = 10_000;
  clock.advance(549);
  expect(calls).toBe(0);
  clock.advance(1);
  expect(calls).toBe(1);
});

test('cancelled, it calls nobody and leaves no timer', () => {
  const clock = manualClock();
  const timer = afterAwake(clock, 600, () => {
    throw new Error('called');
  });
  clock.advance(300);
  timer.cancel();
  clock.advance(1_000);
  expect(clock.pending).toBe(0);
});

test('a rest that is too small to move the clock is not waited for', () => {
  const clock = manualClock(2 ** 44);
  let waits = 0;
  const counting: Clock = {
    ...clock,
    monotonicMs: () => clock.monotonicMs(),
    after: (ms, call) => {
      waits += 1;
      if (waits > 100) throw new Error('it waits without a pause');
      return clock.after(ms, call);
    },
  };
  let calls = 0;
  afterAwake(counting, 1_000.1, () => (calls += 1));
  clock.advance(1_001);
  expect(calls).toBe(1);
});
