// For tests of every room: a fresh, empty database of each kind, gone afterwards.
//
//   class LogTest : public amity::store::DatabaseTest {};
//   TEST_P(LogTest, keeps_the_order) { auto database = open(); ... }
//   AMITY_ON_BOTH_DATABASES(LogTest);
//
// PostgreSQL: AMITY_TEST_POSTGRESQL names a server where databases may be made; without it the first test of the
// process starts a private cluster (tests/postgresql), which ends with the process.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "store/database.h"

namespace amity::store {

// A folder of its own below the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "amity-test-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  CHECK(pipe != nullptr);
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  CHECK(pclose(pipe) == 0);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

// A private PostgreSQL that lives as long as this object.
class PostgresqlCluster {
 public:
  PostgresqlCluster() : url_(output_of(script("start"))) {}
  ~PostgresqlCluster() { std::ignore = output_of(script("stop")); }
  PostgresqlCluster(const PostgresqlCluster&) = delete;
  PostgresqlCluster& operator=(const PostgresqlCluster&) = delete;

  const std::string& url() const { return url_; }
  std::filesystem::path folder() const { return folder_.path() / "cluster"; }
  void kill_server() const { std::ignore = output_of(script("kill")); }
  void start_again() const { std::ignore = output_of(script("start-again")); }

 private:
  std::string script(const char* verb) const {
    return fmt::format("{}/tests/postgresql {} {}", AMITY_SOURCE_DIR, verb, folder().string());
  }

  TemporaryFolder folder_;
  std::string url_;
};

// The server the tests of this process share.
inline const std::string& test_postgresql_url() {
  static const auto cluster =
      std::getenv("AMITY_TEST_POSTGRESQL") != nullptr ? nullptr : std::make_unique<PostgresqlCluster>();
  static const std::string url = cluster ? cluster->url() : std::string(std::getenv("AMITY_TEST_POSTGRESQL"));
  return url;
}

// An empty database on a server, for as long as this object lives. Making one costs the server a second, so a few are
// kept there and emptied for the next test; a lock on a file per database keeps processes apart.
class PostgresqlDatabase {
 public:
  explicit PostgresqlDatabase(const std::string& server_url)
      : server_url_(server_url), slot_(take_slot(server_url)), name_(fmt::format("amity_test_{}", slot_.number)) {
    run(server_url_, fmt::format("CREATE DATABASE {}", name_));
    run(url(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  }
  ~PostgresqlDatabase() { ::close(slot_.lock); }
  PostgresqlDatabase(const PostgresqlDatabase&) = delete;
  PostgresqlDatabase& operator=(const PostgresqlDatabase&) = delete;
  std::string url() const { return server_url_.substr(0, server_url_.rfind('/') + 1) + name_; }

 private:
  struct Slot {
    int number;
    int lock;
  };
  static Slot take_slot(const std::string& server_url) {
    const auto server = to_hex(digest(as_bytes(server_url))).substr(0, 12);
    for (int number = 1; true; ++number) {
      const auto path = std::filesystem::temp_directory_path() / fmt::format("amity-test-{}-{}.lock", server, number);
      const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      CHECK(lock >= 0);
      if (flock(lock, LOCK_EX | LOCK_NB) == 0) return {number, lock};
      ::close(lock);
    }
  }
  static void run(const std::string& url, const std::string& sql) {
    std::ignore = output_of(fmt::format("psql -q -X '{}' -c '{}' > /dev/null 2>&1 || true", url, sql));
  }

  std::string server_url_;
  Slot slot_;
  std::string name_;
};

class DatabaseTest : public testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (GetParam() == Dialect::kPostgresql) postgresql_ = std::make_unique<PostgresqlDatabase>(test_postgresql_url());
  }

  // What opens this test's database; change `options` before the first open.
  OpenOptions options() const {
    OpenOptions chosen;
    chosen.url = postgresql_ ? postgresql_->url() : "sqlite:" + sqlite_path();
    chosen.page_key = page_key_;
    return chosen;
  }
  std::unique_ptr<Database> open(const OpenOptions& chosen) {
    auto database = open_database(chosen);
    if (!database) ADD_FAILURE() << database.error().text();
    return database ? std::move(*database) : nullptr;
  }
  std::unique_ptr<Database> open() { return open(options()); }

  bool is_sqlite() const { return GetParam() == Dialect::kSqlite; }
  std::string sqlite_path() const { return (folder_.path() / "amity.db").string(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  SecretKey page_key_ = SecretKey::random();
  std::unique_ptr<PostgresqlDatabase> postgresql_;
};

// The name a parametrised test gets for its database: "on_sqlite".
inline std::string name_of_database(const testing::TestParamInfo<Dialect>& kind) {
  return kind.param == Dialect::kSqlite ? "on_sqlite" : "on_postgresql";
}

}  // namespace amity::store

#define AMITY_ON_BOTH_DATABASES(suite)                                                                          \
  INSTANTIATE_TEST_SUITE_P(, suite,                                                                             \
                           testing::Values(amity::store::Dialect::kSqlite, amity::store::Dialect::kPostgresql), \
                           amity::store::name_of_database)
