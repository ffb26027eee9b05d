// Tables a migration declares as derived: no backup holds a row of theirs.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "store/database_fixture.h"
#include "store/migrations.h"

namespace amity::store {
namespace {

constexpr EmbeddedFile kTables{"0002_make_tables.sql",
                               "CREATE TABLE kept (words TEXT PRIMARY KEY);\n"
                               "CREATE TABLE found (words TEXT, place BIGINT, PRIMARY KEY (words, place)\n"
                               "-- sqlite: ) WITHOUT ROWID;\n"
                               "-- postgresql: );\n"
                               "CREATE INDEX found_by_place ON found (place);\n"
                               "INSERT INTO found (words, place) VALUES ('from the migration', 0);\n"
                               "-- derived: found\n"};
constexpr std::array kMigrations{kTables};
constexpr Insert kKeep("test.keep", "kept", "words");
constexpr Insert kFind("test.find", "found", "words, place");
constexpr Statement kCountKept("test.count_kept", "SELECT COUNT(*) FROM kept");
constexpr Statement kCountFound("test.count_found", "SELECT COUNT(*) FROM found");
constexpr Statement kUnlogged("test.unlogged", "",
                              "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                              "AND relkind = 'r' AND relpersistence = 'u' ORDER BY relname");

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class DerivedTest : public DatabaseTest {
 protected:
  OpenOptions with_tables() const {
    auto chosen = options();
    chosen.migrations = kMigrations;
    return chosen;
  }
  // Rows over some hundred pages of tables and index.
  static void fill(Database& database) {
    const auto written = database.write([](Transaction& transaction) -> Result<void> {
      for (int64_t i = 0; i < 5000; ++i) {
        const auto kept = "kept-sparrow-" + std::to_string(i);
        const auto found = "found-canary-" + std::to_string(i * 7919 % 5000);
        TRY(transaction.insert(kKeep, std::array{Value(std::string_view(kept))}));
        TRY(transaction.insert(kFind, std::array{Value(std::string_view(found)), Value(i)}));
      }
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
  }
  static int64_t count(Database& database, const Statement& statement) {
    int64_t rows = -1;
    EXPECT_TRUE(database.read([&](Reader& reader) {
      return reader.query(statement, {}, [&](const Row& row) { return rows = row.integer(0), Result<void>(); });
    }));
    return rows;
  }
  std::string backup() const { return (folder() / "backup").string(); }
};

TEST_P(DerivedTest, are_empty_where_a_backup_was_restored_and_whole_where_it_was_made) {
  const auto database = open(with_tables());
  fill(*database);
  ASSERT_TRUE(database->backup_to(backup()));
  EXPECT_EQ(count(*database, kCountFound), 5001);
  auto elsewhere = with_tables();
  std::unique_ptr<PostgresqlDatabase> empty;
  if (is_sqlite()) {
    elsewhere.url = "sqlite:" + (folder() / "restored.db").string();
  } else {
    empty = std::make_unique<PostgresqlDatabase>(test_postgresql_url());
    elsewhere.url = empty->url();
  }
  const auto restored = restore_database(elsewhere, backup());
  ASSERT_TRUE(restored) << restored.error().text();
  const auto copy = open(elsewhere);
  EXPECT_EQ(count(*copy, kCountKept), 5000);
  EXPECT_EQ(count(*copy, kCountFound), 0) << "also what the migration put there";
  ASSERT_TRUE(copy->write([](Transaction& transaction) {
    return transaction.insert(kFind, std::array{Value(std::string_view("again")), Value(int64_t{1})});
  }));
  EXPECT_EQ(count(*copy, kCountFound), 1);
}

// Without encryption, so that every page can be looked at: free ones and the ends of others, too.
TEST_P(DerivedTest, leave_no_byte_in_a_backup) {
  auto plain = with_tables();
  plain.page_key.reset();
  const auto database = open(plain);
  fill(*database);
  ASSERT_TRUE(database->backup_to(backup()));
  const auto bytes = bytes_of(backup());
  EXPECT_NE(bytes.find("kept-sparrow-4999"), std::string::npos);
  EXPECT_EQ(bytes.find("canary"), std::string::npos);
  EXPECT_EQ(bytes.find("from the migration"), std::string::npos);
  for (const char* end : {".partial", ".partial-wal", "-wal"}) {
    EXPECT_FALSE(std::filesystem::exists(backup() + end)) << end;
  }
}

TEST_P(DerivedTest, of_the_program_are_the_search_index_and_a_crash_of_postgresql_may_empty_no_other) {
  const std::vector<std::string> expected = {"search_index", "search_tokens"};
  auto declared = derived_tables(main_migrations());
  std::ranges::sort(declared);
  EXPECT_EQ(declared, expected);
  if (is_sqlite()) return;
  std::vector<std::string> unlogged;
  ASSERT_TRUE(open()->read([&](Reader& reader) {
    return reader.query(kUnlogged, {},
                        [&](const Row& row) { return unlogged.emplace_back(row.text(0)), Result<void>(); });
  }));
  EXPECT_EQ(unlogged, expected);
}

AMITY_ON_BOTH_DATABASES(DerivedTest);

}  // namespace
}  // namespace amity::store
