import { expect, test } from '@jest/globals';
import { nodeId } from '@trainer/model';
import { NodePauses } from './pauses.js';

const A = nodeId('node-000000000001');
const B = nodeId('node-000000000002');
const LIMITS = { firstMs: 100, longestMs: 5_000 };

/** Refuses whenever it is asked. @returns the times at which a planner that looks each millisecond asks */
function asked(pauses: NodePauses, forMs: number): number[] {
  const times: number[] = [];
  for (let now = 0; now <= forMs; now += 1) {
    if (pauses.has(A, now)) continue;
    times.push(now);
    pauses.refused(A, now);
  }
  return times;
}

test('a node that refuses again and again is asked after pauses that double, up to a limit', () => {
  const times = asked(new NodePauses(LIMITS), 30_000);
  expect(times.slice(0, 5)).toEqual([0, 100, 300, 700, 1_500]);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(Math.max(...gaps)).toBe(5_000);
});

test('the refusals of one plan count once', () => {
  const pauses = new NodePauses(LIMITS);
  pauses.refused(A, 0);
  pauses.refused(A, 1);
  expect(pauses.nextEndMs(1)).toBe(99);
});

test('a node whose picture changed is asked at once, and its next pause is the first', () => {
  const pauses = new NodePauses(LIMITS);
  pauses.refused(A, 0);
  pauses.refused(A, 100);
  pauses.changed(A);
  expect(pauses.has(A, 101)).toBe(false);
  pauses.refused(A, 101);
  expect(pauses.nextEndMs(101)).toBe(100);
});

test('other nodes are not left alone', () => {
  const pauses = new NodePauses(LIMITS);
  pauses.refused(A, 0);
  expect(pauses.has(B, 0)).toBe(false);
  expect(pauses.nextEndMs(100)).toBeNull();
});
