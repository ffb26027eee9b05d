-- The key store: a database of its own, with migrations of its own behind the ground (0001) that all databases share.
-- Sealed keys and pseudonyms only.

-- The institution's own key, from which its keys for each use are derived.
CREATE TABLE institution_keys (
  id BIGINT PRIMARY KEY CHECK (id = 1),  -- class none
  master BIGINT NOT NULL,                -- class none
  sealed BYTEA NOT NULL                  -- class none
);

CREATE TABLE owner_keys (
  owner BYTEA NOT NULL PRIMARY KEY,  -- class C1; eraser security
  master BIGINT NOT NULL,            -- class none
  sealed BYTEA NOT NULL              -- class C3; eraser security
);

-- Who is erased. It stays: without it an older backup would bring an erased person back.
CREATE TABLE erasures (
  seq BIGINT NOT NULL PRIMARY KEY,  -- class none
  owner BYTEA NOT NULL UNIQUE,      -- class none
  request BYTEA NOT NULL,           -- class none
  registered BIGINT NOT NULL,       -- class none
  destroyed BIGINT NOT NULL         -- class none
);
