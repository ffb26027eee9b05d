// New feature definitions: filled from the log while the old ones serve, then they take over.
#include "app/feature_versions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/engine.h"
#include "store/database_fixture.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOld = R"(features:
  - name: account.transaction_count
    entity: account
    on: transaction.posted
    aggregate: count
    unit: transactions
    description: { zh: 交易笔数, en: transactions }
)";
constexpr std::string_view kAdded = R"(  - name: account.amount_sum
    entity: account
    on: transaction.posted
    value: amount.amount_minor
    aggregate: sum
    unit: minor units
    description: { zh: 交易金额合计, en: sum of amounts }
)";

class FeatureVersionsTest : public store::DatabaseTest {
 protected:
  FeatureVersionsTest() : clock_(*parse_timestamp("2024-06-01T00:00:00Z")) {}
  void SetUp() override {
    store::DatabaseTest::SetUp();
    configuration_.database = options().url;
    configuration_.keys = "sqlite:" + (folder() / "amity.keys").string();
    configuration_.key_file = (folder() / "amity.key").string();
    configuration_.institution = (folder() / "institution").string();
    configuration_.checkpoints = (folder() / "checkpoints").string();
    fs::create_directories(folder() / "institution" / "features");
  }

  void define(const std::string& text) {
    std::ofstream(folder() / "institution" / "features" / "account.yaml") << text;
  }
  std::unique_ptr<Engine> open_engine() {
    auto engine = Engine::open(configuration_, clock_);
    EXPECT_TRUE(engine) << engine.error().text();
    return engine ? std::move(*engine) : nullptr;
  }
  static void send(Engine& engine, const std::string& id, const std::string& type, events::Reference subject,
                   json::object data) {
    auto event = events::make_event({.source = "test",
                                     .id = id,
                                     .type = type,
                                     .subject = std::move(subject),
                                     .time = *parse_timestamp("2024-05-01T00:00:00Z"),
                                     .data = std::move(data)});
    ASSERT_TRUE(event) << event.error().text();
    const auto answers = engine.pipeline().submit(local_operator(), {*event});
    ASSERT_TRUE(answers.front()) << answers.front().error().text();
  }
  static void post(Engine& engine, int number) {
    send(engine, "t" + std::to_string(number), "transaction.posted", {events::EntityKind::kAccount, "a1"},
         {{"amount", {{"amount_minor", 100}, {"currency", "CNY"}}}, {"direction", "credit"}});
  }
  static std::map<std::string, double> values(Engine& engine) {
    const auto answer =
        engine.services().read_features(local_operator(), {events::EntityKind::kAccount, "a1"}, std::nullopt);
    EXPECT_TRUE(answer) << answer.error().text();
    return answer ? std::map<std::string, double>(answer->values.begin(), answer->values.end())
                  : std::map<std::string, double>();
  }

  // Sets of definitions by stage: 1 serving, 2 retired; with the rows of states there are.
  struct Sets {
    int64_t serving = 0;
    int64_t retired = 0;
    int64_t states = 0;
    bool operator==(const Sets&) const = default;
  };
  static Sets sets(Engine& engine) {
    constexpr store::Statement kSets("test.sets",
                                     "SELECT (SELECT COUNT(*) FROM feature_builds WHERE stage = 1), "
                                     "(SELECT COUNT(*) FROM feature_builds WHERE stage = 2), "
                                     "(SELECT COUNT(*) FROM feature_states)");
    Sets counts;
    const auto read = engine.database().read([&](store::Reader& reader) {
      return reader.query(kSets, {}, [&](const store::Row& row) {
        return counts = {row.integer(0), row.integer(1), row.integer(2)}, Result<void>();
      });
    });
    EXPECT_TRUE(read);
    return counts;
  }
  // The writer works beside the test: waits until it is so, at most four seconds.
  static bool comes_true(const std::function<bool()>& is_so) {
    for (int tries = 0; tries < 200 && !is_so(); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return is_so();
  }
  void open_accounts(Engine& engine) {
    send(engine, "c", "customer.registered", {events::EntityKind::kCustomer, "c1"}, {{"kind", "person"}});
    send(engine, "a", "account.opened", {events::EntityKind::kAccount, "a1"},
         {{"type", "deposit"}, {"currency", "CNY"}, {"holders", {{{"customer", "c1"}, {"role", "owner"}}}}});
  }

  ManualClock clock_;
  Configuration configuration_;
};

TEST_P(FeatureVersionsTest, a_new_definition_is_filled_from_the_log_and_takes_over) {
  define(std::string(kOld));
  {
    const auto engine = open_engine();
    open_accounts(*engine);
    for (int i = 0; i < 7; ++i) post(*engine, i);
    EXPECT_EQ(values(*engine), (std::map<std::string, double>{{"account.transaction_count", 7}}));
  }
  define(std::string(kOld) + std::string(kAdded));
  const std::map<std::string, double> both{{"account.amount_sum", 800}, {"account.transaction_count", 8}};
  {
    const auto engine = open_engine();
    post(*engine, 7);  // arrives while the new set is being filled, or just after
    EXPECT_TRUE(comes_true([&] { return values(*engine) == both; }));
  }
  EXPECT_EQ(values(*open_engine()), both);
}

TEST_P(FeatureVersionsTest, states_of_what_retired_stay_for_an_hour_also_over_a_restart) {
  define(std::string(kOld));
  {
    const auto engine = open_engine();
    open_accounts(*engine);
    post(*engine, 0);
  }
  define(std::string(kOld) + std::string(kAdded));
  {
    const auto engine = open_engine();
    ASSERT_TRUE(comes_true([&] { return values(*engine).size() == 2; }));
  }
  clock_.advance(minutes(59));
  {
    const auto engine = open_engine();
    EXPECT_EQ(sets(*engine), (Sets{.serving = 1, .retired = 1, .states = 2}));
    for (int i = 1; i < 4; ++i) post(*engine, i);  // after each the writer looks what there is to do
    EXPECT_EQ(sets(*engine).retired, 1);
  }
  clock_.advance(minutes(1));
  const auto engine = open_engine();
  post(*engine, 4);
  EXPECT_TRUE(comes_true([&] { return sets(*engine) == Sets{.serving = 1, .retired = 0, .states = 1}; }));
  EXPECT_EQ(values(*engine),
            (std::map<std::string, double>{{"account.amount_sum", 500}, {"account.transaction_count", 5}}));
}

// Its old states know nothing of what came meanwhile.
TEST_P(FeatureVersionsTest, an_earlier_set_wanted_again_within_the_hour_is_filled_anew) {
  define(std::string(kOld));
  {
    const auto engine = open_engine();
    open_accounts(*engine);
    post(*engine, 0);
  }
  define(std::string(kOld) + std::string(kAdded));
  {
    const auto engine = open_engine();
    ASSERT_TRUE(comes_true([&] { return values(*engine).size() == 2; }));
    post(*engine, 1);
  }
  clock_.advance(minutes(10));
  define(std::string(kOld));
  const std::map<std::string, double> counted{{"account.transaction_count", 2}};
  {
    const auto engine = open_engine();
    EXPECT_TRUE(comes_true([&] { return values(*engine) == counted; }));
    EXPECT_EQ(sets(*engine).serving, 1);
    EXPECT_EQ(sets(*engine).retired, 1) << "the newer one, for its own hour";
  }
  clock_.advance(kRetiredStay);
  const auto engine = open_engine();
  post(*engine, 2);
  EXPECT_TRUE(comes_true([&] { return sets(*engine).retired == 0; }));
  EXPECT_EQ(values(*engine), (std::map<std::string, double>{{"account.transaction_count", 3}}));
}

AMITY_ON_BOTH_DATABASES(FeatureVersionsTest);

}  // namespace
}  // namespace amity::app
