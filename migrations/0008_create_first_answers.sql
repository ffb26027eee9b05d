-- The first answer to each POST that carried an Idempotency-Key (src/api/first_answers.h), kept for seven days. `slot` is
-- a keyed digest of caller, route and key; `request_digest` is keyed with the answer's seal; `answer` opens only with the
-- caller's Idempotency-Key, which is not kept, and is null until the answer is known.

CREATE TABLE first_answers (
  slot BYTEA PRIMARY KEY,         -- class none
  request_digest BYTEA NOT NULL,  -- class none
  begun_at BIGINT NOT NULL,       -- class none
  answer BYTEA                    -- class C2; eraser key
);

CREATE INDEX first_answers_by_age ON first_answers (begun_at);
