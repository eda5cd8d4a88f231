import { expect, test } from '@jest/globals';
import { leaseId } from '@trainer/model';
import type { LogLine } from '@trainer/wire';
import { ShownLines } from './shown-lines.js';

const at = (ms: number, line: string): LogLine => ({ lease: leaseId('1-1'), at: ms, isStderr: false, line });

test('a line that the store held is not shown again when it comes live', () => {
  const shown = new ShownLines([at(1, 'a'), at(2, 'b')]);
  expect(shown.newOfLive([at(2, 'b'), at(2, 'c')])).toEqual([at(2, 'c')]);
});

test('a line that was written before the follower listened and stored after is shown from the store', () => {
  const shown = new ShownLines([at(1, 'a')]);
  shown.newOfLive([at(3, 'c')]);
  expect(shown.newOfStored([at(1, 'a'), at(2, 'b'), at(3, 'c')])).toEqual([at(2, 'b')]);
});

test('equal lines of one millisecond are shown as often as they were written', () => {
  const shown = new ShownLines([at(1, 'a')]);
  expect(shown.newOfLive([at(1, 'a'), at(1, 'a')])).toEqual([at(1, 'a')]);
  expect(shown.newOfStored([at(1, 'a'), at(1, 'a'), at(1, 'a')])).toEqual([at(1, 'a')]);
});
