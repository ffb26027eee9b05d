// Records built again from the log beside the running ones, and put in their place where those are damaged.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "app/bank_fixture.h"

namespace amity::app {
namespace {

constexpr store::Statement kCustomer("test.customer", "SELECT sealed_record FROM customers WHERE customer_id = $1");
constexpr store::Statement kDamageCustomer("test.damage_customer",
                                           "UPDATE customers SET sealed_record = $2 WHERE customer_id = $1");
constexpr store::Statement kDropCustomer("test.drop_customer", "DELETE FROM customers WHERE customer_id = $1");
constexpr store::Statement kDropWords("test.drop_words", "DELETE FROM search_tokens WHERE customer_id = $1");
constexpr store::Statement kMoveAccount("test.move_account",
                                        "UPDATE accounts SET home_customer_id = $2 WHERE account_id = $1");
constexpr store::Statement kStrangeAccount(
    "test.strange_account",
    "INSERT INTO accounts (account_id, home_customer_id, partition_id, unit, last_seq, sealed_record) "
    "VALUES ($1, $1, 0, '', 1, $2)");

// Armed, it ends the process as kill -9 does: an audit entry asks for the time in the transaction it is written in.
class FatalClock final : public Clock {
 public:
  void arm() { is_armed_ = true; }
  Timestamp now() const override {
    if (is_armed_) std::ignore = raise(SIGKILL);
    return SystemClock().now();
  }

 private:
  std::atomic<bool> is_armed_ = false;
};

enum class Death { kWhenBuilt, kInTransaction };

class RebuildTest : public BankTest {
 protected:
  void SetUp() override {
    BankTest::SetUp();
    must_take({registered("lin"), registered("wu"), opened("j1", {"lin", "wu"}), opened("w1", {"wu"}), ordered("j1")});
    open_engine();  // memory is empty
  }

  void damage(const store::Statement& statement, std::initializer_list<Reference> ids, std::string_view bytes = {}) {
    std::vector<Uuid> named;
    for (const auto& id : ids) named.push_back(id_of(id));
    std::vector<store::Value> parameters;
    for (const auto& id : named) parameters.emplace_back(ByteView(id.bytes));
    if (!bytes.empty()) parameters.emplace_back(as_bytes(bytes));
    const auto written = engine_->database().write([&](store::Transaction& transaction) -> Result<void> {
      EXPECT_GT(TRY(transaction.execute(statement, parameters)), 0);
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
  }

  // Sealed well, and not what the log says.
  void store_another_district(const std::string& key, std::string_view district) {
    const auto id = id_of(customer(key));
    const auto written = engine_->database().write([&](store::Transaction& transaction) -> Result<void> {
      const store::Value asked[] = {ByteView(id.bytes)};
      const auto secret = TRY(engine_->keys().key_of(id));
      const auto place = "customers.sealed_record:" + format(id);
      std::string plain;
      TRY(transaction.query(kCustomer, asked, [&](const store::Row& row) -> Result<void> {
        return plain = as_text(TRY(amity::open(secret, row.bytes(0), place))), Result<void>();
      }));
      auto record = TRY(parse_json(plain));
      record.at("values").at("district").at("value") = json::string(district);
      const auto sealed = seal(secret, as_bytes(write_json(record)), place);
      const store::Value changed[] = {ByteView(id.bytes), ByteView(sealed)};
      EXPECT_EQ(TRY(transaction.execute(kDamageCustomer, changed)), 1);
      return {};
    });
    ASSERT_TRUE(written) << written.error().text();
  }

  int64_t rebuild(bool is_check = false) {
    const auto report = engine_->rebuild(local_operator(), is_check);
    EXPECT_TRUE(report) << report.error().text();
    return report ? report->difference_count : -1;
  }
  // Rebuilds in a process of its own, which is killed on the way.
  void rebuild_and_die(Death death) {
    engine_.reset();
    const pid_t child = fork();
    if (child == 0) {
      FatalClock clock;
      auto engine = Engine::open(configuration_, clock);
      if (!engine) _exit(1);
      std::ignore = (*engine)->rebuild(local_operator(), false, [&](int64_t, int64_t) {
        if (death == Death::kWhenBuilt) std::ignore = raise(SIGKILL);
        clock.arm();
      });
      _exit(2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    take_over();
  }
  // A database server needs a moment to see that the holder of the lease is gone.
  void take_over() {
    for (int i = 0; i < 100 && engine_ == nullptr; ++i) {
      auto engine = Engine::open(configuration_, clock_);
      if (engine) engine_ = std::move(*engine);
      if (!engine_) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ASSERT_NE(engine_, nullptr);
  }
  std::string profile(const std::string& customer) {
    const auto read = engine_->customers().profile(local_operator(), customer);
    return read ? write_json(*read) : std::string(name_of(read.error().code));
  }
};

TEST_P(RebuildTest, finds_equal_what_nobody_touched_and_writes_nothing) {
  const auto before = profile("lin");
  EXPECT_EQ(rebuild(), 0);
  EXPECT_EQ(profile("lin"), before);
}

TEST_P(RebuildTest, heals_a_damaged_record_beside_the_running_ones) {
  const auto before = profile("lin");
  damage(kDamageCustomer, {customer("lin")}, "not what was sealed here, not at all");
  EXPECT_NE(profile("lin"), before);
  EXPECT_EQ(rebuild(true), 1);
  EXPECT_NE(profile("lin"), before);
  EXPECT_EQ(rebuild(), 1);
  EXPECT_EQ(profile("lin"), before);
  EXPECT_EQ(rebuild(), 0);
  must_take({event_of("customer.updated", customer("lin"), {{"district", "north"}})});
  EXPECT_EQ(rebuild(), 0);
}

TEST_P(RebuildTest, heals_what_is_missing_what_is_misplaced_and_what_the_log_knows_nothing_of) {
  const auto before = profile("wu");
  damage(kDropCustomer, {customer("wu")});
  damage(kDropWords, {customer("lin")});
  damage(kMoveAccount, {account("w1"), customer("lin")});
  damage(kStrangeAccount, {account("nobody's")}, "nothing");
  EXPECT_EQ(rebuild(), 4);
  EXPECT_EQ(profile("wu"), before);
  const auto found = engine_->customers().search(local_operator(), "lin", 10);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().customer, "lin");
  EXPECT_EQ(rebuild(), 0);
}

TEST_P(RebuildTest, forgets_what_memory_held_of_a_record_it_replaced) {
  must_take({event_of("customer.updated", customer("lin"), {{"district", "north"}})});
  open_engine();
  store_another_district("lin", "south");
  must_take({event_of("customer.updated", customer("lin"), {{"occupation", "baker"}})});  // reads it into memory
  EXPECT_EQ(rebuild(), 1);
  must_take({event_of("customer.updated", customer("lin"), {{"occupation", "cook"}})});
  EXPECT_EQ(rebuild(true), 0);
  EXPECT_NE(profile("lin").find("north"), std::string::npos);
}

TEST_P(RebuildTest, tells_how_far_it_is_and_needs_the_permission_to_operate) {
  std::vector<std::pair<int64_t, int64_t>> progress;
  ASSERT_TRUE(
      engine_->rebuild(local_operator(), true, [&](int64_t seq, int64_t last) { progress.emplace_back(seq, last); }));
  EXPECT_EQ(progress, (std::vector<std::pair<int64_t, int64_t>>{{5, 5}}));
  auto agent = local_operator();
  agent.roles = {security::Role::kServiceAgent};
  EXPECT_EQ(engine_->rebuild(agent, true).error().code, Code::kForbidden);
}

TEST_P(RebuildTest, killed_half_way_leaves_the_running_records_whole_and_the_next_one_finishes) {
  must_take({registered("zhou")});
  const auto whole = profile("lin");
  const auto others = profile("wu");
  const auto untouched = profile("zhou");
  damage(kDamageCustomer, {customer("lin")}, "not what was sealed here, not at all");
  damage(kDropCustomer, {customer("wu")});
  open_engine();
  const auto damaged = profile("lin");
  for (const auto death : {Death::kWhenBuilt, Death::kInTransaction}) {
    rebuild_and_die(death);
    EXPECT_EQ(profile("lin"), damaged);
    EXPECT_EQ(profile("wu"), "not_found");
    EXPECT_EQ(profile("zhou"), untouched);
    EXPECT_EQ(rebuild(true), 2);
  }
  EXPECT_EQ(rebuild(), 2);
  EXPECT_EQ(profile("lin"), whole);
  EXPECT_EQ(profile("wu"), others);
  EXPECT_EQ(rebuild(), 0);
}

TEST_P(RebuildTest, asked_to_stop_ends_soon_changes_nothing_and_the_next_one_finishes) {
  const auto whole = profile("lin");
  damage(kDamageCustomer, {customer("lin")}, "not what was sealed here, not at all");
  open_engine();
  const auto damaged = profile("lin");
  const auto stopped = engine_->rebuild(local_operator(), false, [&](int64_t, int64_t) { engine_->stop_long_work(); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kUnavailable);
  const auto not_begun =
      engine_->rebuild(local_operator(), false, [](int64_t, int64_t) { ADD_FAILURE() << "it began"; });
  ASSERT_FALSE(not_begun);
  EXPECT_EQ(not_begun.error().code, Code::kUnavailable);
  EXPECT_EQ(profile("lin"), damaged);
  must_take({ordered("w1")});  // what was accepted is finished all the same
  open_engine();
  EXPECT_EQ(rebuild(), 1);
  EXPECT_EQ(profile("lin"), whole);
  EXPECT_EQ(rebuild(), 0);
}

TEST_P(RebuildTest, is_made_by_one_caller_at_a_time) {
  std::optional<Code> refused;
  const auto made = engine_->rebuild(local_operator(), true, [&](int64_t, int64_t) {
    std::thread([&] { refused = engine_->rebuild(local_operator(), true).error().code; }).join();
  });
  EXPECT_TRUE(made) << made.error().text();
  EXPECT_EQ(refused, Code::kConflict);
  EXPECT_EQ(rebuild(true), 0);
}

TEST_P(RebuildTest, names_nobody_erased_and_agrees_with_the_running_records) {
  must_take({event_of("relationship.recorded", customer("wu"), {{"other", "lin"}, {"relationship", "spouse"}}),
             event_of("card.issued", account("j1"), {{"card", "k1"}, {"customer", "lin"}}),
             opened("joint-once", {"lin", "wu"}),
             event_of("account.holder_removed", account("joint-once"), {{"customer", "wu"}})});
  ASSERT_TRUE(erase("lin"));  // f1 goes with Lin, who was its last holder
  EXPECT_EQ(rebuild(true), 0);
  EXPECT_EQ(profile("wu").find("lin"), std::string::npos) << profile("wu");
  EXPECT_EQ(profile("wu").find("joint-once"), std::string::npos);
}

AMITY_ON_BOTH_DATABASES(RebuildTest);

}  // namespace
}  // namespace amity::app
