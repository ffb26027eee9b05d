// The demo bank a newcomer meets, made by the built program: killed in the middle, made to its end, deciding.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/json.h"
#include "simulator/bank.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

// Of the shape of the default bank, with fewer customers.
constexpr int kCustomers = 320;
constexpr int kDays = 730;

std::string run(const std::string& arguments) {
  FILE* const pipe = popen((std::string(AMITY_PROGRAM) + " " + arguments + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  for (size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), size);
  }
  EXPECT_EQ(pclose(pipe), 0) << arguments << '\n' << output;
  return output;
}

class Demo : public testing::Test {
 protected:
  Demo() {
    fs::create_directories(folder_);
    ::setenv("AMITY_DATABASE", ("sqlite:" + (folder_ / "bank.db").string()).c_str(), 1);
  }
  ~Demo() override {
    ::unsetenv("AMITY_DATABASE");
    fs::remove_all(folder_);
  }

  uintmax_t bytes_written() const {
    std::error_code ignored;
    uintmax_t bytes = 0;
    for (const auto* name : {"bank.db", "bank.db-wal"}) {
      const auto size = fs::file_size(folder_ / name, ignored);
      if (!ignored) bytes += size;
    }
    return bytes;
  }

  // Begins the same bank and kills it once `bytes` are written.
  void begin_and_kill(uintmax_t bytes) const {
    const auto customers = std::to_string(kCustomers);
    const auto days = std::to_string(kDays);
    const pid_t child = fork();
    if (child == 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      dup2(nowhere, STDOUT_FILENO);
      execl(AMITY_PROGRAM, AMITY_PROGRAM, "demo", "--prepare-only", "--customers", customers.c_str(), "--days",
            days.c_str(), "--start", "2024-01-01", nullptr);
      _exit(127);
    }
    for (int i = 0; i < 6000 && bytes_written() < bytes; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it had ended before";
  }

  fs::path folder_ = fs::temp_directory_path() / ("amity_demo_" + to_hex(random_bytes(8)));
};

void expect_live_models() {
  const auto models = *parse_json(run("model list --json"));
  ASSERT_EQ(models.at("models").as_array().size(), 2u);
  for (const auto& model : models.at("models").as_array()) {
    EXPECT_EQ(model.at("versions").at(0).at("stage"), "live") << write_json(model);
    EXPECT_NE(model.at("versions").at(0).at("approved_by"), model.at("versions").at(0).at("trained_by"));
  }
}

// Whoever looks sees that no people of an institution did this.
void expect_marked() {
  EXPECT_NE(run("model list").find("made and approved by amity demo"), std::string::npos);
  EXPECT_NE(run("model list --language zh").find("由 amity demo 训练并批准"), std::string::npos);
  const auto models = *parse_json(run("model list --json"));
  for (const auto& model : models.at("models").as_array()) {
    EXPECT_EQ(model.at("versions").at(0).at("report").at("mark"), "demo");
  }
}

void expect_explained(const std::string& account) {
  const auto decision = *parse_json(run("decide credit.application --account " + account +
                                        " --amount 60000 --months 12 --payment 5500 --at 2025-12-31 --json"));
  ASSERT_TRUE(decision.as_object().contains("probability")) << write_json(decision);
  EXPECT_EQ(decision.at("model"), "credit.default");
  const double probability = decision.at("probability").as_double();
  EXPECT_GT(probability, 0);
  EXPECT_LT(probability, 1);
  ASSERT_GT(decision.at("reasons").as_array().size(), 0u);
  EXPECT_NE(decision.at("reasons").at(0).at("code"), "not_enough_history");
}

// The second start names no options: it goes on with those it began with.
TEST_F(Demo, cut_short_goes_on_to_the_same_bank_whose_approved_models_decide) {
  begin_and_kill(uintmax_t{8} << 20);
  const auto made = run("demo --prepare-only");
  EXPECT_NE(made.find(fmt::format("{} customers, {} days", kCustomers, kDays)), std::string::npos) << made;
  EXPECT_NE(made.find("demo.analyst      risk_analyst"), std::string::npos) << made;
  const auto again = run("demo --prepare-only");
  EXPECT_EQ(again, made.substr(made.find("Demo users")));  // nothing is made twice

  expect_live_models();
  expect_marked();
  const auto simulated = simulator::simulate({.customers = kCustomers, .days = kDays, .payments_a_day = 0.03});
  const auto& oldest = *std::ranges::find(simulated->events, "account.opened", &events::Event::type);
  expect_explained(oldest.subject.key);
  const auto measured = *parse_json(run("evaluate fraud.payment --since 2025-07-01 --json"));
  EXPECT_EQ(measured.at("method"), "out_of_time");
  const auto replayed = *parse_json(run("replay --all --json"));
  EXPECT_EQ(replayed.at("events").to_number<size_t>(), simulated->events.size() + 1);  // and the decision above
  EXPECT_EQ(replayed.at("differences").to_number<int>(), 0);
  EXPECT_GT(replayed.at("decisions").to_number<int>(), 100);
}

}  // namespace
}  // namespace amity::app
