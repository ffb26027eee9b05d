-- First answers are sealed with the keys of those they tell of (src/api/first_answers.h): what was kept before could be
-- read after an erasure and goes. Its key stays taken. The digest of the request now stands inside.
UPDATE first_answers SET answer = NULL;
ALTER TABLE first_answers DROP COLUMN request_digest;

-- The states of a retired feature set are removed some time after it retired (src/app/feature_versions.h).
ALTER TABLE feature_builds ADD COLUMN retired_us BIGINT;  -- class none
UPDATE feature_builds SET retired_us = 0 WHERE stage = 2;

-- What earlier migrations did not say truly: a pseudonym or digest that stays is no value sealed with a key, and a
-- column that names an entity, or when something happened to it, says something of a person.
-- mark decisions.decision_id: class C1
-- mark decisions.subject_id: class C1
-- mark decisions.home_id: class C1
-- mark decisions.record_digest: class C1
-- mark decisions.event_time_us: class C1
-- mark accounts.home_customer_id: class C1: it stays where others hold the account
-- mark feature_states.owner_id: class C1; eraser features
-- mark feature_states.entity_key: class C1; eraser features
-- mark audit_entries.object: class C1
