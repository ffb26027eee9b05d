// Every tests/scenarios/ROOM/*.yaml is a test, on SQLite and on PostgreSQL, through the whole engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/scenarios/bank.h"

namespace amity::scenarios {
namespace {

namespace fs = std::filesystem;

struct Case {
  fs::path file;
  store::Dialect dialect;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(AMITY_SOURCE_DIR) / "tests/scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    for (const auto dialect : {store::Dialect::kSqlite, store::Dialect::kPostgresql}) {
      cases.push_back({entry.path(), dialect});
    }
  }
  std::ranges::stable_sort(cases, {}, &Case::file);
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const auto& file = info.param.file;
  const auto* dialect = info.param.dialect == store::Dialect::kSqlite ? "on_sqlite" : "on_postgresql";
  return file.parent_path().filename().string() + "_" + file.stem().string() + "_" + dialect;
}

class Scenarios : public testing::TestWithParam<Case> {};

TEST_P(Scenarios, hold) {
  std::ifstream in(GetParam().file, std::ios::binary);
  const auto scenario = parse_scenario(std::string((std::istreambuf_iterator<char>(in)), {}));
  ASSERT_TRUE(scenario) << scenario.error().text();
  auto bank = Bank::open(GetParam().dialect, scenario->now, scenario->files);
  ASSERT_TRUE(bank) << bank.error().text();
  for (const auto& step : scenario->steps) {
    const auto taken = (*bank)->take(step);
    ASSERT_TRUE(taken) << scenario->proves << "\n" << step.verb << ": " << taken.error().text();
  }
  const auto held = (*bank)->check_what_always_holds();
  ASSERT_TRUE(held) << scenario->proves << "\n" << held.error().text();
}

INSTANTIATE_TEST_SUITE_P(All, Scenarios, testing::ValuesIn(all_cases()), name_of_case);

TEST(ScenarioFiles, say_what_they_prove_in_one_line) {
  for (const auto& one : all_cases()) {
    std::ifstream in(one.file, std::ios::binary);
    const auto scenario = parse_scenario(std::string((std::istreambuf_iterator<char>(in)), {}));
    ASSERT_TRUE(scenario) << one.file.filename() << ": " << scenario.error().text();
    EXPECT_FALSE(scenario->proves.empty() || scenario->proves.contains('\n')) << one.file.filename();
  }
}

TEST(ScenarioFiles, tell_a_difference_by_its_place) {
  const json::value actual = {{"a", 1}, {"b", {{"c", "x"}}}};
  EXPECT_EQ(first_difference({{"b", {{"c", "x"}}}, {"d", nullptr}}, actual), "");
  EXPECT_EQ(first_difference({{"b", {{"c", "y"}}}}, actual), R"(/b/c: expected "y", but it is "x")");
  EXPECT_EQ(first_difference({{"e", 1}}, actual), "/e: expected 1, but it is absent");
  EXPECT_EQ(first_difference({{"a", {{"at_least", 0.5}, {"at_most", 1}}}}, actual), "");
  EXPECT_NE(first_difference({{"a", {{"at_least", 0.5}, {"at_most", 0.9}}}}, actual), "");
  EXPECT_NE(first_difference({{"a", {{"at_least", 1.5}, {"at_most", 2}}}}, actual), "");
}

TEST(ScenarioFiles, write_an_entry_once_for_each_number) {
  const auto entry = parse_json(R"({"each": [2, 3], "type": "customer.registered", "subject": "customer/c{n}"})");
  const auto events = parse_events(*entry, {Timestamp{}, "given-1", false});
  ASSERT_TRUE(events) << events.error().text();
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ(events->at(1).subject.key, "c3");
  EXPECT_EQ(events->at(1).id, "given-1-3");
}

}  // namespace
}  // namespace amity::scenarios
