import type { Clock } from '@trainer/model';
import type { Connections } from '../store/database.js';
import { watch } from './leadership.js';
import type { Leadership, Sighting } from './leadership.js';

interface Row {
  head_epoch: string;
  head: string | null;
  renewals: string;
  is_connected: boolean;
}

/** Each head's connections carry this name, so that a candidate sees whether the leader still has one. */
export function connectionName(head: string): string {
  return `trainer-${head}`;
}

/**
 * Leadership as the row `trainer.leadership`. The take-over holds the advisory lock exclusively, so that it waits for write
 * transactions in flight and later ones see it. A leader of which PostgreSQL has no connection left (its process is gone,
 * or it is cut off) can write nothing, and is followed at once.
 */
export function postgresLeadership(database: Connections, clock: Clock, stillMs: number): Leadership {
  let seen: Sighting | null = null;
  return {
    async acquire(candidate) {
      const [row] = await database.query<Row>(
        `SELECT head_epoch, head, renewals,
           EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'trainer-' || head AND datname = current_database()) AS is_connected
         FROM trainer.leadership`,
      );
      if (row === undefined) return null;
      if (row.head !== null && row.head !== candidate && row.is_connected) {
        const watched = watch(seen, `${row.head_epoch}/${row.renewals}`, clock.monotonicMs(), stillMs);
        seen = watched.sighting;
        if (!watched.isStill) return null;
      }
      const taken = await database.query<{ head_epoch: string }>(TAKE_OVER, [
        candidate,
        row.head_epoch,
        row.renewals,
        Math.round(clock.wallMs()),
      ]);
      seen = null;
      return taken[0] === undefined ? null : Number(taken[0].head_epoch);
    },
    async renew(candidate, held) {
      const rows = await database.query(
        'UPDATE trainer.leadership SET renewals = renewals + 1 WHERE head = $1 AND head_epoch = $2 RETURNING renewals',
        [candidate, held],
      );
      return rows.length === 1 ? 'held' : 'lost';
    },
    async raise(candidate, held, to) {
      const rows = await database.query(RAISE, [candidate, held, to]);
      return rows.length === 1 ? 'held' : 'lost';
    },
    async resign(candidate, held) {
      await database.query('UPDATE trainer.leadership SET head = NULL WHERE head = $1 AND head_epoch = $2', [candidate, held]);
    },
  };
}

/** The lock is taken in the inner query, before the row is updated; the row's own values are compared again by the UPDATE. */
const TAKE_OVER = `
  WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(8433270021) AS done)
  UPDATE trainer.leadership SET head_epoch = head_epoch + 1, head = $1, renewals = 0, since = $4
  FROM locked WHERE head_epoch = $2 AND renewals = $3
  RETURNING head_epoch`;

/** As above, by the leader itself. A row that has `$3` already was raised by the same statement, whose answer was lost. */
const RAISE = `
  WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(8433270021) AS done)
  UPDATE trainer.leadership SET head_epoch = $3, renewals = 0
  FROM locked WHERE head = $1 AND head_epoch IN ($2, $3)
  RETURNING head_epoch`;
