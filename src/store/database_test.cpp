#include "store/database.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <latch>
#include <sstream>
#include <thread>
#include <vector>

#include "store/database_fixture.h"

namespace amity::store {
namespace {

constexpr EmbeddedFile kRows{"0002_make_rows.sql",
                             "CREATE TABLE rows (\n"
                             "  id BIGINT PRIMARY KEY,\n"
                             "  words TEXT,\n"
                             "  number DOUBLE PRECISION,\n"
                             "  data BYTEA,\n"
                             "  parent BIGINT REFERENCES rows (id)\n"
                             ");\n"
                             "-- sqlite: CREATE TABLE only_here (id BIGINT);\n"
                             "-- postgresql: CREATE TABLE only_here (id BIGINT, more TEXT);\n"};
constexpr std::array kMigrations{kRows};

constexpr Statement kAdd("test.add", "INSERT INTO rows (id, words) VALUES ($1, $2)");
constexpr Statement kAddAll("test.add_all",
                            "INSERT INTO rows (parent, data, number, words, id) VALUES ($5, $4, $3, $2, $1)");
constexpr Statement kCount("test.count", "SELECT COUNT(*), CAST(COALESCE(SUM(id), 0) AS BIGINT) FROM rows");
constexpr Statement kSum("test.sum", "SELECT SUM(id), SUM(number), AVG(number) FROM rows");
constexpr Statement kById("test.by_id", "SELECT id, words, number, data, parent FROM rows WHERE id >= $1 ORDER BY id");
constexpr Statement kRename("test.rename", "UPDATE rows SET words = $2 WHERE id >= $1");
constexpr Statement kWrong("test.wrong", "SELECT nothing FROM nowhere");
constexpr Insert kInsert("test.insert", "rows", "id, words, number, data, parent");

class StoreTest : public DatabaseTest {
 protected:
  OpenOptions with_rows() const {
    OpenOptions chosen = options();
    chosen.migrations = kMigrations;
    return chosen;
  }
  std::unique_ptr<Database> open_rows() { return open(with_rows()); }
};

Result<void> add(Transaction& transaction, int64_t id, std::string_view words) {
  const auto changed = transaction.execute(kAdd, std::array{Value(id), Value(words)});
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Result<void> add(Database& database, int64_t id) {
  return database.write([&](Transaction& transaction) { return add(transaction, id, "row"); });
}

int64_t count(Database& database) {
  int64_t rows = -1;
  const auto read = database.read([&](Reader& reader) {
    return reader.query(kCount, {}, [&](const Row& row) -> Result<void> {
      rows = row.integer(0);
      return {};
    });
  });
  EXPECT_TRUE(read) << read.error().text();
  return rows;
}

TEST(Database, refuses_a_url_of_another_kind) {
  EXPECT_EQ(open_database({.url = "mysql://x"}).error().code, Code::kInvalid);
  EXPECT_EQ(open_database({.url = "sqlite:"}).error().code, Code::kInvalid);
}

TEST_P(StoreTest, gives_back_what_was_written_of_every_type) {
  const auto database = open_rows();
  const Bytes data = {0, 1, 255};
  const std::string words = "中文 and 'quotes' $1 ?";
  ASSERT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(kAddAll, std::array<Value, 5>{int64_t{1} << 62, std::string_view(words), -0.1,
                                                          ByteView(data), std::monostate()}));
    TRY(transaction.execute(kAddAll, std::array<Value, 5>{int64_t{-7}, std::string_view(), std::monostate(), ByteView(),
                                                          int64_t{1} << 62}));
    return {};
  }));
  int rows = 0;
  const auto read = database->read([&](Reader& reader) {
    return reader.query(kById, std::array<Value, 1>{int64_t{-100}}, [&](const Row& row) -> Result<void> {
      if (rows++ == 0) {
        EXPECT_EQ(row.integer(0), -7);
        EXPECT_EQ(row.text(1), "");
        EXPECT_TRUE(row.is_null(2));
        EXPECT_FALSE(row.is_null(3));
        EXPECT_EQ(row.bytes(3).size(), 0U);
        EXPECT_EQ(row.integer(4), int64_t{1} << 62);
      } else {
        EXPECT_EQ(row.integer(0), int64_t{1} << 62);
        EXPECT_EQ(row.text(1), words);
        EXPECT_EQ(row.number(2), -0.1);
        EXPECT_EQ(Bytes(row.bytes(3).begin(), row.bytes(3).end()), data);
        EXPECT_TRUE(row.is_null(4));
      }
      return {};
    });
  });
  EXPECT_TRUE(read) << read.error().text();
  EXPECT_EQ(rows, 2);
}

TEST_P(StoreTest, inserts_many_rows_at_once) {
  const auto database = open_rows();
  std::vector<Value> cells;
  for (int64_t id = 1; id <= 1000; ++id) {
    cells.insert(cells.end(), {id, std::string_view("many"), 0.5, as_bytes("data"), std::monostate()});
  }
  const auto written = database->write([&](Transaction& transaction) { return transaction.insert(kInsert, cells); });
  ASSERT_TRUE(written) << written.error().text();
  const auto read = database->read([&](Reader& reader) {
    return reader.query(kSum, {}, [&](const Row& row) -> Result<void> {
      EXPECT_EQ(row.integer(0), 500500);
      EXPECT_EQ(row.number(1), 500.0);
      EXPECT_EQ(row.number(2), 0.5);
      return {};
    });
  });
  EXPECT_TRUE(read) << read.error().text();
  EXPECT_EQ(count(*database), 1000);
}

TEST_P(StoreTest, a_refused_insert_of_many_leaves_none) {
  const auto database = open_rows();
  std::vector<Value> cells;
  for (int64_t id = 1; id <= 100; ++id) {
    cells.insert(cells.end(), {id % 99, std::string_view("twice"), 0.5, as_bytes("data"), std::monostate()});
  }
  const auto written = database->write([&](Transaction& transaction) { return transaction.insert(kInsert, cells); });
  EXPECT_EQ(written.error().code, Code::kConflict);
  EXPECT_EQ(count(*database), 0);
  EXPECT_TRUE(add(*database, 1));
}

TEST_P(StoreTest, counts_the_rows_a_statement_changed) {
  const auto database = open_rows();
  for (int64_t id = 1; id <= 3; ++id) ASSERT_TRUE(add(*database, id));
  ASSERT_TRUE(database->write([](Transaction& transaction) -> Result<void> {
    EXPECT_EQ(TRY(transaction.execute(kRename, std::array<Value, 2>{int64_t{2}, std::string_view("new")})), 2);
    EXPECT_EQ(TRY(transaction.execute(kRename, std::array<Value, 2>{int64_t{9}, std::string_view("new")})), 0);
    return {};
  }));
}

TEST_P(StoreTest, a_failed_function_leaves_nothing_of_its_own) {
  const auto database = open_rows();
  const auto result = database->write([](Transaction& transaction) -> Result<void> {
    TRY(add(transaction, 1, "one"));
    return fail(Code::kUnprocessable, "changed its mind");
  });
  EXPECT_EQ(result.error().code, Code::kUnprocessable);
  EXPECT_EQ(count(*database), 0);
}

TEST_P(StoreTest, a_thrown_exception_is_an_internal_error_and_leaves_nothing) {
  const auto database = open_rows();
  const auto result = database->write([](Transaction& transaction) -> Result<void> {
    TRY(add(transaction, 1, "one"));
    throw std::runtime_error("a mistake");
  });
  EXPECT_EQ(result.error().code, Code::kInternal);
  EXPECT_EQ(count(*database), 0);
}

TEST_P(StoreTest, a_broken_constraint_is_a_conflict_that_names_the_statement_and_no_value) {
  const auto database = open_rows();
  ASSERT_TRUE(add(*database, 424242));
  const auto twice = add(*database, 424242);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::kConflict);
  EXPECT_NE(twice.error().message.find("test.add"), std::string::npos);
  EXPECT_EQ(twice.error().message.find("424242"), std::string::npos);
  const auto orphan = database->write([](Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(
        kAddAll, std::array<Value, 5>{int64_t{2}, std::monostate(), std::monostate(), std::monostate(), int64_t{77}}));
    return {};
  });
  EXPECT_EQ(orphan.error().code, Code::kConflict);
}

TEST_P(StoreTest, an_error_of_a_posted_statement_fails_its_function_only) {
  const auto database = open_rows();
  ASSERT_TRUE(add(*database, 1));
  const auto result = database->write([](Transaction& transaction) -> Result<void> {
    TRY(transaction.post(kAdd, std::array<Value, 2>{int64_t{2}, std::string_view("two")}));
    return transaction.post(kAdd, std::array<Value, 2>{int64_t{1}, std::string_view("again")});
  });
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(count(*database), 1);
  EXPECT_TRUE(database->write([](Transaction& transaction) {
    return transaction.post(kAdd, std::array<Value, 2>{int64_t{2}, std::string_view("two")});
  }));
  EXPECT_EQ(count(*database), 2);
}

TEST_P(StoreTest, a_query_sees_what_its_own_transaction_posted) {
  const auto database = open_rows();
  ASSERT_TRUE(database->write([](Transaction& transaction) -> Result<void> {
    for (int64_t id = 1; id <= 50; ++id) {
      TRY(transaction.post(kAdd, std::array<Value, 2>{id, std::string_view("posted")}));
    }
    return transaction.query(kCount, {}, [](const Row& row) -> Result<void> {
      EXPECT_EQ(row.integer(0), 50);
      return {};
    });
  }));
}

TEST_P(StoreTest, functions_that_wait_together_fail_apart) {
  const auto database = open_rows();
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int64_t id = 0; id < kEach; ++id) {
        const auto result = add(*database, id);
        conflicts += !result && result.error().code == Code::kConflict;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(conflicts, (kThreads - 1) * kEach);
  EXPECT_EQ(count(*database), kEach);
  EXPECT_TRUE(database->health());
}

TEST_P(StoreTest, a_reader_keeps_one_snapshot_while_others_write) {
  const auto database = open_rows();
  ASSERT_TRUE(add(*database, 1));
  const auto rows_in = [](Reader& reader) {
    int64_t rows = -1;
    EXPECT_TRUE(reader.query(kCount, {}, [&](const Row& row) -> Result<void> {
      rows = row.integer(0);
      return {};
    }));
    return rows;
  };
  ASSERT_TRUE(database->read([&](Reader& reader) -> Result<void> {
    EXPECT_EQ(rows_in(reader), 1);
    EXPECT_TRUE(add(*database, 2));
    EXPECT_EQ(rows_in(reader), 1);
    return {};
  }));
  EXPECT_EQ(count(*database), 2);
}

TEST_P(StoreTest, a_full_queue_refuses_and_loses_nothing) {
  OpenOptions chosen = with_rows();
  chosen.queue_limit = 1;
  const auto database = open(chosen);
  std::latch is_running(1);
  std::latch may_end(1);
  std::thread slow([&] {
    EXPECT_TRUE(database->write([&](Transaction& transaction) {
      is_running.count_down();
      may_end.wait();
      return add(transaction, 1, "slow");
    }));
  });
  is_running.wait();
  std::atomic<int> limits = 0;
  std::vector<std::thread> others;
  for (int64_t id = 2; id <= 3; ++id) {
    others.emplace_back([&, id] {
      const auto result = add(*database, id);
      if (result) return;
      EXPECT_EQ(result.error().code, Code::kLimit);
      ++limits;
      may_end.count_down();
    });
  }
  slow.join();
  for (auto& other : others) other.join();
  EXPECT_EQ(limits, 1);
  EXPECT_EQ(count(*database), 2);
}

TEST_P(StoreTest, a_wrong_statement_is_our_own_mistake_and_stops_nothing) {
  const auto database = open_rows();
  const auto result = database->write([](Transaction& transaction) {
    return transaction.query(kWrong, {}, [](const Row&) -> Result<void> { return {}; });
  });
  EXPECT_EQ(result.error().code, Code::kInternal);
  EXPECT_TRUE(add(*database, 1));
  EXPECT_TRUE(database->health());
}

TEST_P(StoreTest, stops_a_query_where_its_callback_fails) {
  const auto database = open_rows();
  for (int64_t id = 1; id <= 3; ++id) ASSERT_TRUE(add(*database, id));
  int seen = 0;
  const auto result = database->read([&](Reader& reader) {
    return reader.query(kById, std::array<Value, 1>{int64_t{0}}, [&](const Row&) -> Result<void> {
      ++seen;
      return fail(Code::kUnprocessable, "enough");
    });
  });
  EXPECT_EQ(result.error().code, Code::kUnprocessable);
  EXPECT_EQ(seen, 1);
}

TEST_P(StoreTest, keeps_everything_when_opened_again) {
  ASSERT_TRUE(add(*open_rows(), 5));
  EXPECT_EQ(count(*open_rows()), 1);
}

TEST_P(StoreTest, a_second_process_learns_who_has_the_lease) {
  const auto database = open_rows();
  ASSERT_TRUE(database->announce("http://127.0.0.1:8080"));
  const auto second = open_database(with_rows());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(second.error().place, "http://127.0.0.1:8080");
}

TEST_P(StoreTest, restores_a_backup_made_while_it_was_written) {
  const auto database = open_rows();
  for (int64_t id = 1; id <= 100; ++id) ASSERT_TRUE(add(*database, id));
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int64_t id = 101; !is_done; ++id) EXPECT_TRUE(add(*database, id));
  });
  const std::string backup = (folder() / "backup").string();
  const auto backed_up = database->backup_to(backup);
  is_done = true;
  writer.join();
  ASSERT_TRUE(backed_up) << backed_up.error().text();
  EXPECT_EQ(database->backup_to(backup).error().code, Code::kConflict);

  OpenOptions elsewhere = with_rows();
  std::unique_ptr<PostgresqlDatabase> empty;
  if (is_sqlite()) {
    elsewhere.url = "sqlite:" + (folder() / "restored.db").string();
  } else {
    empty = std::make_unique<PostgresqlDatabase>(test_postgresql_url());
    elsewhere.url = empty->url();
  }
  const auto restored = restore_database(elsewhere, backup);
  ASSERT_TRUE(restored) << restored.error().text();
  EXPECT_EQ(restore_database(elsewhere, backup).error().code, Code::kConflict);
  const auto copy = open(elsewhere);
  int64_t rows = 0;
  int64_t sum = 0;
  ASSERT_TRUE(copy->read([&](Reader& reader) {
    return reader.query(kCount, {}, [&](const Row& row) -> Result<void> {
      rows = row.integer(0);
      sum = row.integer(1);
      return {};
    });
  }));
  EXPECT_GE(rows, 100);
  EXPECT_EQ(sum, rows * (rows + 1) / 2);
}

TEST_P(StoreTest, a_damaged_backup_is_not_restored) {
  const auto database = open_rows();
  for (int64_t id = 1; id <= 300; ++id) ASSERT_TRUE(add(*database, id));
  const std::string backup = (folder() / "backup").string();
  ASSERT_TRUE(database->backup_to(backup));
  {
    std::fstream file(backup, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    const auto middle = file.tellg() / 2;
    file.seekg(middle);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(middle);
    file.put(byte);
  }
  OpenOptions elsewhere = with_rows();
  std::unique_ptr<PostgresqlDatabase> empty;
  if (is_sqlite()) {
    elsewhere.url = "sqlite:" + (folder() / "restored.db").string();
  } else {
    empty = std::make_unique<PostgresqlDatabase>(test_postgresql_url());
    elsewhere.url = empty->url();
  }
  EXPECT_FALSE(restore_database(elsewhere, backup));
}

AMITY_ON_BOTH_DATABASES(StoreTest);

}  // namespace
}  // namespace amity::store
