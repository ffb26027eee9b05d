#include "store/postgresql/session.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/check.h"
#include "base/log.h"

namespace amity::store {
namespace {

using namespace std::chrono_literals;

constexpr auto kCommitGrace = 10s;  // how long those waiting are kept to learn the fate of a lost commit
constexpr auto kLeaseGrace = 1s;
constexpr auto kLongestPause = 2s;
constexpr size_t kProbeBytes = 256 * 1024;

// Any number nobody else uses for an advisory lock in this database: "amity" in ASCII.
constexpr Statement kTakeLease("store.take_lease", "", "SELECT pg_try_advisory_lock(418582258809)");
constexpr Statement kGiveLeaseBack("store.give_lease_back", "", "SELECT pg_advisory_unlock(418582258809)");
constexpr Statement kHolder("store.lease_holder", "", "SELECT address FROM writer_lease");
constexpr Statement kRegister("store.register_lease", "",
                              "INSERT INTO writer_lease (id, address, holder, last_commit) VALUES (1, '', $1, 0) "
                              "ON CONFLICT (id) DO UPDATE SET address = '', holder = excluded.holder");
constexpr Statement kLastCommit("store.last_commit", "", "SELECT last_commit, holder FROM writer_lease WHERE id = 1");
constexpr Statement kProbe("store.probe", "",
                           "INSERT INTO write_probe (id, filler) VALUES (1, $1) "
                           "ON CONFLICT (id) DO UPDATE SET filler = excluded.filler");
constexpr Statement kNumber("store.number_commit", "", "UPDATE writer_lease SET last_commit = $1 WHERE id = 1");

Result<bool> try_lock(PostgresqlConnection& connection) {
  bool is_taken = false;
  TRY(connection.query(kTakeLease.name, kTakeLease.postgresql, {}, [&](const Row& row) -> Result<void> {
    is_taken = row.integer(0) != 0;
    return {};
  }));
  return is_taken;
}

}  // namespace

PostgresqlSession::PostgresqlSession(std::string url, bool weaken_synchronous,
                                     std::unique_ptr<PostgresqlConnection> connection)
    : url_(std::move(url)),
      weaken_synchronous_(weaken_synchronous),
      holder_(static_cast<int64_t>(random_seed() >> 1)),
      connection_(std::move(connection)),
      transaction_(std::make_unique<PostgresqlTransaction>(*connection_)) {}

Result<std::unique_ptr<PostgresqlSession>> PostgresqlSession::open(const std::string& url, bool weaken_synchronous) {
  auto connection = TRY(PostgresqlConnection::open(url, weaken_synchronous));
  auto session =
      std::unique_ptr<PostgresqlSession>(new PostgresqlSession(url, weaken_synchronous, std::move(connection)));
  TRY(session->take_lease());
  return session;
}

PostgresqlSession::~PostgresqlSession() {
  if (connection_->is_lost()) return;
  rollback();
  std::ignore = connection_->query(kGiveLeaseBack.name, kGiveLeaseBack.postgresql, {},
                                   [](const Row&) -> Result<void> { return {}; });
}

// A process that died a moment ago is still known to the server for a moment.
Result<void> PostgresqlSession::take_lease() {
  const auto deadline = std::chrono::steady_clock::now() + kLeaseGrace;
  do {
    if (TRY(try_lock(*connection_))) return {};
    std::this_thread::sleep_for(50ms);
  } while (std::chrono::steady_clock::now() < deadline);
  return fail(Code::kConflict, "another process has the database open", address_of_holder());
}

std::string PostgresqlSession::address_of_holder() {
  std::string address;
  std::ignore = connection_->query(kHolder.name, kHolder.postgresql, {}, [&](const Row& row) -> Result<void> {
    address = row.text(0);
    return {};
  });
  return address;
}

// conflict where the lease is another process's by now.
Result<int64_t> PostgresqlSession::last_commit(PostgresqlConnection& connection) {
  int64_t number = -1;
  TRY(connection.query(kLastCommit.name, kLastCommit.postgresql, {}, [&](const Row& row) -> Result<void> {
    if (row.integer(1) == holder_) number = row.integer(0);
    return {};
  }));
  if (number >= 0) return number;
  return fail(Code::kConflict, "another process has taken the database over; restart", "database");
}

Result<void> PostgresqlSession::number_commits() {
  TRY(connection_->execute(kRegister.name, kRegister.postgresql, std::array{Value(holder_)}));
  commit_number_ = TRY(last_commit(*connection_));
  return {};
}

Result<void> PostgresqlSession::begin() {
  CHECK(!is_open_);
  const auto begun = connection_->post_command("BEGIN");
  is_open_ = begun.has_value();
  return begun;
}

Result<void> PostgresqlSession::undo_to_savepoint() {
  TRY(connection_->post_command("ROLLBACK TO one"));
  TRY(connection_->post_command("RELEASE one"));
  return connection_->flush();
}

Result<void> PostgresqlSession::commit() {
  Result<void> committed;
  if (commit_number_ >= 0) {
    ++commit_number_;
    committed = connection_->post(kNumber.name, kNumber.postgresql, std::array{Value(commit_number_)});
  }
  if (committed) committed = connection_->post_command("COMMIT");
  if (committed) committed = connection_->flush();
  is_open_ = false;
  if (committed && connection_->command_tag() == "COMMIT") return {};
  if (connection_->is_lost()) return settle_lost_commit();
  if (committed) committed = fail(Code::kInternal, "PostgreSQL undid the transaction instead of committing it");
  if (commit_number_ >= 0) --commit_number_;
  is_open_ = true;
  rollback();
  return committed;
}

Result<void> PostgresqlSession::settle_lost_commit() {
  is_in_doubt_ = true;
  const auto fate = learn_fate();
  is_in_doubt_ = false;
  return fate;
}

Result<void> PostgresqlSession::learn_fate() {
  const int64_t number = commit_number_;
  const auto deadline = std::chrono::steady_clock::now() + kCommitGrace;
  while (!is_stopped_ && std::chrono::steady_clock::now() < deadline) {
    if (!reconnect()) {
      std::this_thread::sleep_for(100ms);
      continue;
    }
    const bool has_happened = commit_number_ == number;
    log(Level::kWarn, "PostgreSQL went away during a commit", {{"has_happened", has_happened}});
    if (has_happened) return {};
    return fail(Code::kUnavailable, "the connection to PostgreSQL broke; nothing was kept", "database");
  }
  return fail(Code::kTimeout, "the connection to PostgreSQL broke during the commit; whether it happened is not known",
              "database");
}

void PostgresqlSession::rollback() {
  if (!is_open_) return;
  is_open_ = false;
  if (connection_->is_lost()) return;
  std::ignore = connection_->flush();
  std::ignore = connection_->post_command("ROLLBACK");
  std::ignore = connection_->flush();
}

// Makes a new connection with the lease and learns the number of the last commit.
Result<void> PostgresqlSession::reconnect() {
  auto connection = TRY(PostgresqlConnection::open(url_, weaken_synchronous_));
  if (const auto number = last_commit(*connection); !number) {
    is_stopped_ = number.error().code == Code::kConflict;
    return std::unexpected(number.error());
  }
  if (!TRY(try_lock(*connection))) {
    return fail(Code::kUnavailable, "PostgreSQL has not yet given up the broken session", "database");
  }
  commit_number_ = TRY(last_commit(*connection));  // final only now, with the broken session gone
  transaction_ = std::make_unique<PostgresqlTransaction>(*connection);
  connection_ = std::move(connection);
  is_open_ = false;
  pause_ = 0ms;
  return {};
}

Result<void> PostgresqlSession::probe() {
  const Bytes filler(kProbeBytes, 0);
  return connection_->post(kProbe.name, kProbe.postgresql, std::array{Value(ByteView(filler))});
}

void PostgresqlSession::try_to_recover() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_attempt_) return;
  pause_ = std::clamp<std::chrono::milliseconds>(pause_ * 2, 100ms, kLongestPause);
  next_attempt_ = now + pause_;
  const bool was_full = connection_->is_disk_full();
  // A connection that stands keeps the lease: a second one would wait for it for ever.
  if (connection_->is_lost() && !reconnect()) return;
  if (!was_full) return;
  connection_->forget_full_disk();
  if (begin() && probe() && flush()) {
    std::ignore = commit();
  } else {
    rollback();
  }
}

Condition PostgresqlSession::condition() const {
  if (is_stopped_) return Condition::kStopped;
  return connection_->is_lost() || connection_->is_disk_full() ? Condition::kWaiting : Condition::kServing;
}

Error PostgresqlSession::trouble() const {
  if (is_stopped_) {
    return {Code::kUnavailable, "another process has taken the database over: nothing is written until a restart",
            "database"};
  }
  if (connection_->is_lost()) {
    return {Code::kUnavailable, "the connection to PostgreSQL is lost: nothing is written until it is back",
            "database"};
  }
  return {Code::kUnavailable, "the disk of PostgreSQL is full: nothing is written until there is space again",
          "database"};
}

}  // namespace amity::store
