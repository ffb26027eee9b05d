-- Who may come in, and who did what. Names of staff are the institution's own; a customer's user row goes when the
-- customer is erased, and the audit holds pseudonyms only.

CREATE TABLE users (
  id BYTEA NOT NULL PRIMARY KEY,     -- class none
  name TEXT NOT NULL UNIQUE,         -- class C1; eraser security
  password_hash TEXT NOT NULL,       -- class C3; eraser security
  one_time_digest BYTEA NOT NULL,    -- class C3; eraser security
  one_time_expires BIGINT NOT NULL,  -- class none
  roles TEXT NOT NULL,               -- class none
  unit TEXT NOT NULL,                -- class none
  customer BYTEA,                    -- class C1; eraser security
  is_disabled BIGINT NOT NULL,       -- class none
  created BIGINT NOT NULL            -- class none
);
CREATE INDEX users_by_customer ON users (customer);

-- Sessions and API keys: whatever comes as "prefix_id_secret". Only the secret's digest is kept.
CREATE TABLE credentials (
  id BYTEA NOT NULL PRIMARY KEY,     -- class none
  kind BIGINT NOT NULL,              -- class none
  user_id BYTEA NOT NULL,            -- class C1; eraser security
  secret_digest BYTEA NOT NULL,      -- class C3; eraser security
  label TEXT NOT NULL,               -- class none
  scopes TEXT NOT NULL,              -- class none
  created BIGINT NOT NULL,           -- class none
  last_used BIGINT NOT NULL,         -- class C1; eraser security
  expires BIGINT NOT NULL            -- class none
);
CREATE INDEX credentials_by_user ON credentials (user_id, kind, created);

-- Wrong tries, by keyed digest of the name or credential id. Unknown names share a fixed number of rows.
CREATE TABLE credential_failures (
  subject BYTEA NOT NULL PRIMARY KEY,  -- class none
  failures BIGINT NOT NULL,            -- class none
  last_failure BIGINT NOT NULL,        -- class none
  locked_until BIGINT NOT NULL         -- class none
);

CREATE TABLE audit_entries (
  chain BIGINT NOT NULL,     -- class none
  seq BIGINT NOT NULL,       -- class none
  time BIGINT NOT NULL,      -- class none
  actor BYTEA NOT NULL,      -- class none
  actor_name TEXT NOT NULL,  -- class none
  purpose TEXT NOT NULL,     -- class none
  action TEXT NOT NULL,      -- class none
  object TEXT NOT NULL,      -- class none
  detail TEXT NOT NULL,      -- class none
  trace_id TEXT NOT NULL,    -- class none
  previous BYTEA NOT NULL,   -- class none
  digest BYTEA NOT NULL,     -- class none
  PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_entries_by_object ON audit_entries (object, seq);

CREATE TABLE audit_checkpoints (
  chain BIGINT NOT NULL,      -- class none
  seq BIGINT NOT NULL,        -- class none
  digest BYTEA NOT NULL,      -- class none
  time BIGINT NOT NULL,       -- class none
  public_key BYTEA NOT NULL,  -- class none
  signature BYTEA NOT NULL,   -- class none
  PRIMARY KEY (chain, seq)
);
