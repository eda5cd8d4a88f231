-- Up Migration

-- Why an actor's incarnation before the present one ended; null: it is in its first.
ALTER TABLE trainer.actors ADD COLUMN last_death jsonb;
UPDATE trainer.actors
  SET spec = '{"name": null, "namespace": "default", "maxRestarts": 0, "checkpointEvery": 1000, "maxCallRetries": 0}'::jsonb || spec;
CREATE UNIQUE INDEX actors_name ON trainer.actors ((spec ->> 'namespace'), (spec ->> 'name')) WHERE at <> 'dead' AND spec ->> 'name' IS NOT NULL;

-- The newest state of each actor that has one; its next incarnation is restored from it.
CREATE TABLE trainer.actor_states (
  actor text PRIMARY KEY,
  incarnation integer NOT NULL,
  saved_at bigint NOT NULL,
  state jsonb NOT NULL
);

-- Down Migration

DROP TABLE trainer.actor_states;
DROP INDEX trainer.actors_name;
ALTER TABLE trainer.actors DROP COLUMN last_death;
