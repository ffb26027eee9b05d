#include "features/definition.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace amity::features {
namespace {

constexpr std::string_view kDebits = R"(features:
  - name: account.debit_{aggregate}_{window}
    entity: account
    on: transaction.posted
    where: event.direction == 'debit'
    value: amount.amount_minor
    aggregate: [count, sum]
    window: [30d, 90d]
    unit: minor units
    description: { zh: 出账, en: "debits of {window}" }
)";

Result<FeatureSet> parse(std::string_view text) {
  const DefinitionFile file{"account.yaml", std::string(text)};
  return FeatureSet::parse(std::span(&file, 1));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out(text);
  const size_t at = out.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? out : out.replace(at, what.size(), with);
}

// The error of the debits with one thing changed.
Error error_of(std::string_view what, std::string_view with) {
  const auto set = parse(replaced(kDebits, what, with));
  EXPECT_FALSE(set.has_value()) << with;
  return set ? Error{} : set.error();
}

TEST(FeatureSet, makes_one_definition_for_each_aggregate_and_window_in_name_order) {
  const auto set = parse(kDebits);
  ASSERT_TRUE(set.has_value()) << set.error().text();
  ASSERT_EQ(set->definitions().size(), 4u);
  EXPECT_EQ(set->definitions()[0].name, "account.debit_count_30d");
  EXPECT_EQ(set->definitions()[3].name, "account.debit_sum_90d");
  EXPECT_EQ(set->definitions()[3].description_en, "debits of 90d");
}

TEST(FeatureSet, fingerprint_changes_with_the_meaning_and_not_with_the_wording) {
  const auto set = parse(kDebits);
  const auto reworded = parse(replaced(kDebits, "debits of {window}", "spent in {window}"));
  const auto narrowed = parse(replaced(kDebits, "'debit'", "'credit'"));
  ASSERT_TRUE(set && reworded && narrowed);
  EXPECT_EQ(set->fingerprint(), reworded->fingerprint());
  EXPECT_NE(set->fingerprint(), narrowed->fingerprint());
}

TEST(FeatureSet, names_file_feature_and_place_of_a_mistake) {
  const Error error = error_of("30d, 90d", "30d, 9y");
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.place, "account.yaml account.debit_{aggregate}_{window} /features/0/window");
}

TEST(FeatureSet, names_the_character_of_a_mistake_in_a_condition) {
  const Error error = error_of("event.direction == 'debit'", "event.direction = 'debit'");
  EXPECT_TRUE(error.place.starts_with("account.yaml account.debit_count_30d /where line 1")) << error.place;
}

TEST(FeatureSet, refuses_a_misspelt_field) {
  EXPECT_NE(error_of("event.direction ==", "event.direktion ==").text().find("direktion"), std::string::npos);
  EXPECT_NE(error_of("value: amount.amount_minor", "value: amuont.amount_minor").text().find("amuont"),
            std::string::npos);
  EXPECT_EQ(error_of("value: amount.amount_minor", "value: amount").message,
            "money is read as .amount_minor or .currency");
}

TEST(FeatureSet, refuses_what_does_not_go_together) {
  EXPECT_EQ(error_of("    value: amount.amount_minor\n", "").message, "this aggregate needs a value");
  EXPECT_EQ(error_of("entity: account", "entity: [merchant, customer]").code, Code::kInvalid);
  EXPECT_EQ(error_of("on: transaction.posted", "on: transaction.lost").code, Code::kInvalid);
  EXPECT_EQ(error_of("aggregate: [count, sum]", "aggregate: [median]").code, Code::kInvalid);
  EXPECT_EQ(error_of("window: [30d, 90d]", "window: [366d]").code, Code::kInvalid);
  EXPECT_EQ(error_of("    unit:", "    delay: 40d\n    unit:").message, "must not be longer than the window");
  EXPECT_EQ(error_of("    unit:", "    colour: red\n    unit:").code, Code::kInvalid);
}

TEST(FeatureSet, refuses_a_name_that_stands_twice_and_a_ratio_of_nothing) {
  const DefinitionFile files[] = {{"a.yaml", std::string(kDebits)}, {"b.yaml", std::string(kDebits)}};
  EXPECT_EQ(FeatureSet::parse(files).error().message, "the name stands already in a.yaml");
  const auto ratio = parse(std::string(kDebits) + R"(  - name: account.share
    aggregate: ratio
    numerator: account.debit_sum_30d
    denominator: account.debit_sum_31d
    description: { zh: 比, en: share }
)");
  ASSERT_FALSE(ratio.has_value());
  EXPECT_EQ(ratio.error().place, "account.yaml account.share /denominator");
}

TEST(FeatureSet, refuses_ratios_that_refer_to_one_another_or_to_themselves) {
  const auto ratio = [](std::string_view name, std::string_view of) {
    return fmt::format(
        "  - name: {}\n    aggregate: ratio\n    numerator: {}\n    denominator: account.debit_sum_30d\n"
        "    description: {{ zh: 比, en: share }}\n",
        name, of);
  };
  for (const auto& [first, second] : {std::pair{"account.b", "account.a"}, {"account.a", "account.b"}}) {
    const auto set = parse(std::string(kDebits) + ratio("account.a", first) + ratio("account.b", second));
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().place, "account.yaml account.a /numerator");
    EXPECT_EQ(set.error().message, "a ratio is made of two features that are no ratios");
  }
}

TEST(FeatureSet, selects_by_name) {
  const auto set = parse(kDebits);
  ASSERT_TRUE(set.has_value());
  const std::string names[] = {"account.debit_sum_30d", "account.debit_count_30d"};
  EXPECT_EQ(set->select(names).value(), (Selection{2, 0}));
  const std::string unknown[] = {"account.debit_sum_1d"};
  EXPECT_EQ(set->select(unknown).error().code, Code::kNotFound);
}

TEST(FeatureSet, reads_the_institutions_own_definitions) {
  std::vector<DefinitionFile> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(AMITY_SOURCE_DIR) + "/institution/features")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files.push_back({entry.path().filename().string(), text.str()});
  }
  ASSERT_GE(files.size(), 3u);
  const auto set = FeatureSet::parse(files);
  ASSERT_TRUE(set.has_value()) << set.error().text();
  for (const auto& d : set->definitions()) EXPECT_FALSE(d.description_zh.empty() || d.description_en.empty()) << d.name;
}

}  // namespace
}  // namespace amity::features
