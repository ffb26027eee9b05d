// A dump is a file that anybody may have written: of it only rows reach the database.
#include "store/postgresql/dump.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "base/json.h"
#include "store/database_fixture.h"
#include "store/postgresql/dump_file.h"

namespace amity::store {
namespace {

namespace fs = std::filesystem;

constexpr EmbeddedFile kTable{"0002_make_kept.sql", "CREATE TABLE kept (id BIGINT PRIMARY KEY);"};
constexpr std::array kMigrations{kTable};

class ForgedDump : public testing::Test {
 protected:
  std::string forge(const std::string& table, const std::string& columns) {
    const std::string path = (folder_.path() / "dump").string();
    fs::remove(path);
    DumpWriter file(path, std::nullopt);
    const json::object head = {{"table", table}, {"columns", columns}, {"last_migration", 2}};
    EXPECT_TRUE(file.add({RecordKind::kTable, write_json(head)}));
    EXPECT_TRUE(file.add({RecordKind::kEnd, {}}));
    EXPECT_TRUE(file.close());
    return path;
  }
  static Result<void> restore(const std::string& path, std::optional<SecretKey> key = std::nullopt) {
    const PostgresqlDatabase target(test_postgresql_url());
    return restore_dump({.url = target.url(), .page_key = std::move(key), .migrations = kMigrations}, path);
  }

  TemporaryFolder folder_;
};

TEST_F(ForgedDump, a_column_that_is_a_command_is_refused_and_does_nothing) {
  // The test's own server lets its user run programs: what would become a command would leave this file.
  const auto trace = fs::temp_directory_path() / ("amity-dump-" + folder_.path().filename().string());
  const auto refused = restore(forge("kept", "id) FROM PROGRAM 'touch " + trace.string() + "' --"));
  EXPECT_FALSE(fs::exists(trace));
  fs::remove(trace);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(refused.error().place, "backup");
}

TEST_F(ForgedDump, a_table_or_column_that_is_not_ours_is_refused) {
  for (const auto& [table, columns] : {std::pair("pg_authid", "rolname"), {"kept", "id, id"}, {"nowhere", "id"}}) {
    EXPECT_EQ(restore(forge(table, columns)).error().code, Code::kConflict) << table << " " << columns;
  }
  EXPECT_FALSE(restore(forge("kept", "id"))) << "it ends where its rows should come";
}

TEST_F(ForgedDump, one_that_is_not_sealed_is_no_backup_of_a_database_with_a_page_key) {
  const auto refused = restore(forge("kept", "id"), SecretKey::random());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), "the backup is not sealed: who made it had no page key (at backup)");
}

}  // namespace
}  // namespace amity::store
