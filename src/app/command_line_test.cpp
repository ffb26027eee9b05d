#include "app/command_line.h"

#include <gtest/gtest.h>

namespace amity::app {
namespace {

Result<std::optional<CommandLine>> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "amity");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, names_a_command_of_two_words_with_its_values_and_settings) {
  const auto line =
      parse({"--database", "sqlite:x", "model", "approve", "credit.default", "--as", "officer", "--json"});
  ASSERT_TRUE(line.has_value() && line->has_value());
  EXPECT_EQ((*line)->command, "model approve");
  EXPECT_EQ((*line)->value("model"), "credit.default");
  EXPECT_EQ((*line)->value("as"), "officer");
  EXPECT_EQ((*line)->value("fingerprint", "newest"), "newest");
  EXPECT_TRUE((*line)->has("json"));
  EXPECT_EQ((*line)->settings.at("database"), "sqlite:x");
}

TEST(CommandLine, takes_settings_behind_the_command_too) {
  const auto line = parse({"serve", "--listen", "127.0.0.1:9000"});
  ASSERT_TRUE(line.has_value() && line->has_value());
  EXPECT_EQ((*line)->settings.at("listen"), "127.0.0.1:9000");
}

TEST(CommandLine, refuses_what_it_does_not_know_or_misses) {
  for (const auto& words : std::vector<std::vector<const char*>>{{},
                                                                 {"no-such-command"},
                                                                 {"model"},
                                                                 {"model", "approve"},
                                                                 {"import", "folder"},
                                                                 {"serve", "--no-such-setting", "1"}}) {
    const auto line = parse(words);
    ASSERT_FALSE(line.has_value());
    EXPECT_EQ(line.error().code, Code::kInvalid);
  }
}

TEST(CommandLine, names_a_command_or_option_it_does_not_know) {
  for (const auto& words : std::vector<std::vector<const char*>>{{"dcide"}, {"--dcide"}, {"model", "dcide"}}) {
    EXPECT_NE(parse(words).error().message.find("dcide'"), std::string::npos) << parse(words).error().message;
  }
}

TEST(CommandLine, reads_whole_numbers_within_their_range_only) {
  CommandLine line;
  line.values = {{"days", "30"}, {"seed", "3x"}, {"limit", "201"}};
  EXPECT_EQ(line.number("days", 1, 3660, 365).value(), 30);
  EXPECT_EQ(line.number("customers", 1, 10, 7).value(), 7);
  EXPECT_EQ(line.number("seed", 0, 9, 1).error().place, "--seed");
  EXPECT_EQ(line.number("limit", 1, 200, 20).error().text(),
            "a whole number between 1 and 200 is expected (at --limit)");
}

}  // namespace
}  // namespace amity::app
