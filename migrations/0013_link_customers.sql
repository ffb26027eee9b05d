-- Who has been found to be one (src/customers/links.h): derived from the log. Keys of one customer stand together.
CREATE TABLE customer_links (
  customer_id BYTEA NOT NULL,      -- class C1; eraser customers
  into_id BYTEA NOT NULL,          -- class C1; eraser customers
  made_seq BIGINT NOT NULL,        -- class none
  made_us BIGINT NOT NULL,         -- class C1; eraser customers
  undone_seq BIGINT,               -- class none
  undone_us BIGINT,                -- class C1; eraser customers
  PRIMARY KEY (customer_id, made_seq)
-- sqlite: ) WITHOUT ROWID;
-- postgresql: ) PARTITION BY HASH (customer_id);
-- postgresql: CREATE TABLE customer_links_0 PARTITION OF customer_links FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE customer_links_1 PARTITION OF customer_links FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE customer_links_2 PARTITION OF customer_links FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE customer_links_3 PARTITION OF customer_links FOR VALUES WITH (MODULUS 4, REMAINDER 3);
