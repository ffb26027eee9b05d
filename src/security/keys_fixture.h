// For tests on both databases of rooms that seal: a fresh database with a key store beside it
// (store/database_fixture.h).
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "security/keys.h"
#include "store/database_fixture.h"

namespace amity::security {

class KeyedDatabaseTest : public store::DatabaseTest {
 protected:
  explicit KeyedDatabaseTest(Timestamp now = *parse_timestamp("2024-06-01T00:00:00Z")) : clock_(now) {}

  void SetUp() override {
    store::DatabaseTest::SetUp();
    reopen();
    ASSERT_NE(database_, nullptr);
    auto keys = KeyStore::open(
        {.url = "sqlite:" + (folder() / "keys.db").string(), .key_file = (folder() / "master.key").string()}, clock_);
    ASSERT_TRUE(keys) << keys.error().text();
    keys_ = *std::move(keys);
  }
  void reopen() {
    database_.reset();
    database_ = open();
  }

  ManualClock clock_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<KeyStore> keys_;
};

}  // namespace amity::security
