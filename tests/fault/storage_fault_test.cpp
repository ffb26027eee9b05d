// What the store promises when the disk or the process fails: an acknowledged row is never lost, and the database
// opens.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>

#include "base/random.h"
#include "store/database_fixture.h"
#include "tests/fault/rows.h"

namespace amity::fault {
namespace {

using store::Reader;
using store::Row;
using store::Statement;

constexpr Statement kAll("rows.all", "SELECT id, filler FROM rows");
constexpr Statement kCheck("rows.check", "PRAGMA integrity_check", "SELECT 'ok'");

constexpr uint64_t kSeed = 20260301;

struct Job {
  std::filesystem::path database;
  bool weaken = false;
  int64_t rows_per_thread = 4000;
  std::map<std::string, std::string> shim = {};  // AMITY_SHIM_...; empty: without the shim
  int kill_after_ms = -1;
};

struct Outcome {
  int status = 0;  // exit status; 128 + signal
  std::set<int64_t> acknowledged;
  std::string output;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t start(const Job& job, int output) {
  std::vector<std::string> environment = {"AMITY_SHIM_FOLDER=" + job.database.parent_path().string()};
  if (!job.shim.empty()) environment.push_back("LD_PRELOAD=" AMITY_STORAGE_SHIM);
  for (const auto& [name, value] : job.shim) environment.push_back("AMITY_SHIM_" + name + "=" + value);
  std::vector<std::string> arguments = {AMITY_ROW_WRITER, job.database.string(), job.weaken ? "normal" : "full",
                                        std::to_string(job.rows_per_thread)};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  CHECK(posix_spawn(&process, AMITY_ROW_WRITER, &actions, nullptr, pointers_to(arguments).data(),
                    pointers_to(environment).data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  return process;
}

std::string all_of(int input) {
  std::string output;
  char buffer[65536];
  for (ssize_t size = 0; (size = read(input, buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<size_t>(size));
  }
  return output;
}

Outcome run_writer(const Job& job) {
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t process = start(job, ends[1]);
  close(ends[1]);
  std::thread killer([&] {
    if (job.kill_after_ms < 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(job.kill_after_ms));
    kill(process, SIGKILL);
  });
  Outcome outcome;
  outcome.output = all_of(ends[0]);
  close(ends[0]);
  killer.join();
  int status = 0;
  waitpid(process, &status, 0);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    if (line.starts_with("ack ")) outcome.acknowledged.insert(std::stoll(line.substr(4)));
  }
  return outcome;
}

std::set<int64_t> rows_in(store::Database& database) {
  std::set<int64_t> present;
  const auto read = database.read([&](Reader& reader) -> Result<void> {
    TRY(reader.query(kCheck, {}, [](const Row& row) -> Result<void> {
      EXPECT_EQ(row.text(0), "ok");
      return {};
    }));
    return reader.query(kAll, {}, [&](const Row& row) -> Result<void> {
      present.insert(row.integer(0));
      EXPECT_EQ(row.text(1), filler_of(row.integer(0)));
      return {};
    });
  });
  EXPECT_TRUE(read) << read.error().text();
  return present;
}

int64_t missing(const std::set<int64_t>& acknowledged, const std::set<int64_t>& present) {
  int64_t count = 0;
  for (const int64_t id : acknowledged) count += present.contains(id) ? 0 : 1;
  return count;
}

// How many acknowledged rows are missing. The database must open, be whole, and hold no row that is not itself.
int64_t lost_rows(const std::filesystem::path& path, const std::set<int64_t>& acknowledged) {
  const auto database = store::open_database(options_for("sqlite:" + path.string()));
  EXPECT_TRUE(database) << database.error().text();
  return database ? missing(acknowledged, rows_in(**database)) : -1;
}

int rounds(int few, int many) { return std::getenv("AMITY_LONG") != nullptr ? many : few; }

struct PowerLoss {
  int crashed = 0;
  int64_t acknowledged = 0;
  int rounds_with_loss = 0;
};

// Power fails at a random operation of each round, early ones and late ones alike.
PowerLoss lose_power(int round_count, bool weaken) {
  PowerLoss total;
  Random random(kSeed);
  for (int round = 0; round < round_count && !testing::Test::HasFailure(); ++round) {
    const store::TemporaryFolder folder;
    Job job{.database = folder.path() / "amity.db", .weaken = weaken};
    const auto after = static_cast<int64_t>(std::exp2(3 + 11 * random.uniform()));  // 8 to 16,384 operations
    job.shim = {{"SEED", std::to_string(random.below(1'000'000) + 1)}, {"CRASH_AFTER", std::to_string(after)}};
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + job.shim["SEED"] + ", after " + std::to_string(after));
    const Outcome outcome = run_writer(job);
    EXPECT_TRUE(outcome.status == 137 || outcome.status == 0) << outcome.status;
    total.crashed += outcome.status == 137;
    total.acknowledged += static_cast<int64_t>(outcome.acknowledged.size());
    total.rounds_with_loss += lost_rows(job.database, outcome.acknowledged) > 0;
  }
  return total;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMayPreload = false;
#else
constexpr bool kMayPreload = true;
#endif

class StorageFault : public testing::Test {
 protected:
  void SetUp() override {
    if (!kMayPreload) GTEST_SKIP() << "a preloaded library and a sanitizer do not go together";
  }
};

TEST_F(StorageFault, power_loss_loses_no_acknowledged_row) {
  const int count = rounds(50, 1000);
  const PowerLoss total = lose_power(count, false);
  EXPECT_EQ(total.rounds_with_loss, 0);
  EXPECT_GT(total.crashed, count * 9 / 10);
  EXPECT_GT(total.acknowledged, count);
  RecordProperty("acknowledged", std::to_string(total.acknowledged));
}

// Without this one the test above would prove nothing.
TEST_F(StorageFault, weakened_synchronisation_does_lose_rows_to_power_loss) {
  const PowerLoss total = lose_power(rounds(20, 200), true);
  EXPECT_GT(total.rounds_with_loss, 0);
  RecordProperty("rounds_with_loss", std::to_string(total.rounds_with_loss));
}

TEST_F(StorageFault, a_refused_sync_stops_acknowledging_and_loses_nothing) {
  for (int n = 1; n <= 40 && !HasFailure(); n += 3) {
    const store::TemporaryFolder folder;
    Job job{.database = folder.path() / "amity.db"};
    job.shim = {{"SEED", std::to_string(n)}, {"FAIL_SYNC", std::to_string(n)}};
    SCOPED_TRACE("sync " + std::to_string(n));
    const Outcome outcome = run_writer(job);
    const bool was_open = outcome.output.starts_with("opened");
    EXPECT_EQ(outcome.status, was_open ? 0 : 3);
    EXPECT_EQ(outcome.output.find("refused: the storage") != std::string::npos, was_open)
        << outcome.acknowledged.size();
    EXPECT_EQ(lost_rows(job.database, outcome.acknowledged), 0);
  }
}

TEST_F(StorageFault, power_loss_after_a_refused_sync_loses_nothing_acknowledged) {
  for (int n = 8; n <= 60 && !HasFailure(); n += 7) {
    const store::TemporaryFolder folder;
    Job job{.database = folder.path() / "amity.db"};
    job.shim = {{"SEED", std::to_string(n)}, {"FAIL_SYNC", std::to_string(n)}, {"CRASH_AFTER", "2500"}};
    const Outcome outcome = run_writer(job);
    EXPECT_EQ(lost_rows(job.database, outcome.acknowledged), 0);
  }
}

TEST_F(StorageFault, a_full_disk_stops_acknowledging_and_heals_when_there_is_space) {
  for (const int64_t space : {300'000, 1'000'000, 5'000'000, 20'000'000}) {
    const store::TemporaryFolder folder;
    Job job{.database = folder.path() / "amity.db"};
    job.shim = {{"SEED", "1"}, {"SPACE", std::to_string(space)}};
    SCOPED_TRACE("space " + std::to_string(space));
    const Outcome outcome = run_writer(job);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.output.find("refused: the disk is full"), std::string::npos) << outcome.acknowledged.size();
    EXPECT_TRUE(outcome.output.ends_with("healed\n"));
    EXPECT_EQ(lost_rows(job.database, outcome.acknowledged), 0);
  }
}

TEST_F(StorageFault, a_killed_process_loses_no_acknowledged_row) {
  Random random(kSeed);
  for (int round = 0; round < rounds(10, 100) && !HasFailure(); ++round) {
    const store::TemporaryFolder folder;
    Job job{.database = folder.path() / "amity.db"};
    job.rows_per_thread = 100'000;
    job.kill_after_ms = static_cast<int>(random.below(300));
    const Outcome outcome = run_writer(job);
    EXPECT_EQ(outcome.status, 137);
    EXPECT_EQ(outcome.acknowledged.empty() ? 0 : lost_rows(job.database, outcome.acknowledged), 0);
  }
}

// The server dies under four writers and comes back: what was acknowledged is there, what was refused is not.
TEST(PostgresqlFault, a_killed_server_loses_no_acknowledged_row_and_the_store_finds_it_again) {
  const store::PostgresqlCluster cluster;
  const auto database = store::open_database(options_for(cluster.url()));
  ASSERT_TRUE(database) << database.error().text();
  std::mutex mutex;
  std::set<int64_t> acknowledged;
  std::set<int64_t> refused;
  std::atomic<bool> is_done = false;
  std::vector<std::thread> threads;
  for (int64_t t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t id = t * 1'000'000; !is_done; ++id) {
        const auto result = add_row(**database, id);
        const std::lock_guard lock(mutex);
        if (result) acknowledged.insert(id);
        if (!result && result.error().code == Code::kUnavailable) refused.insert(id);
        if (!result) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  size_t before = 0;
  for (int round = 0; round < rounds(2, 20); ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cluster.kill_server();
    bool is_healthy = true;
    for (int wait = 0; wait < 100 && is_healthy; ++wait) {  // until a writer notices, also in the middle of a commit
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      is_healthy = (*database)->health().has_value();
    }
    EXPECT_FALSE(is_healthy);
    cluster.start_again();
    for (int wait = 0; wait < 300 && !(*database)->health(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE((*database)->health());
  }
  {
    const std::lock_guard lock(mutex);
    before = acknowledged.size();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  is_done = true;
  for (auto& thread : threads) thread.join();
  const std::set<int64_t> present = rows_in(**database);
  EXPECT_GT(acknowledged.size(), before);
  EXPECT_EQ(missing(acknowledged, present), 0);
  EXPECT_EQ(missing(refused, present), static_cast<int64_t>(refused.size()));
}

}  // namespace
}  // namespace amity::fault
