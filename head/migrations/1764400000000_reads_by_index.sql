-- Up Migration

-- The newest attempt of each epoch, and the newest epochs, are read in the order of the key.
ALTER TABLE trainer.epoch_metrics DROP CONSTRAINT epoch_metrics_pkey, ADD PRIMARY KEY (job, epoch, attempt, name);

-- What a new leader reads: a head must not look through what has ended.
CREATE INDEX sessions_open ON trainer.sessions (session) WHERE state = 'open';

-- Down Migration

DROP INDEX trainer.sessions_open;
ALTER TABLE trainer.epoch_metrics DROP CONSTRAINT epoch_metrics_pkey, ADD PRIMARY KEY (job, attempt, epoch, name);
