-- Whose key is locked instead of destroyed, because a law demands that the data be kept until a moment. The row goes when
-- that moment has passed and the key is destroyed.
CREATE TABLE freezes (
  owner BYTEA NOT NULL PRIMARY KEY,  -- class none
  person BYTEA NOT NULL,             -- class none
  request BYTEA NOT NULL,            -- class none
  registered BIGINT NOT NULL,        -- class none
  kept_until BIGINT NOT NULL,        -- class none
  duties TEXT NOT NULL,              -- class none
  announced BIGINT                   -- class none
);
CREATE INDEX freezes_by_end ON freezes (kept_until);
CREATE INDEX freezes_by_announcement ON freezes (announced);
