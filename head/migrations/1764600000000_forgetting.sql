-- Up Migration

-- What ended is forgotten in time, the oldest first, without looking through what stays.
CREATE INDEX leases_over ON trainer.leases (since) WHERE state IN ('ended', 'lost');
CREATE INDEX sessions_over ON trainer.sessions (since) WHERE state = 'ended';
CREATE INDEX actors_over ON trainer.actors (((state ->> 'since')::numeric)) WHERE at = 'dead';
CREATE INDEX actors_bundle ON trainer.actors ((spec -> 'classRef' ->> 'hash'));
CREATE INDEX nodes_known ON trainer.nodes (node) WHERE state <> 'lost';
CREATE INDEX nodes_over ON trainer.nodes (since) WHERE state = 'lost';
CREATE INDEX idempotency_keys_age ON trainer.idempotency_keys (created_at);
CREATE INDEX bundles_age ON trainer.bundles (created_at);

-- A job outlives its events and its epochs; these say whether there still are some.
ALTER TABLE trainer.jobs
  ADD COLUMN ended_at bigint GENERATED ALWAYS AS (round((state -> 'job' ->> 'completedAt')::numeric)::bigint) STORED,
  ADD COLUMN has_events boolean NOT NULL DEFAULT true,
  ADD COLUMN has_metrics boolean NOT NULL DEFAULT true;
CREATE INDEX jobs_with_events ON trainer.jobs (ended_at, job) WHERE has_events AND status NOT IN ('pending', 'running');
CREATE INDEX jobs_with_metrics ON trainer.jobs (ended_at, job) WHERE has_metrics AND status NOT IN ('pending', 'running');

-- Down Migration

DROP INDEX trainer.leases_over, trainer.sessions_over, trainer.actors_over, trainer.actors_bundle, trainer.nodes_known, trainer.nodes_over,
  trainer.idempotency_keys_age, trainer.bundles_age;
ALTER TABLE trainer.jobs DROP COLUMN ended_at, DROP COLUMN has_events, DROP COLUMN has_metrics;
