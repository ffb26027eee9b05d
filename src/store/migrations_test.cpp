#include "store/migrations.h"

// g++ 12 with the address sanitizer takes a member inside std::regex for uninitialised.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "store/database_fixture.h"

namespace amity::store {
namespace {

// What is wrong with the columns a migration makes; empty where every one says what person data it holds.
// A definition stands on one line; a table ends at a line that starts with `)`.
class ColumnReader {
 public:
  void read(const std::string& script) {
    std::istringstream lines(script);
    for (std::string line; std::getline(lines, line);) read_line(line);
  }

  std::vector<std::string> wrong_columns() const {
    std::vector<std::string> wrong;
    for (const auto& [column, comment] : columns_) {
      static const std::regex good("class (none|C1|C1; eraser [a-z_]+|C[23]; eraser [a-z_]+)(: .*)?");
      if (!std::regex_match(comment, good)) wrong.push_back(column + ": '" + comment + "'");
    }
    return wrong;
  }
  size_t count() const { return columns_.size(); }

 private:
  void read_line(const std::string& line) {
    static const std::regex table(R"(^\s*CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(\w+) \((.*)$)",
                                  std::regex::icase);
    static const std::regex marked(R"(^-- mark (\w+\.\w+): (.*)$)");
    static const std::regex added(R"(^\s*ALTER TABLE (\w+) ADD COLUMN (.*)$)", std::regex::icase);
    std::smatch found;
    if (std::regex_match(line, found, table)) {
      table_ = found[1];
      const std::string rest = found[2];
      if (rest.find_first_not_of(" ") != std::string::npos && !rest.starts_with(" --"))
        columns_[table_] = "one column a line";
      if (rest.find(')') != std::string::npos) table_.clear();
    } else if (std::regex_match(line, found, marked)) {
      columns_[found[1]] = made_.contains(found[1]) ? found[2].str() : "marked, and nowhere made";
    } else if (std::regex_match(line, found, added)) {
      note(found[1], found[2]);
    } else if (line.starts_with(")")) {
      table_.clear();
    } else if (!table_.empty()) {
      note(table_, line);
    }
  }

  void note(const std::string& table, const std::string& definition) {
    static const std::regex column(R"(^\s*(\w+) [^-]*?(?:-- (.*?)\s*)?$)");
    static const std::set<std::string> no_columns = {"PRIMARY", "UNIQUE",     "CHECK",
                                                     "FOREIGN", "CONSTRAINT", "REFERENCES"};
    std::smatch found;
    if (!std::regex_match(definition, found, column) || no_columns.contains(found[1])) return;
    const auto name = table + "." + found[1].str();
    made_.insert(name);
    std::string& comment = columns_[name];
    if (found[2].matched) comment = found[2];
  }

  std::string table_;
  std::map<std::string, std::string> columns_;
  std::set<std::string> made_;
};

std::vector<std::string> wrong_columns(const std::string& migration) {
  ColumnReader reader;
  reader.read(script_for(Dialect::kSqlite, migration));
  reader.read(script_for(Dialect::kPostgresql, migration));
  return reader.wrong_columns();
}

TEST(Migrations, every_column_says_what_person_data_it_holds_and_who_erases_it) {
  for (const char* root : {"migrations", "src/security/keys/migrations"}) {
    std::map<std::string, std::string> files;  // in the order they are applied: a later one may mark anew
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(AMITY_SOURCE_DIR) / root)) {
      std::ifstream file(entry.path());
      files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    EXPECT_FALSE(files.empty());
    std::string all;
    for (const auto& [name, text] : files) all += text + "\n";
    for (const auto& wrong : wrong_columns(all)) ADD_FAILURE() << root << " " << wrong;
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
