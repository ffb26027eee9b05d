// The connection that writes to PostgreSQL, with the writer's lease.
//
// The lease is an advisory lock of this session and falls with it. Every commit carries a number in writer_lease: when
// the connection breaks during a commit, the session reconnects, takes the lease again (the server gives it only after
// the broken session is gone for good) and learns from the number whether that commit happened.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "store/postgresql/connection.h"
#include "store/writing/session.h"

namespace amity::store {

class PostgresqlTransaction final : public Transaction {
 public:
  explicit PostgresqlTransaction(PostgresqlConnection& connection) : connection_(connection) {}
  Result<void> query(const Statement& statement, Values parameters, const EachRow& each) override {
    return connection_.query(statement.name, statement.postgresql, parameters, each);
  }
  Result<int64_t> execute(const Statement& statement, Values parameters) override {
    return connection_.execute(statement.name, statement.postgresql, parameters);
  }
  Result<void> post(const Statement& statement, Values parameters) override {
    return connection_.post(statement.name, statement.postgresql, parameters);
  }
  Result<void> insert(const Insert& insert, Values cells) override { return connection_.insert(insert, cells); }

 private:
  PostgresqlConnection& connection_;
};

class PostgresqlSession final : public WriteSession {
 public:
  // conflict where another process holds the lease; the address it announced is the error's place.
  static Result<std::unique_ptr<PostgresqlSession>> open(const std::string& url, bool weaken_synchronous);

  ~PostgresqlSession() override;  // gives the lease back before it returns

  // To be called once the schema is there: from now on commits are numbered.
  Result<void> number_commits();

  Result<void> begin() override;
  Transaction& transaction() override { return *transaction_; }
  Result<void> flush() override { return connection_->flush(); }
  Result<void> savepoint() override { return connection_->post_command("SAVEPOINT one"); }
  Result<void> release_savepoint() override { return connection_->post_command("RELEASE one"); }
  Result<void> undo_to_savepoint() override;
  Result<void> commit() override;
  void rollback() override;
  bool is_open() const override { return is_open_ && !connection_->is_lost(); }

  Condition condition() const override;
  bool is_in_doubt() const override { return is_in_doubt_; }
  Error trouble() const override;
  void try_to_recover() override;
  void tidy() override {}
  Result<void> forget_deleted() override { return {}; }  // see Database::forget_deleted
  Result<void> run_script(const std::string& sql) override { return connection_->run_script(sql); }

 private:
  PostgresqlSession(std::string url, bool weaken_synchronous, std::unique_ptr<PostgresqlConnection> connection);
  Result<void> take_lease();
  std::string address_of_holder();
  Result<void> reconnect();
  Result<void> settle_lost_commit();
  Result<void> learn_fate();
  Result<void> probe();
  Result<int64_t> last_commit(PostgresqlConnection& connection);

  const std::string url_;
  const bool weaken_synchronous_;
  const int64_t holder_;  // a random number for this process in writer_lease
  std::unique_ptr<PostgresqlConnection> connection_;
  std::unique_ptr<PostgresqlTransaction> transaction_;
  int64_t commit_number_ = -1;  // of the last commit tried; -1: not numbered yet
  bool is_open_ = false;
  std::atomic<bool> is_in_doubt_ = false;  // the fate of a lost commit is being learned
  bool is_stopped_ = false;                // another process took the lease over
  std::chrono::milliseconds pause_{0};     // between attempts to reconnect
  std::chrono::steady_clock::time_point next_attempt_{};
};

}  // namespace amity::store
