#include "expressions/conformance.h"

#include <fstream>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/data_sets_fixture.h"

namespace amity::expressions {
namespace {

TEST(Conformance, counts_what_passes_and_names_what_fails) {
  const auto report = run_conformance(R"({"id":"a","group":"core","expr":"1 + 1","expected":{"value":{"int":"2"}}})"
                                      "\n"
                                      R"({"id":"b","group":"core","expr":"1 + 1","expected":{"value":{"uint":"2"}}})"
                                      "\n"
                                      R"({"id":"c","group":"core","expr":"1 / 0","expected":{"error":true}})");
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->passed, 2u);
  EXPECT_EQ(report->failed_ids, std::vector<std::string>{"b"});
  EXPECT_EQ(report->by_group.at("core").failed, 1u);
}

TEST(Conformance, refuses_a_line_that_is_no_test) {
  const auto report = run_conformance("{\"id\":\"a\"}\n");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().place, "line 1");
}

TEST(Conformance, passes_the_language_s_own_tests) {
  const auto file = data_sets() / "cel/conformance.jsonl";
  std::ifstream in(file);
  if (!in) GTEST_SKIP() << "set AMITY_DATA to the folder that holds cel/conformance.jsonl";
  std::stringstream lines;
  lines << in.rdbuf();
  const auto report = run_conformance(lines.str());
  ASSERT_TRUE(report) << report.error().text();
  for (size_t i = 0; i < report->failed_ids.size(); ++i) {
    std::cout << "failed " << report->failed_ids[i] << ": " << report->reasons[i] << "\n";
  }
  for (const auto& [group, count] : report->by_group) {
    std::cout << group << ": " << count.passed << " passed, " << count.failed << " failed\n";
  }
  EXPECT_GE(report->passed, 1009u);
}

}  // namespace
}  // namespace amity::expressions
