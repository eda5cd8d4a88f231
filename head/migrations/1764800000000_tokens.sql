-- Up Migration

-- Who may use REST. Of a token's text its SHA-256 alone is kept.
CREATE TABLE trainer.tokens (
  token text PRIMARY KEY,
  sha256 text NOT NULL UNIQUE,
  name text NOT NULL,
  scope text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);

-- Down Migration

DROP TABLE trainer.tokens;
