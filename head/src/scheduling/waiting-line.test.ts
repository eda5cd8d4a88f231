import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Want } from './demand.js';
import { byTurn } from './plan.js';
import { WaitingLine } from './waiting-line.js';
import type { NewWaiting } from './waiting-line.js';

function want(kind: Want['kind'], cpus: number): Want {
  return { kind, bundles: [{ cpuMilli: cpus * 1000, memoryBytes: 0, gpuMilli: 0 }], needsEngine: null };
}

function waits(n: number, more: Partial<NewWaiting> = {}): NewWaiting {
  return { id: `d${n}`, priority: 50, since: n, likeness: 'one', wantNow: () => want('job', 1), ...more };
}

const anyWaiting = fc
  .record({
    n: fc.nat({ max: 30 }),
    priority: fc.integer({ min: 0, max: 2 }),
    since: fc.nat({ max: 3 }),
    cpus: fc.nat({ max: 2 }),
    isJob: fc.boolean(),
  })
  .map(({ n, priority, since, cpus, isJob }) => {
    const kind = isJob ? 'job' : 'actor';
    return waits(n, { id: `${kind}${n}`, priority, since, likeness: `${kind}${cpus}`, wantNow: () => want(kind, cpus) });
  });

describe('the line of who waits', () => {
  test('is in the order of the turns, whoever comes and goes, and counts who is ahead', () => {
    const act = fc.tuple(anyWaiting, fc.boolean());
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const line = new WaitingLine();
        const model = new Map<string, NewWaiting>();
        for (const [one, isGoing] of acts) {
          if (isGoing) {
            expect(line.remove(one.id)).toBe(model.delete(one.id));
          } else {
            line.add(one);
            if (!model.has(one.id)) model.set(one.id, one);
          }
        }
        const inOrder = (kind: Want['kind']): string[] =>
          [...model.values()]
            .filter(({ wantNow }) => wantNow().kind === kind)
            .map((one) => ({ ...one, want: one.wantNow() }))
            .sort(byTurn)
            .map(({ id }) => id);
        expect(line.all().map(({ id }) => id)).toEqual([...inOrder('actor'), ...inOrder('job')]);
        for (const kind of ['actor', 'job'] as const) {
          const ahead = inOrder(kind)
            .map((id) => line.get(id))
            .map((waiting) => (waiting ? line.ahead(waiting) : -1));
          expect(ahead).toEqual(ahead.map((_, at) => at));
        }
      }),
    );
  });
  test('asks once what 10,000 that are alike want, and once more when the nodes have changed', () => {
    const line = new WaitingLine();
    let asked = 0;
    const wantNow = (): Want => {
      asked += 1;
      return want('job', 1);
    };
    for (let n = 0; n < 10_000; n += 1) line.add(waits(n, { wantNow }));
    expect([asked, new Set(line.all().map((one) => one.want)).size]).toEqual([1, 1]);
    line.refresh();
    expect(asked).toBe(2);
  });
  test('who asks for the same shares the want, though they are not alike', () => {
    const line = new WaitingLine();
    line.add(waits(1, { likeness: 'a' }));
    line.add(waits(2, { likeness: 'b' }));
    line.refresh();
    expect(new Set(line.all().map((one) => one.want)).size).toBe(1);
  });
  test.each(['one by one', 'all at once'])('remembers nothing of 10,000 that have gone, %s', (how) => {
    const line = new WaitingLine();
    for (let n = 0; n < 10_000; n += 1) line.add(waits(n, { likeness: `l${n % 100}`, wantNow: () => want('job', n % 10) }));
    line.refresh();
    if (how === 'all at once') line.clear('job');
    else for (let n = 0; n < 10_000; n += 1) line.remove(`d${n}`);
    expect([line.size, line.remembered, line.all()]).toEqual([0, 0, []]);
  });
});
