-- What every database of the house has, whatever else it keeps: who holds the writer's lease (a
-- random number for the process) and the number of its last commit, used on PostgreSQL only because on SQLite a lock
-- file tells; and a row to try a write with after the disk was full. schema_migrations itself is made before the first
-- migration (docs/formats/migrations.md).

CREATE TABLE writer_lease (
  id BIGINT PRIMARY KEY CHECK (id = 1),  -- class none
  address TEXT NOT NULL,                 -- class none
  holder BIGINT NOT NULL,                -- class none
  last_commit BIGINT NOT NULL            -- class none
);

CREATE TABLE write_probe (
  id BIGINT PRIMARY KEY CHECK (id = 1),  -- class none
  filler BYTEA NOT NULL                  -- class none
);
