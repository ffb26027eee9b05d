#include "store/sqlite/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "store/migrations.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/lease.h"
#include "store/writing/reader_pool.h"
#include "store/writing/writer.h"

namespace amity::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kProbeBytes = 256 * 1024;

constexpr Statement kProbe("store.probe",
                           "INSERT INTO write_probe (id, filler) VALUES (1, $1) "
                           "ON CONFLICT (id) DO UPDATE SET filler = excluded.filler");

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(SqliteConnection& connection) : connection_(connection) {}
  Result<void> query(const Statement& statement, Values parameters, const EachRow& each) override {
    return connection_.query(statement.name, statement.sqlite, parameters, each);
  }

 private:
  SqliteConnection& connection_;
};

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(connection) {}
  Result<void> query(const Statement& statement, Values parameters, const EachRow& each) override {
    return connection_.query(statement.name, statement.sqlite, parameters, each);
  }
  Result<int64_t> execute(const Statement& statement, Values parameters) override {
    return connection_.execute(statement.name, statement.sqlite, parameters);
  }
  Result<void> post(const Statement& statement, Values parameters) override {
    TRY(execute(statement, parameters));
    return {};
  }
  Result<void> insert(const Insert& insert, Values cells) override { return connection_.insert(insert, cells); }

 private:
  SqliteConnection& connection_;
};

class SqliteSession final : public WriteSession {
 public:
  explicit SqliteSession(std::unique_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)), transaction_(*connection_) {}

  Result<void> begin() override { return connection_->run("BEGIN IMMEDIATE"); }
  Transaction& transaction() override { return transaction_; }
  Result<void> flush() override { return {}; }
  Result<void> savepoint() override { return connection_->run("SAVEPOINT one"); }
  Result<void> release_savepoint() override { return connection_->run("RELEASE one"); }
  Result<void> undo_to_savepoint() override { return connection_->run("ROLLBACK TO one; RELEASE one"); }
  Result<void> commit() override {
    const auto committed = connection_->run("COMMIT");
    if (!committed) rollback();
    return committed;
  }
  void rollback() override {
    if (is_open()) std::ignore = connection_->run("ROLLBACK");
  }
  bool is_open() const override { return connection_->in_transaction(); }

  Condition condition() const override { return connection_->condition(); }
  Error trouble() const override {
    if (condition() != Condition::kServing) return connection_->trouble();
    return {Code::kUnavailable, "the transaction was ended by the database; nothing of it was kept", ""};
  }
  void try_to_recover() override;
  void tidy() override { std::ignore = connection_->checkpoint_when_due(); }
  Result<void> forget_deleted() override { return connection_->empty_wal(); }
  Result<void> run_script(const std::string& sql) override { return connection_->run(sql.c_str()); }

 private:
  std::unique_ptr<SqliteConnection> connection_;
  SqliteTransaction transaction_;
};

// There is space again when a write much larger than a page goes through as every other would.
void SqliteSession::try_to_recover() {
  const Bytes filler(kProbeBytes, 0);
  connection_->recovered();
  if (begin() && transaction_.execute(kProbe, std::array{Value(ByteView(filler))})) {
    std::ignore = commit();
  } else {
    rollback();
  }
}

SqliteFile file_of(const OpenOptions& options, const std::string& path) {
  return {.path = path,
          .page_key = options.page_key,
          .may_create = false,
          .is_reader = false,
          .weaken_synchronous_for_test = options.weaken_synchronous_for_test};
}

// So that the name of a new file survives a power failure.
Result<void> sync_folder_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const int folder = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (is_synced) return {};
  return fail(Code::kUnavailable, "the folder of the file cannot be written durably", "database");
}

// Takes every row of these tables out of a copy that nobody else has open. Deleted pages are zeroed (secure_delete), so
// no byte of them stays in the file; their space does.
Result<void> empty_tables(SqliteConnection& copy, const std::vector<std::string>& tables) {
  for (const auto& table : tables) TRY(copy.run(("DELETE FROM " + table).c_str()));
  return copy.empty_wal();
}

// A copy under another name, but for the rows of `left_out`; checked, then given its name: a file that has the name is
// whole.
Result<void> copy_checked(SqliteConnection& source, const SqliteFile& target,
                          const std::vector<std::string>& left_out) {
  if (fs::exists(target.path))
    return fail(Code::kConflict, "there is a file already where the copy should go", "backup");
  SqliteFile partial = target;
  partial.path += ".partial";
  partial.may_create = true;
  std::error_code ignored;
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(partial.path + end, ignored);
  {
    const auto copy = TRY(SqliteConnection::open(partial));
    TRY(source.copy_to(*copy));
    TRY(empty_tables(*copy, left_out));
  }
  {
    const auto copy = TRY(SqliteConnection::open(partial));
    TRY(copy->check_integrity());
  }
  fs::permissions(partial.path, fs::perms::owner_read | fs::perms::owner_write, ignored);
  fs::rename(partial.path, target.path, ignored);
  if (ignored) return fail(Code::kUnavailable, "the copy cannot be given its name", "backup");
  return sync_folder_of(target.path);
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(SqliteFile file, std::unique_ptr<SqliteLease> lease, std::unique_ptr<WriteSession> session,
                 std::vector<std::unique_ptr<SqliteConnection>> readers, const OpenOptions& options)
      : file_(std::move(file)),
        derived_tables_(derived_tables(options.migrations)),
        lease_(std::move(lease)),
        writer_(std::move(session), options.queue_limit),
        readers_(std::move(readers)) {}

  Dialect dialect() const override { return Dialect::kSqlite; }
  Result<void> read(const std::function<Result<void>(Reader&)>& work) override {
    return readers_.with([&](SqliteConnection& connection) -> Result<void> {
      TRY(connection.run("BEGIN"));
      SqliteReader reader(connection);
      Result<void> result = work(reader);
      if (const auto ended = connection.run("ROLLBACK"); !ended && result) result = ended;
      return result;
    });
  }
  Result<void> write(const std::function<Result<void>(Transaction&)>& work) override { return writer_.write(work); }
  Result<void> health() const override { return writer_.health(); }
  Result<void> forget_deleted() override { return writer_.forget_deleted(); }
  Result<void> announce(std::string_view address) override { return lease_->announce(address); }
  Result<void> backup_to(const std::string& path) override {
    const auto source = TRY(SqliteConnection::open(file_));
    SqliteFile target = file_;
    target.path = path;
    target.is_reader = false;
    TRY(source->run("BEGIN"));
    return copy_checked(*source, target, derived_tables_);
  }

 private:
  SqliteFile file_;  // as a reader opens it
  std::vector<std::string> derived_tables_;
  std::unique_ptr<SqliteLease> lease_;
  Writer writer_;
  ReaderPool<SqliteConnection> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const OpenOptions& options, const std::string& path) {
  auto lease = TRY(SqliteLease::take(path));
  const bool is_new = !fs::exists(path);
  SqliteFile file = file_of(options, path);
  file.may_create = true;
  auto connection = TRY(SqliteConnection::open(file));
  if (is_new) {
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
  }
  auto session = std::make_unique<SqliteSession>(std::move(connection));
  TRY(migrate(*session, Dialect::kSqlite, options.migrations));
  if (is_new) TRY(sync_folder_of(path));
  file.may_create = false;
  file.is_reader = true;
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  for (int i = 0; i < options.reader_count; ++i) readers.push_back(TRY(SqliteConnection::open(file)));
  return std::make_unique<SqliteDatabase>(file, std::move(lease), std::move(session), std::move(readers), options);
}

Result<void> restore_sqlite(const OpenOptions& options, const std::string& path, const std::string& backup_path) {
  const auto lease = TRY(SqliteLease::take(path));
  if (fs::exists(path))
    return fail(Code::kConflict, "there is a database already where the backup should go", "database");
  if (!fs::exists(backup_path)) return not_found("there is no such backup file", "backup");
  SqliteFile file = file_of(options, backup_path);
  file.is_reader = true;
  const auto source = TRY(SqliteConnection::open(file));
  TRY(source->check_integrity());
  return copy_checked(*source, file_of(options, path), {});
}

}  // namespace amity::store
