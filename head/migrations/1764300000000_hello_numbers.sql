-- Up Migration

-- The newest hello of each node's incarnation: an older one that comes late is refused by whichever head reads it.
ALTER TABLE trainer.nodes ADD COLUMN hello_number bigint NOT NULL DEFAULT 0;

-- Down Migration

ALTER TABLE trainer.nodes DROP COLUMN hello_number;
