-- Up Migration

-- One row: who leads. `renewals` rises while the leader lives; `head_epoch` rises with every leadership.
CREATE TABLE trainer.leadership (
  is_row boolean PRIMARY KEY DEFAULT true CHECK (is_row),
  head_epoch bigint NOT NULL,
  head text,
  renewals bigint NOT NULL DEFAULT 0,
  since bigint NOT NULL
);
INSERT INTO trainer.leadership (head_epoch, head, since) VALUES (0, NULL, 0);

-- Every write transaction begins with it: the shared lock lets writers run side by side and a take-over wait for them; the
-- read behind it (a new snapshot, as the function is volatile) sees a take-over that has happened.
CREATE FUNCTION trainer.fence(expected bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE found bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(8433270021);
  SELECT head_epoch INTO found FROM trainer.leadership;
  IF found IS DISTINCT FROM expected THEN
    RAISE EXCEPTION 'head epoch is %, not %', found, expected USING ERRCODE = 'TR001';
  END IF;
END $$;

CREATE TABLE trainer.nodes (
  node text PRIMARY KEY,
  incarnation bigint NOT NULL,
  stored_fact bigint NOT NULL,
  state text NOT NULL,
  since bigint NOT NULL,
  host text NOT NULL,
  version text NOT NULL,
  capacity jsonb NOT NULL,
  labels jsonb NOT NULL,
  engines jsonb NOT NULL
);

CREATE TABLE trainer.sessions (
  session text PRIMARY KEY,
  state text NOT NULL,
  since bigint NOT NULL
);

CREATE TABLE trainer.actors (
  actor text PRIMARY KEY,
  session text,
  at text NOT NULL,
  created_at bigint NOT NULL,
  spec jsonb NOT NULL,
  args bytea NOT NULL,
  state jsonb NOT NULL,
  restarts integer NOT NULL
);
CREATE INDEX actors_unended ON trainer.actors (actor) WHERE at <> 'dead';
CREATE INDEX actors_newest ON trainer.actors (created_at DESC, actor);

CREATE TABLE trainer.leases (
  lease text PRIMARY KEY,
  node text NOT NULL,
  node_incarnation bigint NOT NULL,
  holder_kind text NOT NULL,
  holder_id text NOT NULL,
  attempt integer,
  rank integer,
  state text NOT NULL,
  since bigint NOT NULL,
  body jsonb NOT NULL
);
CREATE INDEX leases_unended ON trainer.leases (lease) WHERE state NOT IN ('ended', 'lost');
CREATE INDEX leases_holder ON trainer.leases (holder_id);

CREATE TABLE trainer.jobs (
  job text PRIMARY KEY,
  created_at bigint NOT NULL,
  status text NOT NULL,
  phase text NOT NULL,
  attempt integer NOT NULL,
  model_id text NOT NULL,
  experiment_name text NOT NULL,
  tags jsonb NOT NULL,
  request jsonb NOT NULL,
  state jsonb NOT NULL,
  last_event bigint NOT NULL
);
CREATE INDEX jobs_newest ON trainer.jobs (created_at DESC, job DESC);
CREATE INDEX jobs_unended ON trainer.jobs (job) WHERE status IN ('pending', 'running');
CREATE INDEX jobs_uncleaned ON trainer.jobs (job) WHERE NOT (state ->> 'isCleaned')::boolean;

CREATE TABLE trainer.attempts (
  job text NOT NULL REFERENCES trainer.jobs,
  attempt integer NOT NULL,
  world_size integer NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint,
  body jsonb NOT NULL,
  PRIMARY KEY (job, attempt)
);

CREATE TABLE trainer.epoch_metrics (
  job text NOT NULL,
  attempt integer NOT NULL,
  epoch integer NOT NULL,
  name text NOT NULL,
  value double precision,
  PRIMARY KEY (job, attempt, epoch, name)
);

CREATE TABLE trainer.checkpoints (
  job text NOT NULL,
  attempt integer NOT NULL,
  epoch integer NOT NULL,
  created_at bigint NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (job, attempt, epoch)
);

CREATE TABLE trainer.models (
  job text PRIMARY KEY REFERENCES trainer.jobs,
  model_id text NOT NULL,
  task text NOT NULL,
  created_at bigint NOT NULL,
  body jsonb NOT NULL
);
CREATE INDEX models_newest ON trainer.models (created_at DESC, job DESC);

CREATE TABLE trainer.events (
  job text NOT NULL,
  number bigint NOT NULL,
  type text NOT NULL,
  at bigint NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (job, number)
);

CREATE TABLE trainer.bundles (
  hash text PRIMARY KEY,
  bytes bigint NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE trainer.idempotency_keys (
  key text PRIMARY KEY,
  body_sha256 text NOT NULL,
  job text NOT NULL REFERENCES trainer.jobs,
  created_at bigint NOT NULL
);

-- Down Migration

DROP SCHEMA trainer CASCADE;
