// What is particular to a file: its key, its lock, what it shows to others.
#include "store/sqlite/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <fstream>

#include "store/database_fixture.h"
#include "store/sqlite/connection.h"

namespace amity::store {
namespace {

constexpr EmbeddedFile kNotes{"0002_make_notes.sql", "CREATE TABLE notes (words TEXT);"};
constexpr std::array kMigrations{kNotes};
constexpr Statement kAdd("test.add", "INSERT INTO notes (words) VALUES ($1)");
constexpr Statement kSynchronous("test.synchronous", "PRAGMA synchronous");
constexpr Statement kWriteWhileReading("test.write_while_reading", "DELETE FROM notes");

class SqliteTest : public testing::Test {
 protected:
  OpenOptions options() const {
    OpenOptions chosen;
    chosen.url = "sqlite:" + path();
    chosen.page_key = key_;
    chosen.migrations = kMigrations;
    return chosen;
  }
  std::string path() const { return (folder_.path() / "amity.db").string(); }
  std::string folder() const { return folder_.path().string(); }
  void write_file(const std::string& text) const { std::ofstream(path(), std::ios::binary) << text; }

 private:
  TemporaryFolder folder_;
  SecretKey key_ = SecretKey::random();
};

Result<void> add(Database& database, std::string_view words) {
  return database.write([&](Transaction& transaction) -> Result<void> {
    TRY(transaction.execute(kAdd, std::array{Value(words)}));
    return {};
  });
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_refused(const OpenOptions& options, std::string_view words) {
  const auto refused = open_database(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
}

TEST_F(SqliteTest, another_key_does_not_open_it_and_harms_nothing) {
  ASSERT_TRUE(open_database(options()));
  const std::string before = bytes_of(path());
  OpenOptions other = options();
  other.page_key = SecretKey::random();
  expect_refused(other, "page key does not open");
  other.page_key.reset();
  expect_refused(other, "page key does not open");
  EXPECT_EQ(bytes_of(path()), before);
  EXPECT_TRUE(open_database(options()));
}

TEST_F(SqliteTest, a_file_that_is_no_database_is_refused_and_left_alone) {
  write_file("just words, no database at all, and more of them to fill some space");
  expect_refused(options(), "not a database");
  EXPECT_TRUE(bytes_of(path()).starts_with("just words"));
}

TEST_F(SqliteTest, a_database_without_encryption_is_refused_where_a_key_is_given) {
  OpenOptions plain = options();
  plain.page_key.reset();
  ASSERT_TRUE(open_database(plain));
  expect_refused(options(), "without encryption");
}

TEST_F(SqliteTest, a_folder_that_is_not_there_is_unavailable) {
  OpenOptions nowhere = options();
  nowhere.url = "sqlite:" + folder() + "/none/amity.db";
  EXPECT_EQ(open_database(nowhere).error().code, Code::kUnavailable);
}

TEST_F(SqliteTest, nothing_of_what_is_kept_can_be_read_in_the_files) {
  const auto database = open_database(options());
  ASSERT_TRUE(database);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(add(**database, "canary-in-the-mine"));
  ASSERT_TRUE((*database)->backup_to(folder() + "/backup.db"));
  EXPECT_GT(bytes_of(path() + "-wal").size(), 4096U);
  for (const char* end : {"amity.db", "amity.db-wal", "amity.db-shm", "backup.db"}) {
    const std::string bytes = bytes_of(folder() + "/" + end);
    EXPECT_EQ(bytes.find("canary"), std::string::npos) << end;
    EXPECT_EQ(bytes.find("CREATE TABLE"), std::string::npos) << end;
  }
}

TEST_F(SqliteTest, only_its_owner_may_read_the_files) {
  const auto database = open_database(options());
  ASSERT_TRUE(add(**database, "words"));
  for (const char* end : {"amity.db", "amity.db-wal", "amity.db.lock"}) {
    struct stat info{};
    ASSERT_EQ(stat((folder() + "/" + end).c_str(), &info), 0) << end;
    EXPECT_EQ(info.st_mode & 077, 0U) << end;
  }
}

TEST_F(SqliteTest, the_writer_is_set_to_full_synchronisation) {
  const auto database = open_database(options());
  ASSERT_TRUE((*database)->write([](Transaction& transaction) {
    return transaction.query(kSynchronous, {}, [](const Row& row) -> Result<void> {
      EXPECT_EQ(row.integer(0), 2);
      return {};
    });
  }));
}

TEST_F(SqliteTest, a_reader_cannot_write) {
  const auto database = open_database(options());
  ASSERT_TRUE(add(**database, "words"));
  EXPECT_FALSE((*database)->read([](Reader& reader) {
    return reader.query(kWriteWhileReading, {}, [](const Row&) -> Result<void> { return {}; });
  }));
  EXPECT_TRUE((*database)->health());
}

TEST(Sqlite, a_version_that_can_corrupt_its_log_is_refused) {
  EXPECT_TRUE(require_sqlite_version(3051003));
  EXPECT_TRUE(require_sqlite_version(3053002));
  const auto refused = require_sqlite_version(3051002);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("3.51.2"), std::string::npos);
}

}  // namespace
}  // namespace amity::store
