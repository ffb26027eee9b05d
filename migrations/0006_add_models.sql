-- Models and their stages. A model is learnt from many people and holds none: counts, thresholds and weights only.
CREATE TABLE models (
  fingerprint BYTEA NOT NULL PRIMARY KEY,  -- class none
  name TEXT NOT NULL,                      -- class none
  version BIGINT NOT NULL,                 -- class none
  stage TEXT NOT NULL,                     -- class none
  trained_by BYTEA NOT NULL,               -- class none
  trained_at BIGINT NOT NULL,              -- class none
  approved_by BYTEA,                       -- class none
  approved_at BIGINT,                      -- class none
  live_from BIGINT,                        -- class none
  data BYTEA NOT NULL,                     -- class none
  definitions BYTEA NOT NULL,              -- class none
  code TEXT NOT NULL,                      -- class none
  report TEXT NOT NULL,                    -- class none
  artefact BYTEA NOT NULL,                 -- class none
  signature BYTEA NOT NULL,                -- class none
  UNIQUE (name, version)
);
CREATE UNIQUE INDEX models_live ON models (name) WHERE stage = 'live';
