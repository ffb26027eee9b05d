// Everything commands and routes say to people, in both languages.
#include "app/words.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "base/yaml.h"
#include "decisions/policy.h"
#include "events/catalogue.h"
#include "models/registry.h"
#include "security/caller.h"

namespace amity::app {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

api::Texts shipped() { return *read_texts(*Institution::read(AMITY_SOURCE_DIR "/institution")); }

std::set<std::string> keys_of(const std::map<std::string, std::string, std::less<>>& texts) {
  std::set<std::string> keys;
  for (const auto& [key, text] : texts) keys.insert(key);
  return keys;
}

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

void expect_in_both(const api::Texts& texts, const std::string& key) {
  for (const auto* language : {"en", "zh"}) EXPECT_TRUE(texts.at(language).contains(key)) << language << ' ' << key;
}

TEST(Texts, are_the_same_keys_with_the_same_values_put_in_in_both_languages) {
  const auto texts = shipped();
  EXPECT_EQ(keys_of(texts.at("en")), keys_of(texts.at("zh")));
  const std::regex value(R"(\{(\w*)\})");
  for (const auto& [key, text] : texts.at("en")) {
    EXPECT_FALSE(text.empty()) << key;
    const auto other = texts.at("zh").find(key);
    if (other == texts.at("zh").end()) continue;  // said above
    EXPECT_EQ(matches(text, value), matches(other->second, value)) << key;
  }
}

TEST(Texts, hold_every_key_that_a_command_names) {
  const auto texts = shipped();
  const std::regex key(R"~("((?:say|label|progress)\.\w+)")~");
  int found = 0;
  for (const auto& folder : {AMITY_SOURCE_DIR "/src/app", AMITY_SOURCE_DIR "/src/app/commands"}) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() != ".cpp" || file.path().stem().string().ends_with("_test")) continue;
      for (const auto& name : matches(content_of(file.path()), key)) {
        expect_in_both(texts, name);
        ++found;
      }
    }
  }
  EXPECT_GT(found, 60);
}

TEST(Texts, hold_a_word_for_every_event_field_code_role_and_stage) {
  const auto texts = shipped();
  for (const auto& type : events::catalogue()) {
    expect_in_both(texts, "event." + std::string(type.name));
    for (const auto& field : type.fields) {
      const auto name = std::string(field.name);
      expect_in_both(texts, "field." + name);
      const auto kind = field.kind == events::FieldKind::kHolders ? "role" : name;
      const auto codes = std::string(field.codes);
      for (const auto& code : matches(std::string(field.codes), std::regex("(\\w+)"))) {
        expect_in_both(texts, "code." + kind + "." + code);
      }
    }
  }
  for (int role = 0; role <= static_cast<int>(security::Role::kCustomer); ++role) {
    expect_in_both(texts, "role." + std::string(security::name_of(static_cast<security::Role>(role))));
  }
  for (int stage = 0; stage <= static_cast<int>(models::Stage::kRetired); ++stage) {
    expect_in_both(texts, "stage." + std::string(models::name_of(static_cast<models::Stage>(stage))));
  }
}

TEST(Texts, hold_a_word_for_every_outcome_and_reason_of_the_shipped_policies_and_models) {
  const auto texts = shipped();
  const std::regex reason(R"(reason: (\w+))");
  for (const auto* folder : {"policies", "models"}) {
    for (const auto& file : fs::directory_iterator(fs::path(AMITY_SOURCE_DIR "/institution") / folder)) {
      const auto text = content_of(file.path());
      for (const auto& code : matches(text, reason)) expect_in_both(texts, "reason." + code);
      const auto definition = parse_yaml(text).value();
      const auto* outcomes = definition.as_object().if_contains("outcomes");
      if (outcomes == nullptr) continue;
      for (const auto& outcome : outcomes->as_array())
        expect_in_both(texts, "outcome." + std::string(outcome.as_string()));
    }
  }
}

TEST(Words, put_values_in_once_and_leave_what_has_none) {
  EXPECT_EQ(filled("{a} of {b}, {c}", {{"a", "1"}, {"b", "{a}"}}), "1 of {a}, {c}");
  EXPECT_EQ(filled("{a", {{"a", "1"}}), "{a");
  EXPECT_EQ(filled("{}{{a}}", {{"a", "1"}}), "{}{1}");
  EXPECT_EQ(filled("", {}), "");
}

TEST(Words, tell_a_code_without_a_text_by_itself_and_count_columns_of_chinese_twice) {
  const auto words = Words::read("", "zh").value();
  EXPECT_EQ(words.word("outcome", "refer"), "转人工审核");
  EXPECT_EQ(words.word("outcome", "an institution's own"), "an institution's own");
  EXPECT_EQ(Words::padded("原因", 6), "原因  ");
  EXPECT_EQ(Words::padded("because", 6), "because");
}

TEST(Words, of_an_institution_that_leaves_some_out_are_those_of_the_program) {
  const auto folder = fs::temp_directory_path() / ("amity_words_" + std::to_string(getpid()));
  fs::create_directories(folder / "texts");
  std::ofstream(folder / "texts/zh.yaml") << "outcome.refer: 由信贷员决定\n";
  const auto words = Words::read(folder.string(), "zh").value();
  EXPECT_EQ(words.word("outcome", "refer"), "由信贷员决定");
  EXPECT_EQ(words.word("outcome", "approve"), "批准");
  std::ofstream(folder / "texts/zh.yaml") << "- a list\n";
  EXPECT_EQ(Words::read(folder.string(), "zh").error().place, "texts/zh.yaml");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace amity::app
