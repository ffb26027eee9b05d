// What the whole program promises when power fails under it, when it is killed and when its disk refuses: an
// acknowledged event is never lost, none is doubled, no decision is made twice, and it comes back by itself.
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "tests/fault/small_disk.h"
#include "tests/fault/traffic.h"

namespace amity::fault {
namespace {

constexpr uint64_t kSeed = 20260701;

int rounds(int few, int many) { return std::getenv("AMITY_LONG") != nullptr ? many : few; }

// A bank that has been made, served and stopped in peace.
void copy_made_bank(const Bank& bank) {
  static const Bank made;
  static const bool is_made = [] {
    Server server(made);
    return server.has_served() && server.stop() == 0;
  }();
  CHECK(is_made);
  std::filesystem::copy(made.data(), bank.data(),
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += "\n  " + text.substr(0, 600);
  return all;
}

void append(Traffic& traffic, const Traffic& more) {
  traffic.batches.insert(traffic.batches.end(), more.batches.begin(), more.batches.end());
  for (const auto& [status, count] : more.statuses) traffic.statuses[status] += count;
}

struct PowerLoss {
  int crashed = 0;
  int crashed_before_serving = 0;
  int64_t acknowledged = 0;
  int rounds_with_defects = 0;
  std::string defects;
};

std::vector<std::string> defects_of(const Bank& bank, const Traffic& traffic) {
  std::vector<std::string> defects;
  {
    Server server(bank);
    if (!server.has_served() || !server.is_ready()) return {"the server does not come back: " + content_of(bank.log())};
    defects = defects_after(server, traffic);
    if (server.stop() != 0) defects.push_back("the server does not stop in peace");
  }
  const auto rebuilt = run(bank, {"rebuild", "--check"});
  if (rebuilt.status != 0) defects.push_back("rebuild: " + rebuilt.output + content_of(bank.log()));
  return defects;
}

// Power fails at a random operation: in every fifth round while a new bank is being made, else under traffic.
PowerLoss lose_power(int round_count, const Settings& settings) {
  PowerLoss total;
  Random random(kSeed);
  for (int round = 0; round < round_count; ++round) {
    const Bank bank;
    const bool is_new = round % 5 == 4;
    if (!is_new) copy_made_bank(bank);
    const auto after = static_cast<int64_t>(std::exp2((is_new ? 3 : 6) + 6 * random.uniform()));
    auto chosen = shim_of(bank, settings);
    chosen["AMITY_SHIM_SEED"] = std::to_string(random.below(1'000'000) + 1);
    chosen["AMITY_SHIM_CRASH_AFTER"] = std::to_string(after);
    Traffic traffic;
    {
      Server server(bank, chosen);
      if (server.has_served()) traffic = post_until_refused(server, 3, 60);
      total.crashed_before_serving += !server.has_served();
      if (server.has_served()) {
        server.process().signal(SIGUSR1);  // where it still runs, the next operation is its last
        append(traffic, post_until_refused(server, 1, 3, 9));
      }
      total.crashed += server.process().wait() == 137;
    }
    total.acknowledged += traffic.acknowledged();
    const auto defects = defects_of(bank, traffic);
    if (defects.empty()) continue;
    ++total.rounds_with_defects;
    total.defects +=
        fmt::format("\nround {}, seed {}, after {}:{}", round, chosen["AMITY_SHIM_SEED"], after, joined(defects));
  }
  return total;
}

class ServerStorageFault : public testing::Test {
 protected:
  void SetUp() override {
    if (!kMayPreload) GTEST_SKIP() << "a preloaded library and a sanitizer do not go together";
  }
};

TEST_F(ServerStorageFault, power_loss_loses_and_doubles_nothing_acknowledged) {
  const int count = rounds(50, 1000);
  const PowerLoss total = lose_power(count, {});
  EXPECT_EQ(total.rounds_with_defects, 0) << total.defects;
  EXPECT_GT(total.crashed, count * 9 / 10);
  EXPECT_GT(total.acknowledged, count * 10);
  RecordProperty("crashed_before_serving", total.crashed_before_serving);
  RecordProperty("acknowledged", std::to_string(total.acknowledged));
  fmt::print("{} rounds, {} crashed ({} before serving), {} events acknowledged\n", count, total.crashed,
             total.crashed_before_serving, total.acknowledged);
}

// Without this one the test above would prove nothing.
TEST_F(ServerStorageFault, weakened_synchronisation_does_lose_what_was_acknowledged) {
  const int count = rounds(30, 100);
  const PowerLoss total = lose_power(count, {{"AMITY_TEST_WEAKEN_SYNCHRONOUS", "1"}});
  EXPECT_GT(total.rounds_with_defects, 0);
  EXPECT_NE(total.defects.find("acknowledged and now answered differently"), std::string::npos) << total.defects;
  fmt::print("{} of {} rounds with loss\n", total.rounds_with_defects, count);
}

void expect_no_defects(const Bank& bank, const Traffic& traffic) {
  const auto defects = defects_of(bank, traffic);
  EXPECT_TRUE(defects.empty()) << joined(defects);
}

TEST(ServerFault, a_killed_server_serves_again_within_three_seconds_and_lost_nothing) {
  Random random(kSeed);
  const Bank bank;
  Traffic traffic;
  int64_t slowest_ms = 0;
  for (int round = 0; round < rounds(kMayPreload ? 20 : 5, 200) && !HasFailure(); ++round) {
    const auto begin = std::chrono::steady_clock::now();
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    EXPECT_TRUE(server.is_ready());
    const auto taken = std::chrono::steady_clock::now() - begin;
    slowest_ms = std::max<int64_t>(slowest_ms, std::chrono::duration_cast<std::chrono::milliseconds>(taken).count());
    std::thread killer([&, after_ms = random.below(250)] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after_ms));
      server.process().signal(SIGKILL);
    });
    append(traffic, post_until_refused(server, 3, 1'000'000, 1 + round * 3));
    killer.join();
    EXPECT_EQ(server.process().wait(), 137);
  }
  EXPECT_LT(slowest_ms, kMayPreload ? 3000 : 30000);  // a sanitizer takes its time
  EXPECT_GT(traffic.acknowledged(), 100);
  expect_no_defects(bank, traffic);
  fmt::print("{} events acknowledged, slowest start {} ms\n", traffic.acknowledged(), slowest_ms);
}

TEST(ServerFault, a_server_asked_to_stop_answers_what_it_accepted) {
  const Bank bank;
  Traffic traffic;
  for (int round = 0; round < 5; ++round) {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
      server.process().signal(SIGTERM);
    });
    append(traffic, post_until_refused(server, 3, 1'000'000, 1 + round * 3));
    stopper.join();
    EXPECT_EQ(server.process().wait(), 0) << content_of(bank.log());
  }
  EXPECT_GT(traffic.acknowledged(), 50);
  {
    Server server(bank);  // what was taken was answered: nothing else is in the log
    EXPECT_EQ(number_in(server.post("/v1/replays", "{}"), "events"), traffic.acknowledged());
    server.stop();
  }
  expect_no_defects(bank, traffic);
}

// Posts until something is refused, and gives back how the server said so.
Traffic refused_by(const Server& server, int status) {
  Traffic traffic = post_until_refused(server, 2, 400);
  EXPECT_GT(traffic.statuses[status], 0) << (traffic.batches.empty() ? "" : traffic.batches.back().answer);
  const auto ready = server.get("/readyz");
  EXPECT_TRUE(ready && ready->status == 503) << (ready ? ready->body : ready.error().text());
  const auto alive = server.get("/healthz");
  EXPECT_TRUE(alive && alive->status == 200);
  return traffic;
}

TEST_F(ServerStorageFault, a_refused_sync_stops_acknowledging_until_a_restart_and_loses_nothing) {
  int refused = 0;
  for (int n = 25; n < 225 && !HasFailure(); n += 20) {
    const Bank bank;
    copy_made_bank(bank);
    Traffic traffic;
    SCOPED_TRACE("sync " + std::to_string(n));
    {
      Server server(
          bank, shim_of(bank, {{"AMITY_SHIM_SEED", std::to_string(n)}, {"AMITY_SHIM_FAIL_SYNC", std::to_string(n)}}));
      if (!server.has_served()) continue;
      traffic = refused_by(server, 503);
      const auto later = post_until_refused(server, 1, 1, 7);
      EXPECT_EQ(later.statuses.count(200), 0U);
      append(traffic, later);
      ++refused;
      server.process().signal(SIGUSR1);  // and then power fails too
      append(traffic, post_until_refused(server, 1, 1, 8));
      server.process().signal(SIGTERM);
      server.process().wait();
    }
    expect_no_defects(bank, traffic);
  }
  EXPECT_GT(refused, 5);
}

TEST_F(ServerStorageFault, a_full_disk_stops_acknowledging_and_heals_when_there_is_space) {
  for (const int space : {600'000, 1'000'000, 2'000'000}) {
    const Bank bank;
    copy_made_bank(bank);
    Traffic traffic;
    SCOPED_TRACE("space " + std::to_string(space));
    {
      Server server(bank, shim_of(bank, {{"AMITY_SHIM_SPACE", std::to_string(space)}}));
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      traffic = refused_by(server, 503);
      std::ofstream(bank.data() / "space-again") << "now";
      for (int wait = 0; wait < 100 && !server.is_ready(); ++wait) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        append(traffic, post_until_refused(server, 1, 1, 100 + wait));
      }
      EXPECT_TRUE(server.is_ready());
      const auto healed = post_until_refused(server, 2, 5, 7);
      EXPECT_EQ(healed.statuses.size(), 1U);
      EXPECT_EQ(healed.statuses.count(200), 1U);
      append(traffic, healed);
      EXPECT_EQ(server.stop(), 0);
    }
    expect_no_defects(bank, traffic);
  }
}

// Under load PostgreSQL is killed, over and over. What it did not acknowledge is answered 503 or 504, and may be sent
// again; the server lives on with a memory that is no older and no newer than the database.
TEST(ServerPostgresqlFault, a_killed_database_loses_and_doubles_nothing) {
  const store::PostgresqlCluster cluster;
  Bank bank;
  bank.use(cluster.url());
  Traffic traffic;
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    for (int round = 0; round < rounds(3, 60) && !HasFailure(); ++round) {
      std::thread killer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200 + 37 * round));
        cluster.kill_server();
      });
      const auto during = post_until_refused(server, 3, 1'000'000, 1 + round * 3);
      killer.join();
      for (const auto& [status, count] : during.statuses) {
        EXPECT_TRUE(status == 200 || status == 503 || status == 504) << status << during.batches.back().answer;
      }
      append(traffic, during);
      EXPECT_FALSE(server.is_ready());
      cluster.start_again();
      for (int wait = 0; wait < 200 && !server.is_ready(); ++wait) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      EXPECT_TRUE(server.is_ready());
      const auto defects = defects_after(server, traffic);  // with the memory it has
      EXPECT_TRUE(defects.empty()) << joined(defects);
    }
    EXPECT_EQ(server.stop(), 0);
  }
  EXPECT_GT(traffic.acknowledged(), 50);
  expect_no_defects(bank, traffic);  // with what the database has
  fmt::print("{} events acknowledged\n", traffic.acknowledged());
}

constexpr auto kMayNotMount = "this process may not mount a file system: the shim's full disk stands for it";

// The shim refuses writes; here the file system itself has no space left, for the log of SQLite and whatever else.
TEST(ServerFullDisk, stops_acknowledging_and_heals_when_there_is_space) {
  for (const int64_t space : {200'000, 1'000'000}) {
    const Bank bank;
    const SmallDisk disk(bank.data(), 64);
    if (!disk.is_mounted()) GTEST_SKIP() << kMayNotMount;
    SCOPED_TRACE("space " + std::to_string(space));
    Traffic traffic;
    {
      Server server(bank);
      ASSERT_TRUE(server.has_served()) << content_of(bank.log());
      append(traffic, post_until_refused(server, 2, 5, 20));
      disk.fill_but(space);
      append(traffic, refused_by(server, 503));
      disk.give_space();
      for (int wait = 0; wait < 200 && !server.is_ready(); ++wait) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        append(traffic, post_until_refused(server, 1, 1, 100 + wait));
      }
      EXPECT_TRUE(server.is_ready());
      const auto healed = post_until_refused(server, 2, 5, 7);
      EXPECT_EQ(healed.statuses.count(200), 1U);
      EXPECT_EQ(healed.statuses.size(), 1U);
      append(traffic, healed);
      EXPECT_EQ(server.stop(), 0);
    }
    expect_no_defects(bank, traffic);
  }
}

// PostgreSQL refuses, or without space for its own log ends: then it has to be started again, and has all that was
// acknowledged. Nobody needs to write for the server to notice that there is space.
TEST(ServerFullDisk, of_postgresql_stops_acknowledging_and_loses_nothing) {
  const store::TemporaryFolder folder;
  const SmallDisk disk(folder.path(), 200);
  if (!disk.is_mounted()) GTEST_SKIP() << kMayNotMount;
  ::setenv("TMPDIR", folder.path().c_str(), 1);  // where the cluster makes its folder
  const store::PostgresqlCluster cluster;
  ::unsetenv("TMPDIR");
  Bank bank;
  bank.use(cluster.url());
  Traffic traffic;
  {
    Server server(bank);
    ASSERT_TRUE(server.has_served()) << content_of(bank.log());
    append(traffic, post_until_refused(server, 2, 5, 20));
    disk.fill_but(100'000);
    auto during = post_until_refused(server, 3, 20'000);
    for (const auto& [status, count] : during.statuses) {
      EXPECT_TRUE(status == 200 || status == 503 || status == 504) << status << during.batches.back().answer;
    }
    EXPECT_GT(during.statuses[503] + during.statuses[504], 0);
    append(traffic, during);
    disk.give_space();
    for (int wait = 0; wait < 200 && !server.is_ready(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (!server.is_ready()) cluster.start_again();
    for (int wait = 0; wait < 200 && !server.is_ready(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE(server.is_ready());
    EXPECT_EQ(server.stop(), 0);
  }
  EXPECT_GT(traffic.acknowledged(), 50);
  expect_no_defects(bank, traffic);
}

}  // namespace
}  // namespace amity::fault
