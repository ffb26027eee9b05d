// Derived state stands behind the log: whatever has been settled, everybody reads the same, and a new process too.
#include "app/settling.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/engine.h"
#include "store/database_fixture.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;
using events::EntityKind;

constexpr int kAccounts = 300;

class SettlingTest : public testing::Test {
 protected:
  SettlingTest() : clock_(*parse_timestamp("2024-06-01T00:00:00Z")) {}

  Configuration configuration_at(const std::string& name, int64_t settle_events) {
    Configuration configuration;
    configuration.database = "sqlite:" + (folder_.path() / name / "a.db").string();
    configuration.keys = "sqlite:" + (folder_.path() / name / "a.db.keys").string();
    configuration.key_file = (folder_.path() / "a.key").string();
    configuration.checkpoints = (folder_.path() / name / "checkpoints").string();
    configuration.settle_events = settle_events;
    fs::create_directories(folder_.path() / name);
    return configuration;
  }
  std::unique_ptr<Engine> open(const Configuration& configuration) {
    auto engine = Engine::open(configuration, clock_);
    EXPECT_TRUE(engine) << engine.error().text();
    return engine ? std::move(*engine) : nullptr;
  }
  // The files of a running engine as a crash would leave them.
  std::unique_ptr<Engine> open_as_crashed(const std::string& running, const std::string& name,
                                          int64_t settle_events = 1'000'000) {
    fs::copy(folder_.path() / running, folder_.path() / name);
    for (const char* lock : {"a.db.lock", "a.db.keys.lock"}) fs::remove(folder_.path() / name / lock);
    return open(configuration_at(name, settle_events));
  }

  static events::Event event(const std::string& id, const std::string& type, events::Reference subject,
                             json::object data) {
    return *events::make_event({.source = "test",
                                .id = id,
                                .type = type,
                                .subject = std::move(subject),
                                .time = *parse_timestamp("2024-05-01T00:00:00Z"),
                                .data = std::move(data)});
  }
  static void submit(Engine& engine, std::vector<events::Event> events) {
    for (const auto& answer : engine.pipeline().submit(local_operator(), std::move(events))) {
      ASSERT_TRUE(answer) << answer.error().text();
    }
  }
  static void open_accounts(Engine& engine) {
    std::vector<events::Event> events = {
        event("c", "customer.registered", {EntityKind::kCustomer, "c1"}, {{"kind", "person"}})};
    for (int i = 0; i < kAccounts; ++i) {
      const auto name = "a" + std::to_string(i);
      events.push_back(
          event("open " + name, "account.opened", {EntityKind::kAccount, name},
                {{"type", "deposit"}, {"currency", "CNY"}, {"holders", {{{"customer", "c1"}, {"role", "owner"}}}}}));
    }
    submit(engine, std::move(events));
  }
  // One posting on each account.
  static void post(Engine& engine, int round) {
    std::vector<events::Event> events;
    for (int i = 0; i < kAccounts; ++i) {
      events.push_back(event(std::to_string(round) + "." + std::to_string(i), "transaction.posted",
                             {EntityKind::kAccount, "a" + std::to_string(i)},
                             {{"amount", {{"amount_minor", 100}, {"currency", "CNY"}}},
                              {"direction", "debit"},
                              {"counterparty", "shop"}}));
    }
    submit(engine, std::move(events));
  }

  // What people and programs are shown of it.
  static std::string shown(Engine& engine) {
    std::string shown;
    for (const auto* account : {"a0", "a7", "a299"}) {
      const auto answer =
          engine.services().read_features(local_operator(), {EntityKind::kAccount, account}, std::nullopt);
      EXPECT_TRUE(answer) << answer.error().text();
      for (const auto& [name, value] : answer->values) shown += name + "=" + std::to_string(value) + "\n";
      auto record = engine.customers().account(local_operator(), account);
      EXPECT_TRUE(record) << record.error().text();
      record->at("holders").at("c1").as_object().erase("id");  // every institution has pseudonyms of its own
      shown += write_json(*record) + "\n";
    }
    const auto timeline = engine.customers().timeline(local_operator(), "c1", std::nullopt, 500);
    EXPECT_TRUE(timeline) << timeline.error().text();
    for (const auto& event : timeline->events) shown += write_json(event.at("seq")) + " ";
    const auto rebuilt = engine.rebuild(local_operator(), true);
    EXPECT_TRUE(rebuilt) << rebuilt.error().text();
    EXPECT_EQ(rebuilt->difference_count, 0);
    EXPECT_EQ(rebuilt->account_count, kAccounts);
    return shown;
  }

  store::TemporaryFolder folder_;
  ManualClock clock_;
};

TEST_F(SettlingTest, a_crash_at_any_point_of_a_round_changes_nothing_that_is_read) {
  const auto running = open(configuration_at("running", 700));
  const auto never = open(configuration_at("never", 1'000'000));
  for (auto* engine : {running.get(), never.get()}) open_accounts(*engine);
  for (int round = 0; round < 8; ++round) {
    SCOPED_TRACE(round);
    for (auto* engine : {running.get(), never.get()}) post(*engine, round);
    const auto expected = shown(*never);
    EXPECT_TRUE(shown(*running) == expected);
    const auto crashed = open_as_crashed("running", "crashed" + std::to_string(round));
    EXPECT_TRUE(shown(*crashed) == expected);
    post(*crashed, 1000 + round);
    post(*never, 1000 + round);
    post(*running, 1000 + round);
    EXPECT_TRUE(shown(*crashed) == shown(*never));
  }
}

TEST_F(SettlingTest, after_a_crash_rounds_begin_with_what_it_left_and_another_crash_changes_nothing) {
  const auto running = open(configuration_at("running", 1'000'000));
  const auto never = open(configuration_at("never", 1'000'000));
  const auto post_on = [&](Engine& crashed, int round) {
    post(crashed, round);
    post(*never, round);
  };
  for (auto* engine : {running.get(), never.get()}) open_accounts(*engine);
  for (int round = 0; round < 3; ++round) post_on(*running, round);
  const auto once = open_as_crashed("running", "once", 200);
  for (int round = 10; round < 14; ++round) {
    post_on(*once, round);
    const auto twice = open_as_crashed("once", "twice" + std::to_string(round), 200);
    EXPECT_TRUE(shown(*twice) == shown(*never)) << round;
  }
  EXPECT_TRUE(shown(*once) == shown(*never));
}

TEST_F(SettlingTest, a_stop_settles_everything) {
  {
    const auto engine = open(configuration_at("one", 1'000'000));
    open_accounts(*engine);
    post(*engine, 0);
  }
  const auto engine = open(configuration_at("one", 1'000'000));
  int64_t behind = -1;
  ASSERT_TRUE(engine->database().read([&](store::Reader& reader) -> Result<void> {
    static constexpr store::Statement kBehind(
        "test.behind",
        "SELECT h.last_seq * 2 - s.index_seq - s.records_seq FROM event_heads AS h "
        "CROSS JOIN settled AS s");
    return reader.query(kBehind, {},
                        [&](const store::Row& row) -> Result<void> { return behind = row.integer(0), Result<void>(); });
  }));
  EXPECT_EQ(behind, 0);
  EXPECT_NE(shown(*engine), "");
}

}  // namespace
}  // namespace amity::app
