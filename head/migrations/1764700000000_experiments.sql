-- Up Migration

-- Jobs of an experiment, and its completed ones, without looking through all others.
CREATE INDEX jobs_of_experiment ON trainer.jobs (experiment_name, status);

-- Down Migration

DROP INDEX trainer.jobs_of_experiment;
