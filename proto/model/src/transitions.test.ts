import { describe, expect, it } from '@jest/globals';
import { ACTOR_TRANSITIONS } from './actors.js';
import { isFinalStatus, STATUSES } from './jobs.js';
import { isFinalLease, LEASE_TRANSITIONS } from './leases.js';

/** The states that can be reached from one. */
function reachable(table: Readonly<Record<string, readonly string[]>>, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) for (const next of table[state] ?? []) seen.add(next);
  return seen;
}

describe('the tables of states', () => {
  it.each([
    ['leases', LEASE_TRANSITIONS, 'planned', ['ended', 'lost']],
    ['actors', ACTOR_TRANSITIONS, 'pending', ['dead']],
  ])('of %s reach all states, and an end from each', (_name, table, first, ends) => {
    expect([...reachable(table, first)].sort()).toEqual(Object.keys(table).sort());
    const endless = Object.keys(table).filter((state) => !ends.some((end) => reachable(table, state).has(end)));
    expect(endless).toEqual([]);
  });

  it('of leases leave nothing after their end', () => {
    expect(Object.keys(LEASE_TRANSITIONS).filter((state) => isFinalLease(state as never))).toEqual(['ended', 'lost']);
  });

  it('of jobs end in three ways', () => {
    expect(STATUSES.filter(isFinalStatus)).toEqual(['completed', 'failed', 'cancelled']);
  });
});
