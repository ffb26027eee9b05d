// One connection to an SQLite file. The only source that names sqlite3.h is connection.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"
#include "store/writing/session.h"

struct sqlite3;
struct sqlite3_stmt;

namespace amity::store {

// conflict where the library is older than 3.51.3, which fixed a fault that corrupts a write-ahead log.
Result<void> require_sqlite_version(int version_number);

struct SqliteFile {
  std::string path = {};
  std::optional<SecretKey> page_key = std::nullopt;
  bool may_create = false;
  bool is_reader = false;
  bool weaken_synchronous_for_test = false;
};

class SqliteConnection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> open(const SqliteFile& file);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<void> run(const char* sql);  // one or more statements without parameters, answers ignored
  Result<void> query(const char* name, const char* sql, Values parameters, const EachRow& each);
  Result<int64_t> execute(const char* name, const char* sql, Values parameters);
  Result<void> insert(const Insert& insert, Values cells);

  bool in_transaction() const;
  // Moves what is committed from the write-ahead log into the file when enough has gathered, as far as readers let it;
  // waits for readers where they kept the log from starting anew for long.
  Result<void> checkpoint_when_due();
  // Moves all of it and leaves the log empty. unavailable: a reader still needs it.
  Result<void> empty_wal();
  Result<void> copy_to(SqliteConnection& target);  // of the state this connection's read transaction sees
  Result<void> check_integrity();

  // What the last failure means for writing: kStopped stays.
  Condition condition() const { return condition_; }
  const Error& trouble() const { return trouble_; }
  void recovered() { condition_ = Condition::kServing; }

 private:
  struct Prepared {
    sqlite3_stmt* statement = nullptr;
    std::vector<int> slots;  // parameter $1, $2, ... -> SQLite's own number for it
    bool is_running = false;
  };
  class Running;

  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  Result<void> unlock(const SqliteFile& file, const char* cipher);
  Result<void> configure(const SqliteFile& file);
  Result<std::string> first_text(const char* sql);
  Result<Prepared> prepare(const char* name, const char* sql);
  Result<Prepared*> cached(const char* name, const char* sql);
  Result<void> bind(const char* name, const Prepared& prepared, Values parameters);
  Error error(const char* name);
  Error stop(int code, const char* name);

  sqlite3* handle_;
  std::map<const char*, Prepared> statements_;  // by the constant text's address
  std::map<std::pair<const char*, const char*>, std::string> inserts_;
  int wal_pages_ = 0;               // in the log now
  int wal_pages_checkpointed_ = 0;  // of them at the last checkpoint
  Condition condition_ = Condition::kServing;
  Error trouble_;
};

}  // namespace amity::store
