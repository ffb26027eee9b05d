#include "customers/resolution_measures.h"

#include <gtest/gtest.h>

namespace amity::customers {
namespace {

// Rows 0, 1, 2 are a, 3 and 4 are b; found: 0-1 (right), 2-3 (wrong).
Resolution some_found() {
  Resolution found;
  found.matches = {{0, 1, 0.9, {}}, {2, 3, 0.9, {}}};
  found.candidates = {{{1, 0.9}}, {{0, 0.9}, {2, 0.1}}, {{3, 0.9}}, {{4, 0.1}}, {}};
  return found;
}

TEST(ResolutionMeasures, count_pairs_once_and_candidates_in_both_directions) {
  const auto measures = measure({"a", "a", "a", "b", "b"}, some_found(), 0);
  EXPECT_EQ(measures.true_pairs, 4);
  EXPECT_EQ(measures.true_groups, 2);
  EXPECT_DOUBLE_EQ(measures.precision.value, 0.5);
  EXPECT_DOUBLE_EQ(measures.recall.value, 0.25);
  EXPECT_DOUBLE_EQ(measures.f1.value, 2 * 1.0 / (2 + 4));
  EXPECT_DOUBLE_EQ(measures.candidate_recall.value, 4.0 / 8);  // 0-1, 1-0, 1-2, 3-4
  EXPECT_LT(measures.f1.low, measures.f1.value);
  EXPECT_GT(measures.f1.high, measures.f1.value);
}

TEST(ResolutionMeasures, of_two_lists_look_from_the_first_into_the_second) {
  const auto measures = measure({"a", "a", "a", "b", "b"}, some_found(), 1);
  EXPECT_EQ(measures.true_pairs, 2);  // 0-1, 0-2
  EXPECT_DOUBLE_EQ(measures.candidate_recall.value, 0.5);
}

TEST(ResolutionMeasures, nobody_is_the_same_as_a_blank) {
  const auto measures = measure({"", "", "", "", ""}, some_found(), 0);
  EXPECT_EQ(measures.true_pairs, 0);
  EXPECT_DOUBLE_EQ(measures.precision.value, 0);
}

// Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 20 of 20 gives 0.8389 to 1; 0 of 20 gives 0 to 0.1611.
TEST(ResolutionMeasures, have_the_intervals_of_the_literature) {
  EXPECT_NEAR(wilson(81, 263, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson(81, 263, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson(20, 20, 20).low, 0.8389, 5e-5);
  EXPECT_NEAR(wilson(0, 20, 20).high, 0.1611, 5e-5);
  EXPECT_EQ(wilson(0, 0, 0).low, 0);
}

}  // namespace
}  // namespace amity::customers
