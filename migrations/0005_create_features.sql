-- The live state of every entity that features are about, for each set of definitions (docs/formats/feature-state.md).
-- set_id: the first 8 bytes of the set's fingerprint. entity_key: one byte for each kind (the second 0 where there is no
-- pair), then the pseudonym, or the digest of a pair. owner_id: the entity, or the first one of a pair.
CREATE TABLE feature_states (
  partition_id BIGINT NOT NULL,   -- class none
  set_id BIGINT NOT NULL,         -- class none
  entity_key BYTEA NOT NULL,      -- class none
  owner_id BYTEA NOT NULL,        -- class none
  newest_time BIGINT NOT NULL,    -- class C2; eraser features
  newest_seq BIGINT NOT NULL,     -- class none
  state BYTEA NOT NULL,           -- class C2; eraser features
  PRIMARY KEY (partition_id, set_id, entity_key)
);
CREATE INDEX feature_states_by_owner ON feature_states (partition_id, owner_id);
CREATE INDEX feature_states_by_set ON feature_states (set_id);

-- The sets there are: how far each has been built from the log, and its stage: 0 being built, 1 serving, 2 retired.
CREATE TABLE feature_builds (
  set_id BIGINT PRIMARY KEY,      -- class none
  fingerprint BYTEA NOT NULL,     -- class none
  watermark_seq BIGINT NOT NULL,  -- class none
  stage BIGINT NOT NULL           -- class none
);
