-- Policies in all their versions: what decided once can be read for ever.
CREATE TABLE policies (
  name TEXT NOT NULL,               -- class none
  version BIGINT NOT NULL,          -- class none
  fingerprint BYTEA NOT NULL,       -- class none
  stage TEXT NOT NULL,              -- class none
  definition TEXT NOT NULL,         -- class none
  drafted_by BYTEA NOT NULL,        -- class none
  drafted_us BIGINT NOT NULL,       -- class none
  activated_by BYTEA,               -- class none
  activated_us BIGINT,              -- class none
  PRIMARY KEY (name, version)
);

-- Feature definitions a decision was made with, by fingerprint.
CREATE TABLE feature_definitions (
  fingerprint BYTEA NOT NULL PRIMARY KEY, -- class none
  definitions TEXT NOT NULL               -- class none
);

CREATE TABLE decisions (
  partition_id BIGINT NOT NULL,     -- class none
  decision_id BYTEA NOT NULL,       -- class C1; eraser key
  seq BIGINT NOT NULL,              -- class none
  subject_id BYTEA NOT NULL,        -- class C1; eraser key
  home_id BYTEA NOT NULL,           -- class C1; eraser key
  event_time_us BIGINT NOT NULL,    -- class none
  policy TEXT NOT NULL,             -- class none
  outcome TEXT NOT NULL,            -- class C1; eraser key
  record_digest BYTEA NOT NULL,     -- class C1; eraser key
  sealed_record BYTEA NOT NULL,     -- class C2; eraser key
  PRIMARY KEY (partition_id, decision_id)
-- sqlite: );
-- postgresql: ) PARTITION BY HASH (partition_id);
-- postgresql: CREATE TABLE decisions_0 PARTITION OF decisions FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE decisions_1 PARTITION OF decisions FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE decisions_2 PARTITION OF decisions FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE decisions_3 PARTITION OF decisions FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE INDEX decisions_by_id ON decisions (decision_id);
CREATE INDEX decisions_by_seq ON decisions (seq);
CREATE INDEX decisions_by_subject ON decisions (subject_id, seq);
