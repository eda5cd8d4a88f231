-- Up Migration

-- Why attempts and incarnations ended. Of those that ended before nothing is known.
UPDATE trainer.jobs SET state = jsonb_set(state, '{job,attempts}', '[]') WHERE NOT state -> 'job' ? 'attempts';
UPDATE trainer.events SET data = data || '{"attempts": []}' WHERE type IN ('status', 'pending') AND NOT data ? 'attempts';
UPDATE trainer.attempts SET body = jsonb_build_object(
  'number', attempt, 'startedAt', started_at, 'endedAt', ended_at, 'fromEpoch', 0, 'workers', world_size, 'nodes', '[]'::jsonb,
  'memoryBytes', 0, 'end', NULL);

-- An attempt that was ending has counted what it counts.
UPDATE trainer.jobs SET state = jsonb_set(state, '{ending}', jsonb_build_object('kind', 'requeue', 'why', state -> 'ending' -> 'why'))
  WHERE state -> 'ending' ->> 'kind' = 'retry';
UPDATE trainer.jobs
  SET state = jsonb_set(state, '{ending}', jsonb_build_object('kind', 'failed', 'failure',
    jsonb_build_object('blame', 'crash', 'error', state -> 'ending' -> 'error', 'rank', NULL, 'cause', NULL)))
  WHERE state -> 'ending' ->> 'kind' = 'failed';
UPDATE trainer.jobs
  SET state = jsonb_set(state, '{ending,failure}', '{"rank": null, "cause": null}' || (state -> 'ending' -> 'failure'))
  WHERE state -> 'ending' ->> 'kind' = 'echo';

ALTER TABLE trainer.actors ADD COLUMN deaths jsonb NOT NULL DEFAULT '[]';
UPDATE trainer.actors
  SET deaths = jsonb_build_array(jsonb_build_object('incarnation', restarts, 'at', state -> 'since', 'cause', last_death))
  WHERE last_death IS NOT NULL AND last_death <> 'null';
ALTER TABLE trainer.actors DROP COLUMN last_death;

-- Down Migration

ALTER TABLE trainer.actors ADD COLUMN last_death jsonb;
ALTER TABLE trainer.actors DROP COLUMN deaths;
