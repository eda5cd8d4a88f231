-- Up Migration

-- What decides whether an actor is started again, and how soon.
ALTER TABLE trainer.actors ADD COLUMN has_run boolean NOT NULL DEFAULT false, ADD COLUMN quick_restarts integer NOT NULL DEFAULT 0;
UPDATE trainer.actors SET has_run = true WHERE at = 'alive';

-- Down Migration

ALTER TABLE trainer.actors DROP COLUMN has_run, DROP COLUMN quick_restarts;
