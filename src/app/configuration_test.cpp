#include "app/configuration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "events/decode.h"

namespace amity::app {
namespace {

const char* nothing(const char*) { return nullptr; }

std::string file_with(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / ("amity_settings_" + std::to_string(getpid()) + ".yaml");
  std::ofstream(path) << text;
  return path.string();
}

TEST(Configuration, the_line_wins_over_the_environment_the_environment_over_the_file_the_file_over_the_default) {
  const auto file = file_with("workers: 3\nlisten: 127.0.0.1:1\nbatch-events: 7\n");
  const auto environment = [](const char* name) -> const char* {
    const std::string_view wanted = name;
    return wanted == "AMITY_WORKERS" ? "4" : wanted == "AMITY_LISTEN" ? "127.0.0.1:2" : nullptr;
  };
  const auto read = read_configuration({{"listen", "127.0.0.1:3"}}, environment, file);
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->listen, "127.0.0.1:3");
  EXPECT_EQ(read->worker_count, 4);
  EXPECT_EQ(read->batch_events, 7);
  EXPECT_EQ(read->waiting_events, 20'000);
}

TEST(Configuration, an_unknown_key_of_a_file_is_refused_with_its_place) {
  const auto file = file_with("wokers: 3\n");
  const auto read = read_configuration({}, nothing, file);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, Code::kInvalid);
  EXPECT_EQ(read.error().place, file + " wokers");
}

TEST(Configuration, a_number_out_of_its_range_is_refused_with_the_range_and_its_place) {
  const auto read = read_configuration({{"workers", "257"}}, nothing, "");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().text(), "workers is a whole number between 1 and 256 (at --workers)");
  EXPECT_FALSE(read_configuration({{"workers", "0"}}, nothing, "").has_value());
  EXPECT_FALSE(read_configuration({{"workers", "8 "}}, nothing, "").has_value());
  EXPECT_TRUE(read_configuration({{"workers", "256"}}, nothing, "").has_value());
}

// Else a whole batch would be answered 429, come again, for ever.
TEST(Configuration, no_fewer_events_may_wait_than_one_request_may_bring) {
  const auto most = static_cast<int64_t>(events::kMaxBatchEvents);
  const auto read = read_configuration({{"waiting-events", std::to_string(most - 1)}}, nothing, "");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().text(), "waiting-events is a whole number between 1000 and 1000000 (at --waiting-events)");
  EXPECT_EQ(read_configuration({{"waiting-events", std::to_string(most)}}, nothing, "")->waiting_events, most);
}

TEST(Configuration, variables_that_are_no_settings_are_named_without_their_values) {
  const char* const environment[] = {
      "AMITY_WORKER=3",    "PATH=/bin",     "AMITY_WORKERS=3",     "AMITY_TEST_X=1",    "AMITY_PASSWORD=x",
      "AMITY_SHIM_SEED=1", "AMITY_DATA=/x", "AMITY_DATAS=/x",      "AMITY_LANGUAGE=zh", "AMITY_",
      "AMITY_LONG=1",      "MY_AMITY_X=1",  "AMITY_TLS_KEY=k.pem", "AMITY_COUNTS=/x",   nullptr};
  EXPECT_EQ(unknown_variables(environment),
            (std::vector<std::string>{"AMITY_", "AMITY_DATAS", "AMITY_LANGUAGE", "AMITY_WORKER"}));
}

TEST(Configuration, a_level_of_logs_that_does_not_exist_is_refused) {
  const auto read = read_configuration({{"log-level", "loud"}}, nothing, "");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().text(), "log-level is one of debug, info, warn, error (at --log-level)");
}

TEST(Configuration, files_kept_for_a_servers_database_stand_beside_its_keys) {
  const auto path_with = [](std::map<std::string, std::string> given) {
    given["database"] = "postgresql://user@host/bank";
    const auto read = read_configuration(given, nothing, "");
    return read->data_path() + " " + read->keys + " " + read->key_file + " " + read->checkpoints;
  };
  EXPECT_EQ(path_with({}), "amity sqlite:amity.keys amity.key amity.checkpoints");
  EXPECT_EQ(path_with({{"keys", "sqlite:/a/bank.keys"}}),
            "/a/bank sqlite:/a/bank.keys /a/bank.key /a/bank.checkpoints");
  EXPECT_EQ(path_with({{"key-file", "/b/bank.key"}}), "/b/bank sqlite:/b/bank.keys /b/bank.key /b/bank.checkpoints");
  EXPECT_EQ(path_with({{"keys", "postgresql://user@host/keys"}, {"key-file", "/b/bank.key"}}),
            "/b/bank postgresql://user@host/keys /b/bank.key /b/bank.checkpoints");
}

TEST(Configuration, a_file_that_is_missing_or_no_list_of_keys_is_refused) {
  EXPECT_EQ(read_configuration({}, nothing, "/no/such/file").error().code, Code::kNotFound);
  EXPECT_EQ(read_configuration({}, nothing, file_with("- workers\n")).error().code, Code::kInvalid);
  EXPECT_EQ(read_configuration({}, nothing, file_with("workers: [3]\n")).error().code, Code::kInvalid);
}

TEST(Configuration, keys_and_checkpoints_stand_beside_the_data_where_nothing_else_is_said) {
  const auto read = read_configuration({{"database", "sqlite:there/bank.db"}}, nothing, "");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->keys, "sqlite:there/bank.db.keys");
  EXPECT_EQ(read->key_file, "there/bank.db.key");
  EXPECT_EQ(read->checkpoints, "there/bank.db.checkpoints");
}

TEST(Configuration, every_key_stands_in_the_guide_to_operation) {
  std::ifstream in(AMITY_SOURCE_DIR "/docs/operations.md");
  const std::string guide(std::istreambuf_iterator<char>(in), {});
  for (const auto& key : configuration_keys()) {
    EXPECT_NE(guide.find("| `" + std::string(key.name) + "` | "), std::string::npos) << key.name;
    EXPECT_NE(guide.find(std::string(key.help)), std::string::npos) << key.name << ": " << key.help;
    const auto range = std::to_string(key.least) + " to " + std::to_string(key.most);
    if (key.number != nullptr) {
      EXPECT_NE(guide.find(range), std::string::npos) << key.name << ": " << range;
    }
  }
}

}  // namespace
}  // namespace amity::app
