import type { Millis } from '@trainer/model';
import type { Forgettable } from './cluster-store.js';
import type { Statement } from './transaction.js';

/**
 * A pruning holds the lock that a take-over waits for, and nobody waits for the pruning: so long at most. The setting ends with the
 * transaction.
 */
const AT_MOST: Statement = { text: "SELECT set_config('statement_timeout', '2000', true)", values: [] };

const UNENDED_JOB = "status IN ('pending', 'running')";
const ENDED_JOB = "status NOT IN ('pending', 'running')";

/** Which rows are over and old, oldest first; $1: ended before, $2: at most so many. Nothing that something unended needs is among them. */
const OVER: Readonly<Record<Exclude<Forgettable, 'events' | 'metrics'>, { readonly table: string; readonly where: string }>> = {
  actors: { table: 'actors', where: "t.at = 'dead' AND (t.state ->> 'since')::numeric < $1 ORDER BY (t.state ->> 'since')::numeric" },
  leases: {
    table: 'leases',
    where: `t.state IN ('ended', 'lost') AND t.since < $1
      AND NOT EXISTS (SELECT FROM trainer.jobs WHERE job = t.holder_id AND ${UNENDED_JOB})
      AND NOT EXISTS (SELECT FROM trainer.actors WHERE actor = t.holder_id AND at <> 'dead') ORDER BY t.since`,
  },
  sessions: {
    table: 'sessions',
    where: `t.state = 'ended' AND t.since < $1
      AND NOT EXISTS (SELECT FROM trainer.actors WHERE session = t.session AND at <> 'dead') ORDER BY t.since`,
  },
  nodes: {
    table: 'nodes',
    where: `t.state = 'lost' AND t.since < $1
      AND NOT EXISTS (SELECT FROM trainer.leases WHERE node = t.node AND state NOT IN ('ended', 'lost')) ORDER BY t.since`,
  },
  keys: {
    table: 'idempotency_keys',
    where: `t.created_at < $1 AND NOT EXISTS (SELECT FROM trainer.jobs WHERE job = t.job AND ${UNENDED_JOB}) ORDER BY t.created_at`,
  },
  bundles: {
    table: 'bundles',
    where: `t.created_at < $1 AND NOT EXISTS (SELECT FROM trainer.actors WHERE spec -> 'classRef' ->> 'hash' = t.hash) ORDER BY t.created_at`,
  },
};

/** Rows that belong to an ended job, and the column of `jobs` that says whether there are some. */
const OF_JOBS = {
  /** The last one stays: it tells who asks late how the job ended. */
  events: { has: 'has_events', tables: ['events'], rows: 'r.number < j.last_event' },
  metrics: { has: 'has_metrics', tables: ['epoch_metrics', 'checkpoints'], rows: 'true' },
} as const;

/** The statements of one pruning; the sum of the rows that they write, but for the first, is what was forgotten. */
export function forgettingStatements(what: Forgettable, before: Millis, limit: number): readonly Statement[] {
  const values = [String(Math.floor(before)), String(limit)];
  const statements = what === 'events' || what === 'metrics' ? ofJobs(OF_JOBS[what]) : [over(OVER[what])];
  return [AT_MOST, ...statements.map((text) => ({ text, values }))];
}

function over({ table, where }: { readonly table: string; readonly where: string }): string {
  return `DELETE FROM trainer.${table} WHERE ctid = ANY(ARRAY(SELECT t.ctid FROM trainer.${table} t WHERE ${where} LIMIT $2::int))`;
}

/** Looks at the oldest $2 jobs only: what one batch costs does not depend on how many are old. */
function ofJobs({ has, tables, rows }: (typeof OF_JOBS)[keyof typeof OF_JOBS]): string[] {
  const old = `(SELECT job, last_event FROM trainer.jobs WHERE ${has} AND ${ENDED_JOB} AND ended_at < $1::bigint
    ORDER BY ended_at, job LIMIT $2::int) j`;
  const removed = tables.map(
    (table) => `DELETE FROM trainer.${table} WHERE ctid = ANY(ARRAY(
      SELECT r.ctid FROM ${old} JOIN trainer.${table} r USING (job) WHERE ${rows} LIMIT $2::int))`,
  );
  const empty = tables.map((table) => `NOT EXISTS (SELECT FROM trainer.${table} r WHERE r.job = j.job AND ${rows})`);
  return [
    ...removed,
    `UPDATE trainer.jobs SET ${has} = false WHERE job = ANY(ARRAY(SELECT j.job FROM ${old} WHERE ${empty.join(' AND ')}))`,
  ];
}
