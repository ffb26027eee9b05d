// The search index comes back by itself: after a crash of PostgreSQL, which empties it, and through kill -9 while it is
// built.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "customers/search_index.h"
#include "security/keys.h"
#include "tests/fault/traffic.h"

namespace amity::fault {
namespace {

constexpr store::Statement kEmptyTokens("test.empty_tokens", "DELETE FROM search_tokens");
constexpr store::Statement kEmptyIndex("test.empty_index", "DELETE FROM search_index");

void register_people(const Server& server, int count) {
  constexpr int kAtOnce = 500;
  for (int first = 0; first < count; first += kAtOnce) {
    json::array events;
    for (int i = first; i < std::min(count, first + kAtOnce); ++i) {
      events.push_back({{"specversion", "1.0"},
                        {"source", "search"},
                        {"id", fmt::format("r-{}", i)},
                        {"type", "customer.registered"},
                        {"subject", fmt::format("customer/person-{}", i)},
                        {"time", "2026-02-01T10:00:00Z"},
                        {"data", {{"name", fmt::format("Heron Number{}", i)}, {"phone", "+8613977770001"}}}});
    }
    const auto posted = server.post("/v1/events", write_json(events));
    ASSERT_TRUE(posted && posted->status == 200) << (posted ? posted->body : "");
    ASSERT_EQ(posted->body.find("problem"), std::string::npos);
  }
}

// A bank nobody serves, opened in this process.
class Opened {
 public:
  explicit Opened(const Bank& bank) {
    const auto beside = (bank.data() / "amity.db").string();
    keys_ = *security::KeyStore::open({.url = "sqlite:" + beside + ".keys", .key_file = beside + ".key"}, clock_);
    const auto page_key = keys_->institution_key("pages");
    database_ = *store::open_database({.url = bank.url(), .page_key = page_key});
  }
  void lose_index() {
    ASSERT_TRUE(database_->write([](store::Transaction& transaction) -> Result<void> {
      TRY(transaction.execute(kEmptyTokens, {}));
      TRY(transaction.execute(kEmptyIndex, {}));
      return {};
    }));
  }
  Uuid built_to() {
    Uuid last;
    EXPECT_TRUE(database_->read([&](store::Reader& reader) -> Result<void> {
      return last = TRY(customers::SearchIndex(*keys_).built_to(reader)), Result<void>();
    }));
    return last;
  }

 private:
  SystemClock clock_;
  std::unique_ptr<security::KeyStore> keys_;
  std::unique_ptr<store::Database> database_;
};

// Polls until somebody is searched for; whoever is must be found.
void expect_found_at_last(const Server& server, const std::string& word) {
  int status = 0;
  for (int i = 0; i < 600 && status != 200; ++i) {
    const auto answer = server.get("/v1/customers?query=" + word);
    status = answer ? answer->status : 0;
    if (status == 200) {
      EXPECT_NE(answer->body.find("\"customer\":"), std::string::npos) << answer->body;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(status, 200);
}

TEST(SearchIndexFault, killed_while_it_is_built_it_is_built_on_where_it_was) {
  const Bank bank;
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    register_people(server, 6000);
    EXPECT_EQ(server.stop(), 0);
  }
  Opened(bank).lose_index();
  int killed_half_way = 0;
  Uuid before;
  for (int round = 0; round < 100 && before != customers::kLastCustomer; ++round) {
    {
      Process process(bank, {"serve", "--listen", "127.0.0.1:0"});
      std::this_thread::sleep_for(std::chrono::milliseconds(60 + 13 * round));
      process.signal(SIGKILL);
      process.wait();
    }
    const auto now = Opened(bank).built_to();
    EXPECT_GE(now, before) << round;
    killed_half_way += !now.is_nil() && now != customers::kLastCustomer;
    before = now;
  }
  EXPECT_EQ(before, customers::kLastCustomer);
  EXPECT_GT(killed_half_way, 0);
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    for (const auto* word : {"number0", "number2999", "person-5999"}) expect_found_at_last(server, word);
    EXPECT_EQ(server.stop(), 0);
  }
  const auto checked = run(bank, {"rebuild", "--check"});
  EXPECT_EQ(checked.status, 0) << checked.output;
  fmt::print("killed half way {} times\n", killed_half_way);
}

TEST(SearchIndexFault, of_postgresql_is_emptied_by_a_crash_and_built_again_while_it_serves) {
  const store::PostgresqlCluster cluster;
  Bank bank;
  bank.use(cluster.url());
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    register_people(server, 500);
    expect_found_at_last(server, "number77");
    cluster.kill_server();
    cluster.start_again();
    expect_found_at_last(server, "number77");
    const auto log = content_of(bank.log());
    EXPECT_NE(log.find("the search index is gone"), std::string::npos) << log;
    EXPECT_NE(log.find("the search index is whole"), std::string::npos) << log;
    EXPECT_EQ(server.stop(), 0);
  }
  const auto checked = run(bank, {"rebuild", "--check"});
  EXPECT_EQ(checked.status, 0) << checked.output;
}

// A command in a process of its own has nobody to wait for: it builds what is missing, and then searches.
TEST(SearchIndexFault, gone_between_two_commands_is_built_by_the_one_that_searches) {
  const Bank bank;
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    register_people(server, 1000);
    EXPECT_EQ(server.stop(), 0);
  }
  Opened(bank).lose_index();
  const auto found = run(bank, {"customer", "find", "number999"});
  EXPECT_EQ(found.status, 0) << found.output;
  EXPECT_NE(found.output.find("person-999"), std::string::npos) << found.output;
  EXPECT_EQ(Opened(bank).built_to(), customers::kLastCustomer);
}

}  // namespace
}  // namespace amity::fault
