// An import that is killed in the middle and begun again ends as one that was left alone: nothing lacks, nothing is
// there twice.
#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/fault/server_process.h"

namespace amity::fault {
namespace {

constexpr int kCustomers = 40;
constexpr int kPostings = 24'000;
constexpr int64_t kEvents = 2 * kCustomers + kPostings;

constexpr auto kMapping = R"(
mapping: 1
source: small
snapshot: 2020-12-31
currency: CNY
files:
  - file: people.csv
    key: id
    joins:
      - {name: self, file: people.csv, key: id, by: id}
    events:
      - type: customer.registered
        subject: id
        time: since
        data: {name: name}
      - type: account.opened
        subject: id
        time: since
        data:
          type: {constant: deposit}
          currency: {constant: CNY}
          holders: {each: self, customer: self.id, role: {constant: owner}}
  - file: postings.csv
    key: number
    events:
      - type: transaction.posted
        subject: account
        time: day
        data: {direction: {constant: credit}, amount: amount}
)";

class KilledImport : public store::DatabaseTest {
 protected:
  void SetUp() override {
    store::DatabaseTest::SetUp();
    std::ofstream(folder() / "mapping.yaml") << kMapping;
    std::ofstream people(folder() / "people.csv");
    people << "id,name,since\n";
    for (int i = 0; i < kCustomers; ++i) people << fmt::format("{},Client {},2020-01-01\n", i, i);
    std::ofstream postings(folder() / "postings.csv");
    postings << "number,account,day,amount\n";
    for (int i = 0; i < kPostings; ++i) {
      postings << fmt::format("{},{},2020-{:02}-{:02},{}.00\n", i, i % kCustomers, 2 + i / 2400, 1 + i / 100 % 24, 1);
    }
    if (!is_sqlite()) bank_.use(options().url);
  }
  std::vector<std::string> import() const {
    return {"import", folder().string(), "--mapping", (folder() / "mapping.yaml").string(), "--json"};
  }
  // How many events the log holds; 0 where nothing was made yet.
  int64_t events_in_log() const {
    const auto replayed = run(bank_, {"replay", "--all", "--json"}, kUsual);
    if (replayed.status == 4) return 0;
    const auto answer = parse_json(replayed.output);
    EXPECT_TRUE(replayed.status == 0 && answer) << replayed.output << content_of(bank_.log());
    return answer ? answer->at("events").as_int64() : -1;
  }
  // Killed after `patience`, which grows until the log holds more than `before`.
  int64_t import_until_killed(int64_t before, std::chrono::milliseconds& patience) const {
    int64_t events = before;
    for (; events <= before && !HasFailure(); patience += patience / 4) {
      Process importing(bank_, import(), kUsual);
      std::this_thread::sleep_for(patience);
      importing.signal(SIGKILL);
      EXPECT_EQ(importing.wait(), 128 + SIGKILL) << "it had ended before";
      events = events_in_log();
      EXPECT_GE(events, before) << "what was committed is there";
    }
    return events;
  }

  const Settings kUsual = {{"AMITY_SETTLE_EVENTS", "3000"}};
  Bank bank_;
};

TEST_P(KilledImport, begun_again_ends_with_every_event_once) {
  std::chrono::milliseconds patience(200);
  int64_t events = 0;
  std::string cuts;
  for (int cut = 0; cut < 2 && !HasFailure(); ++cut) {
    events = import_until_killed(events, patience);
    ASSERT_GT(events, 0);
    ASSERT_LT(events, kEvents) << "it was killed in the middle";
    cuts += fmt::format(" {}", events);
  }
  const auto ended = run(bank_, import(), kUsual);
  ASSERT_EQ(ended.status, 0) << ended.output << content_of(bank_.log());
  const auto taken = *parse_json(ended.output);
  EXPECT_EQ(taken.at("taken"), kEvents);
  EXPECT_EQ(taken.at("rejected_rows"), 0);
  EXPECT_EQ(events_in_log(), kEvents);
  const auto again = run(bank_, import(), kUsual);
  EXPECT_EQ(again.output, ended.output);
  EXPECT_EQ(events_in_log(), kEvents);
  const auto rebuilt = run(bank_, {"rebuild", "--check"}, kUsual);
  EXPECT_EQ(rebuilt.status, 0) << rebuilt.output << content_of(bank_.log());

  Server server(bank_, kUsual);
  ASSERT_TRUE(server.has_served()) << content_of(bank_.log());
  for (int i = 0; i < kCustomers; ++i) {
    const auto account = api::json_answer(server.get(fmt::format("/v1/accounts/{}", i)));
    ASSERT_TRUE(account) << account.error().text();
    EXPECT_EQ(account->at("transaction_count"), kPostings / kCustomers) << i;
  }
  EXPECT_EQ(server.stop(), 0);
  fmt::print("killed at{} of {} events\n", cuts, kEvents);
}

AMITY_ON_BOTH_DATABASES(KilledImport);

}  // namespace
}  // namespace amity::fault
