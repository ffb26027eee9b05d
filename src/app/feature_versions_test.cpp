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

class FeatureVersionsTest : public testing::Test {
 protected:
  FeatureVersionsTest() : clock_(*parse_timestamp("2024-06-01T00:00:00Z")) {
    configuration_.database = "sqlite:" + (folder_.path() / "a.db").string();
    configuration_.keys = configuration_.database + ".keys";
    configuration_.key_file = (folder_.path() / "a.key").string();
    configuration_.institution = (folder_.path() / "institution").string();
    configuration_.checkpoints = (folder_.path() / "checkpoints").string();
    fs::create_directories(folder_.path() / "institution" / "features");
  }

  void define(const std::string& text) {
    std::ofstream(folder_.path() / "institution" / "features" / "account.yaml") << text;
  }
  std::unique_ptr<Engine> open() {
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

  store::TemporaryFolder folder_;
  ManualClock clock_;
  Configuration configuration_;
};

TEST_F(FeatureVersionsTest, a_new_definition_is_filled_from_the_log_and_takes_over) {
  define(std::string(kOld));
  {
    const auto engine = open();
    send(*engine, "c", "customer.registered", {events::EntityKind::kCustomer, "c1"}, {{"kind", "person"}});
    send(*engine, "a", "account.opened", {events::EntityKind::kAccount, "a1"},
         {{"type", "deposit"}, {"currency", "CNY"}, {"holders", {{{"customer", "c1"}, {"role", "owner"}}}}});
    for (int i = 0; i < 7; ++i) post(*engine, i);
    EXPECT_EQ(values(*engine), (std::map<std::string, double>{{"account.transaction_count", 7}}));
  }
  define(std::string(kOld) + std::string(kAdded));
  const std::map<std::string, double> both{{"account.amount_sum", 800}, {"account.transaction_count", 8}};
  {
    const auto engine = open();
    post(*engine, 7);  // arrives while the new set is being filled, or just after
    for (int tries = 0; tries < 200 && values(*engine).size() < 2; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(values(*engine), both);
  }
  EXPECT_EQ(values(*open()), both);
}

}  // namespace
}  // namespace amity::app
