#include "models/folds.h"

#include <gtest/gtest.h>

#include <set>

namespace amity::models {
namespace {

TEST(Folds, of_groups_all_hold_both_values_and_never_split_a_group) {
  // 200 groups of two rows, 21 of them bad: 21 cannot be dealt evenly to 5 folds.
  std::vector<uint8_t> labels;
  std::vector<uint32_t> groups;
  for (uint32_t group = 0; group < 200; ++group) {
    for (int row = 0; row < 2; ++row) {
      labels.push_back(group < 21 ? 1 : 0);
      groups.push_back(group);
    }
  }
  Random random(7);
  const auto folds = stratified_folds(labels, groups, 5, random);
  std::vector<int> positives(5);
  std::vector<int> negatives(5);
  for (size_t i = 0; i < folds.size(); ++i) {
    auto& counts = labels[i] == 1 ? positives : negatives;
    ++counts[static_cast<size_t>(folds[i])];
    EXPECT_EQ(folds[i], folds[i ^ 1]);  // the two rows of a group
  }
  for (size_t fold = 0; fold < 5; ++fold) {
    EXPECT_GE(positives[fold], 8);
    EXPECT_LE(positives[fold], 10);
    EXPECT_GE(negatives[fold], 66);  // 400 rows in 5 folds: 80 a fold, of which 8 to 10 are bad
    EXPECT_LE(negatives[fold], 76);
  }
}

}  // namespace
}  // namespace amity::models
