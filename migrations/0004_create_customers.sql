-- Customers and accounts: the fold of their events, sealed with their own keys. Derived from the log.
CREATE TABLE customers (
  customer_id BYTEA NOT NULL,      -- class C1; eraser customers
  partition_id BIGINT NOT NULL,    -- class none
  unit TEXT NOT NULL,              -- class none
  last_seq BIGINT NOT NULL,        -- class none
  sealed_record BYTEA NOT NULL,    -- class C2; eraser customers
  PRIMARY KEY (customer_id)
-- sqlite: );
-- postgresql: ) PARTITION BY HASH (customer_id);
-- postgresql: CREATE TABLE customers_0 PARTITION OF customers FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE customers_1 PARTITION OF customers FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE customers_2 PARTITION OF customers FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE customers_3 PARTITION OF customers FOR VALUES WITH (MODULUS 4, REMAINDER 3);

CREATE TABLE accounts (
  account_id BYTEA NOT NULL,       -- class C1; eraser customers
  home_customer_id BYTEA NOT NULL, -- class C1; eraser customers
  partition_id BIGINT NOT NULL,    -- class none
  unit TEXT NOT NULL,              -- class none
  last_seq BIGINT NOT NULL,        -- class none
  sealed_record BYTEA NOT NULL,    -- class C2; eraser customers
  PRIMARY KEY (account_id)
-- sqlite: );
-- postgresql: ) PARTITION BY HASH (account_id);
-- postgresql: CREATE TABLE accounts_0 PARTITION OF accounts FOR VALUES WITH (MODULUS 4, REMAINDER 0);
-- postgresql: CREATE TABLE accounts_1 PARTITION OF accounts FOR VALUES WITH (MODULUS 4, REMAINDER 1);
-- postgresql: CREATE TABLE accounts_2 PARTITION OF accounts FOR VALUES WITH (MODULUS 4, REMAINDER 2);
-- postgresql: CREATE TABLE accounts_3 PARTITION OF accounts FOR VALUES WITH (MODULUS 4, REMAINDER 3);

-- Keyed digests of the words a customer is found by; never the words.
CREATE TABLE search_tokens (
  token BYTEA NOT NULL,            -- class C1; eraser customers
  customer_id BYTEA NOT NULL,      -- class C1; eraser customers
  PRIMARY KEY (token, customer_id)
-- sqlite: ) WITHOUT ROWID;
-- postgresql: );
CREATE INDEX search_tokens_by_customer ON search_tokens (customer_id);
