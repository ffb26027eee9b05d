// One connection to a PostgreSQL server, in pipeline mode: what is posted is sent along with the next question and
// answered with it. Of the sources only connection.cpp names libpq-fe.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"

struct pg_conn;
struct pg_result;

namespace amity::store {

class PostgresqlConnection {
 public:
  // invalid: the URL; conflict: a server older than 15 or without fsync; unavailable: it cannot be reached.
  static Result<std::unique_ptr<PostgresqlConnection>> open(const std::string& url, bool weaken_synchronous = false);
  ~PostgresqlConnection();
  PostgresqlConnection(const PostgresqlConnection&) = delete;
  PostgresqlConnection& operator=(const PostgresqlConnection&) = delete;

  Result<void> query(const char* name, const char* sql, Values parameters, const EachRow& each);
  Result<int64_t> execute(const char* name, const char* sql, Values parameters);
  Result<void> post(const char* name, const char* sql, Values parameters);
  Result<void> post_command(const char* sql);  // BEGIN and the like: no parameters, no rows
  Result<void> insert(const Insert& insert, Values cells);
  // Waits for everything posted; the first error, if any. Afterwards nothing is on its way.
  Result<void> flush();

  Result<void> run_script(const std::string& sql);
  // COPY of a whole table out and in, in the binary format.
  Result<void> copy_out(const std::string& command, const std::function<Result<void>(std::string_view)>& each);
  Result<void> copy_in(const std::string& command, const std::function<Result<std::string>()>& next);
  std::string quoted(const std::string& identifier);

  bool is_lost() const;  // the connection broke: what was on its way may or may not have happened
  bool is_disk_full() const { return is_disk_full_; }              // the last error said so
  void forget_full_disk() { is_disk_full_ = false; }               // before it is tried again
  const std::string& command_tag() const { return command_tag_; }  // of the last command answered

 private:
  struct Prepared {
    std::string name;
    std::vector<unsigned> types;
  };
  struct Answer {
    std::unique_ptr<pg_result, void (*)(pg_result*)> result;
  };

  explicit PostgresqlConnection(pg_conn* handle) : handle_(handle) {}
  Result<void> configure(bool weaken_synchronous);
  Result<const Prepared*> prepared(const char* name, const char* sql);
  Result<Prepared> prepare(const char* name, const char* sql);
  Result<void> send(const char* name, const Prepared& statement, Values parameters);
  Result<Answer> exchange();
  Result<void> finish_copy(const char* name);
  Error error(const char* name, const pg_result* result);
  Error lost() const;

  pg_conn* handle_;
  std::vector<const char*> on_their_way_;
  std::map<const char*, Prepared> statements_;  // by the constant text's address
  std::map<std::pair<const char*, const char*>, std::string> inserts_;
  std::string command_tag_;
  bool is_disk_full_ = false;
};

}  // namespace amity::store
