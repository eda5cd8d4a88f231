-- Up Migration
-- A job's request has a priority; those of before have the one that they ran with.
UPDATE trainer.jobs SET request = request || '{"priority": 50}' WHERE NOT request ? 'priority';
