import { expect, test } from '@jest/globals';
import type { Clock } from '@trainer/model';
import { watchParent } from './child-process-parent.js';

/** A clock whose timers run when the test says so. */
function steppedClock(): { clock: Clock; step(): void; waiting(): number } {
  let calls: (() => void)[] = [];
  const clock: Clock = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    after: (_ms, call) => {
      calls.push(call);
      return { cancel: () => (calls = calls.filter((other) => other !== call)) };
    },
  };
  const step = (): void => {
    const due = calls;
    calls = [];
    for (const call of due) call();
  };
  return { clock, step, waiting: () => calls.length };
}

test('a parent that is replaced by another is said to be gone, once', () => {
  const { clock, step } = steppedClock();
  let parent = 100;
  let gone = 0;
  watchParent({ clock, everyMs: 500, parentPid: () => parent, onGone: () => (gone += 1) });
  step();
  expect(gone).toBe(0);
  parent = 1;
  step();
  step();
  expect(gone).toBe(1);
});

test('a watch that is ended leaves no timer', () => {
  const { clock, step, waiting } = steppedClock();
  const watch = watchParent({ clock, everyMs: 500, parentPid: () => 100, onGone: () => undefined });
  step();
  watch.cancel();
  expect(waiting()).toBe(0);
});
