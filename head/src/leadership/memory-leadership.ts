import type { Clock, HeadId } from '@trainer/model';
import { watch } from './leadership.js';
import type { Leadership, Sighting } from './leadership.js';

/** The row that candidates share. */
export interface LeadershipRow {
  headEpoch: number;
  head: HeadId | null;
  renewals: number;
}

/** A candidate's view of a leadership row in memory; it contends, expires and refuses as PostgreSQL's does. */
export function memoryLeadership(row: LeadershipRow, clock: Clock, stillMs: number): Leadership {
  let seen: Sighting | null = null;
  return {
    async acquire(candidate) {
      if (row.head !== null && row.head !== candidate) {
        const watched = watch(seen, `${row.headEpoch}/${row.renewals}`, clock.monotonicMs(), stillMs);
        seen = watched.sighting;
        if (!watched.isStill) return null;
      }
      seen = null;
      row.headEpoch += 1;
      row.head = candidate;
      row.renewals = 0;
      return row.headEpoch;
    },
    async renew(candidate, held) {
      if (row.headEpoch !== held || row.head !== candidate) return 'lost';
      row.renewals += 1;
      return 'held';
    },
    async raise(candidate, held, to) {
      if (row.head !== candidate || (row.headEpoch !== held && row.headEpoch !== to)) return 'lost';
      row.headEpoch = to;
      row.renewals = 0;
      return 'held';
    },
    async resign(candidate, held) {
      if (row.headEpoch === held && row.head === candidate) row.head = null;
    },
  };
}
