#include "store/migrations.h"

#include <gtest/gtest.h>

#include <array>

#include "store/column_marks_fixture.h"
#include "store/database_fixture.h"

namespace amity::store {
namespace {

std::vector<std::string> wrong_columns(const std::string& migration) { return marks_of(migration).wrong_columns(); }

TEST(Migrations, every_column_says_what_person_data_it_holds_and_who_erases_it) {
  for (const char* folder : {"migrations", "src/security/keys/migrations"}) {
    const auto all = migrations_in(folder);
    EXPECT_NE(all, "");
    for (const auto& wrong : wrong_columns(all)) ADD_FAILURE() << folder << " " << wrong;
  }
}

TEST(Migrations, a_column_without_class_or_eraser_is_found) {
  EXPECT_EQ(wrong_columns("CREATE TABLE a (\n  x BIGINT,\n  PRIMARY KEY (x)\n);\n").size(), 1U);
  EXPECT_EQ(wrong_columns("CREATE TABLE a (\n  x BIGINT  -- class C2\n);\n").size(), 1U);
  EXPECT_EQ(wrong_columns("CREATE TABLE a (\n  x BIGINT  -- class C4; eraser key\n);\n").size(), 1U);
  EXPECT_EQ(wrong_columns("CREATE TABLE a (x BIGINT);\n").size(), 1U);
  EXPECT_EQ(wrong_columns("ALTER TABLE a ADD COLUMN x BIGINT;\n").size(), 1U);
  EXPECT_EQ(wrong_columns("-- postgresql: ALTER TABLE a ADD COLUMN x BIGINT;\n").size(), 1U);
  EXPECT_EQ(wrong_columns("-- mark a.x: class C1\n").size(), 1U);
  EXPECT_EQ(wrong_columns("CREATE TABLE a (\n  x BIGINT  -- class C1\n);\n-- mark a.x: class C2\n").size(), 1U);
  EXPECT_EQ(wrong_columns("CREATE TABLE a (\n  x BYTEA CHECK (x > 0),  -- class C3; eraser key\n"
                          "  y TEXT  -- class none\n);\nALTER TABLE a ADD COLUMN z BIGINT;  -- class C1\n")
                .size(),
            0U);
}

TEST(Migrations, a_line_of_one_dialect_is_sql_for_it_alone) {
  const std::string text = "a\n-- sqlite: b\n  -- postgresql: c\n-- d";
  EXPECT_EQ(script_for(Dialect::kSqlite, text), "a\nb\n  -- postgresql: c\n-- d");
  EXPECT_EQ(script_for(Dialect::kPostgresql, text), "a\n-- sqlite: b\nc\n-- d");
}

TEST(Migrations, a_derived_table_is_declared_once_and_unlogged_on_postgresql) {
  const EmbeddedFile files[] = {{"0002_a.sql", "-- derived: a\n  -- derived: b\nc -- derived: c\n"},
                                {"0003_d.sql", "-- derived: d\n-- derived: e"}};
  EXPECT_EQ(derived_tables(files), (std::vector<std::string>{"a", "d", "e"}));
  EXPECT_EQ(script_for(Dialect::kSqlite, "-- derived: a\nb\n"), "-- derived: a\nb\n");
  EXPECT_EQ(script_for(Dialect::kPostgresql, "-- derived: a\nb\n"), "ALTER TABLE a SET UNLOGGED;\nb\n");
}

constexpr EmbeddedFile kTwo{"0002_make_a.sql", "CREATE TABLE a (x BIGINT);"};
constexpr EmbeddedFile kTwoChanged{"0002_make_a.sql", "CREATE TABLE a (x TEXT);"};
constexpr EmbeddedFile kThree{"0003_make_b.sql", "CREATE TABLE b (x BIGINT);"};
constexpr EmbeddedFile kFour{"0004_make_c.sql", "CREATE TABLE c (x BIGINT); INSERT INTO nowhere VALUES (1);"};
constexpr Statement kCountB("test.count_b", "SELECT COUNT(*) FROM b");
constexpr Statement kCountC("test.count_c", "SELECT COUNT(*) FROM c");

class MigrationTest : public DatabaseTest {
 protected:
  Result<std::unique_ptr<Database>> open_with(std::vector<EmbeddedFile> files) {
    files_ = std::move(files);
    OpenOptions chosen = options();
    chosen.migrations = files_;
    return open_database(chosen);
  }

 private:
  std::vector<EmbeddedFile> files_;
};

Result<void> count(Database& database, const Statement& statement) {
  return database.read(
      [&](Reader& reader) { return reader.query(statement, {}, [](const Row&) -> Result<void> { return {}; }); });
}

TEST_P(MigrationTest, a_database_of_an_earlier_version_is_brought_up_to_date) {
  ASSERT_TRUE(open_with({kTwo}));
  const auto database = open_with({kThree, kTwo});
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_TRUE(count(**database, kCountB));
}

TEST_P(MigrationTest, a_database_of_a_newer_version_is_refused_and_says_so) {
  ASSERT_TRUE(open_with({kTwo, kThree}));
  const auto refused = open_with({kTwo});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("newer version"), std::string::npos) << refused.error().message;
}

TEST_P(MigrationTest, a_migration_changed_afterwards_is_refused_and_named) {
  ASSERT_TRUE(open_with({kTwo}));
  const auto refused = open_with({kTwoChanged});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("0002_make_a.sql"), std::string::npos) << refused.error().message;
}

TEST_P(MigrationTest, a_number_before_one_already_applied_is_refused) {
  ASSERT_TRUE(open_with({kThree}));
  EXPECT_EQ(open_with({kTwo, kThree}).error().code, Code::kConflict);
}

TEST_P(MigrationTest, a_migration_that_fails_leaves_nothing_behind_and_is_named) {
  const auto refused = open_with({kTwo, kThree, kFour});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("0004_make_c.sql"), std::string::npos) << refused.error().message;
  const auto database = open_with({kTwo, kThree});
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_TRUE(count(**database, kCountB));
  EXPECT_FALSE(count(**database, kCountC));
}

TEST_P(MigrationTest, the_program_s_own_migrations_apply_and_open_again) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(open());
}

AMITY_ON_BOTH_DATABASES(MigrationTest);

}  // namespace
}  // namespace amity::store
