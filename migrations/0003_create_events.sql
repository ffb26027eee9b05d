-- The append-only log (docs/formats/event-log.md). In clear stand pseudonyms, times, types and keyed digests only; what
-- came in is sealed with the key of the event's home and dies with that key.
--
-- PostgreSQL: partitioned from the start, as a table cannot be partitioned in place later. Eight hash partitions each
-- hold 8 of the 64 partition ids; a modulus of 8 can later be split further, one partition at a time.

CREATE TABLE events (
-- sqlite:   seq INTEGER PRIMARY KEY,           -- class none
-- postgresql:   seq BIGINT NOT NULL,
  partition_id BIGINT NOT NULL,                 -- class none
  partition_seq BIGINT NOT NULL,                -- class none
  type TEXT NOT NULL,                           -- class C1
  schema_version BIGINT NOT NULL,               -- class none
  time BIGINT NOT NULL,                         -- class C1
  recorded BIGINT NOT NULL,                     -- class none
  is_history BIGINT NOT NULL,                   -- class none
  home BYTEA NOT NULL,                          -- class C1
  entities BYTEA NOT NULL,                      -- class C1
  sealed BYTEA NOT NULL,                        -- class C2; eraser key
  UNIQUE (partition_id, partition_seq)
-- sqlite: );
-- postgresql: ) PARTITION BY HASH (partition_id);
-- postgresql: CREATE INDEX events_by_seq ON events (seq);
-- postgresql: CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 0);
-- postgresql: CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 1);
-- postgresql: CREATE TABLE events_2 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 2);
-- postgresql: CREATE TABLE events_3 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 3);
-- postgresql: CREATE TABLE events_4 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 4);
-- postgresql: CREATE TABLE events_5 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 5);
-- postgresql: CREATE TABLE events_6 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 6);
-- postgresql: CREATE TABLE events_7 PARTITION OF events FOR VALUES WITH (MODULUS 8, REMAINDER 7);

-- Once: what has been seen, by a keyed digest of (source, id).
CREATE TABLE event_identity (
  identity BYTEA NOT NULL PRIMARY KEY,          -- class C1
  body_tag BYTEA NOT NULL,                      -- class C1
  seq BIGINT NOT NULL                           -- class none
-- sqlite: ) WITHOUT ROWID;
-- postgresql: ) PARTITION BY HASH (identity);
-- postgresql: CREATE TABLE event_identity_0 PARTITION OF event_identity FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE event_identity_1 PARTITION OF event_identity FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE event_identity_2 PARTITION OF event_identity FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE event_identity_3 PARTITION OF event_identity FOR VALUES WITH (MODULUS 4, REMAINDER 3);

-- Which events touch an entity, in the order readers of one entity want them.
CREATE TABLE event_entities (
  entity_id BYTEA NOT NULL,                     -- class C1
  time BIGINT NOT NULL,                         -- class C1
  seq BIGINT NOT NULL,                          -- class none
  partition_id BIGINT NOT NULL,                 -- class none
  PRIMARY KEY (entity_id, time, seq)
-- sqlite: ) WITHOUT ROWID;
-- postgresql: ) PARTITION BY HASH (entity_id);
-- postgresql: CREATE TABLE event_entities_0 PARTITION OF event_entities FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE event_entities_1 PARTITION OF event_entities FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE event_entities_2 PARTITION OF event_entities FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE event_entities_3 PARTITION OF event_entities FOR VALUES WITH (MODULUS 4, REMAINDER 3);

-- One row: the last seq, and the last partition_seq of each partition as 8 bytes, most significant first.
CREATE TABLE event_heads (
  id BIGINT PRIMARY KEY CHECK (id = 1),         -- class none
  last_seq BIGINT NOT NULL,                     -- class none
  partition_seqs BYTEA NOT NULL                 -- class none
);
