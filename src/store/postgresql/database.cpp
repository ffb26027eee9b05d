#include "store/postgresql/database.h"

#include <array>

#include "store/migrations.h"
#include "store/postgresql/dump.h"
#include "store/postgresql/session.h"
#include "store/writing/reader_pool.h"
#include "store/writing/writer.h"

namespace amity::store {
namespace {

constexpr Statement kAnnounce("store.announce", "", "UPDATE writer_lease SET address = $1 WHERE id = 1");

class PostgresqlReader final : public Reader {
 public:
  explicit PostgresqlReader(PostgresqlConnection& connection) : connection_(connection) {}
  Result<void> query(const Statement& statement, Values parameters, const EachRow& each) override {
    return connection_.query(statement.name, statement.postgresql, parameters, each);
  }

 private:
  PostgresqlConnection& connection_;
};

// A place in the pool; its connection is made when first needed and anew after it broke.
struct ReaderPlace {
  std::unique_ptr<PostgresqlConnection> connection;
};

Result<void> begin_snapshot(PostgresqlConnection& connection) {
  TRY(connection.post_command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return connection.flush();
}

Result<void> read_in_snapshot(PostgresqlConnection& connection, const std::function<Result<void>(Reader&)>& work) {
  PostgresqlReader reader(connection);
  Result<void> result = work(reader);
  std::ignore = connection.flush();
  TRY(connection.post_command("ROLLBACK"));
  if (const auto ended = connection.flush(); !ended && result) result = ended;
  return result;
}

class PostgresqlStore final : public Database {
 public:
  PostgresqlStore(OpenOptions options, std::unique_ptr<WriteSession> session,
                  std::vector<std::unique_ptr<ReaderPlace>> readers)
      : options_(std::move(options)), writer_(std::move(session), options_.queue_limit), readers_(std::move(readers)) {}

  Dialect dialect() const override { return Dialect::kPostgresql; }
  Result<void> read(const std::function<Result<void>(Reader&)>& work) override {
    return readers_.with([&](ReaderPlace& place) -> Result<void> {
      if (!place.connection || place.connection->is_lost()) {
        place.connection = TRY(PostgresqlConnection::open(options_.url));
      }
      // A server that restarted is noticed only here: nothing was read yet, so a new connection may begin again.
      if (auto begun = begin_snapshot(*place.connection); !begun) {
        if (!place.connection->is_lost()) return begun;
        place.connection = TRY(PostgresqlConnection::open(options_.url));
        TRY(begin_snapshot(*place.connection));
      }
      return read_in_snapshot(*place.connection, work);
    });
  }
  Result<void> write(const std::function<Result<void>(Transaction&)>& work) override { return writer_.write(work); }
  Result<void> health() const override { return writer_.health(); }
  Result<void> forget_deleted() override { return writer_.forget_deleted(); }
  Result<void> announce(std::string_view address) override {
    return writer_.write([&](Transaction& transaction) -> Result<void> {
      TRY(transaction.execute(kAnnounce, std::array{Value(address)}));
      return {};
    });
  }
  Result<void> backup_to(const std::string& path) override { return dump_postgresql(options_, path); }

 private:
  const OpenOptions options_;
  Writer writer_;
  ReaderPool<ReaderPlace> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgresql(const OpenOptions& options) {
  auto session = TRY(PostgresqlSession::open(options.url, options.weaken_synchronous_for_test));
  TRY(migrate(*session, Dialect::kPostgresql, options.migrations));
  TRY(session->number_commits());
  std::vector<std::unique_ptr<ReaderPlace>> readers;
  for (int i = 0; i < options.reader_count; ++i) readers.push_back(std::make_unique<ReaderPlace>());
  return std::make_unique<PostgresqlStore>(options, std::move(session), std::move(readers));
}

Result<void> restore_postgresql(const OpenOptions& options, const std::string& backup_path) {
  return restore_dump(options, backup_path);
}

}  // namespace amity::store
