-- What a customer is found by follows from their record: it stays out of backups, and is made again where it is missing
-- (docs/decisions/0014-search-index-beside-the-data.md).
-- derived: search_tokens

-- How far that is done. Without a row nothing is known to be there: a backup was restored, or PostgreSQL crashed. An
-- index made before this is whole.
CREATE TABLE search_index (
  id BIGINT PRIMARY KEY CHECK (id = 1),  -- class none
  built_to BYTEA                         -- class C1: the last customer put into it; none when it is whole
);
INSERT INTO search_index (id, built_to) VALUES (1, NULL);
-- derived: search_index
