-- What is derived from the log (records, feature states, the index of entities) may stand a little behind it: it is
-- settled many events at a time, with the seq up to which it is true; what lies beyond is made again from the log when
-- the database is opened (docs/decisions/0010-derived-state-behind-the-log.md). Up to here everything was settled with
-- each event. Feature states are laid out by their owner, whose rows then lie side by side.

CREATE TABLE settled (
  id BIGINT PRIMARY KEY CHECK (id = 1),  -- class none
  index_seq BIGINT NOT NULL,             -- class none
  records_seq BIGINT NOT NULL            -- class none
);
INSERT INTO settled (id, index_seq, records_seq)
  SELECT 1, COALESCE(MAX(last_seq), 0), COALESCE(MAX(last_seq), 0) FROM event_heads;
UPDATE feature_builds SET watermark_seq = COALESCE((SELECT last_seq FROM event_heads), 0) WHERE stage = 1;

ALTER TABLE feature_states RENAME TO feature_states_before;
CREATE TABLE feature_states (
  partition_id BIGINT NOT NULL,   -- class none
  owner_id BYTEA NOT NULL,        -- class none
  set_id BIGINT NOT NULL,         -- class none
  entity_key BYTEA NOT NULL,      -- class none
  state BYTEA NOT NULL,           -- class C2; eraser features
  PRIMARY KEY (partition_id, owner_id, set_id, entity_key)
);
INSERT INTO feature_states (partition_id, owner_id, set_id, entity_key, state)
  SELECT partition_id, owner_id, set_id, entity_key, state FROM feature_states_before
  ORDER BY partition_id, owner_id;
DROP TABLE feature_states_before;
