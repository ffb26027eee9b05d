#include "models/flat_forest.h"

#include <gtest/gtest.h>

#include <bit>

#include "models/forest_fixture.h"

namespace amity::models {
namespace {

// Apart from Forest::margin and all that it calls: NaN goes where the node says, a number left where it is less, a
// category left unless the set holds it.
float naive_margin(const Forest& forest, std::span<const float> row) {
  float sum = forest.base_margin;
  for (const uint32_t root : forest.roots) {
    const Node* node = &forest.nodes[root];
    while (node->feature >= 0) {
      const double value = row[static_cast<size_t>(node->feature)];
      bool left = value < node->value;
      if (node->set_words > 0) {
        left = true;
        for (uint32_t category = 0; category < node->set_words * 32; ++category) {
          const uint32_t word = forest.category_sets[node->set_begin + category / 32];
          if ((word >> (category % 32)) % 2 == 1 && value >= category && value < category + 1.0) left = false;
        }
      }
      if (value != value) left = node->missing_goes_left;
      node = &forest.nodes[left ? node->left : node->right];
    }
    sum += node->value;
  }
  return sum;
}

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

void expect_every_way_equals_the_naive_walk(RandomForest& random, size_t row_count) {
  const Forest& forest = random.forest();
  std::vector<float> rows, expected;
  for (size_t i = 0; i < row_count; ++i) {
    const auto row = random.row();
    rows.insert(rows.end(), row.begin(), row.end());
    expected.push_back(naive_margin(forest, row));
    ASSERT_EQ(bits(forest.margin(row)), bits(expected.back())) << "row " << i;
  }
  const FlatForest flat(forest);
  const size_t columns = rows.size() / row_count;
  for (const auto set : instruction_sets()) {
    std::vector<float> margins(row_count);
    flat.margins(rows, margins, set);
    for (size_t i = 0; i < row_count; ++i) {
      const float one = flat.margin(std::span(rows).subspan(i * columns, columns), set);
      ASSERT_EQ(bits(one), bits(expected[i])) << name_of(set) << ", row " << i;
      ASSERT_EQ(bits(margins[i]), bits(expected[i])) << name_of(set) << ", row " << i << " of a batch";
    }
  }
}

void try_seeds(const ForestShape& shape, size_t row_count = 150, uint64_t seeds = 8) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomForest random(seed, shape);
    if (shape.trees > 0) {
      const auto checked = check_forest(random.forest(), shape.feature_count);
      ASSERT_TRUE(checked) << checked.error().text();
    }
    expect_every_way_equals_the_naive_walk(random, row_count);
    if (testing::Test::HasFatalFailure()) return;
  }
}

class FlatForestOfDepth : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(FlatForest, FlatForestOfDepth, testing::Range(0u, 12u));

TEST_P(FlatForestOfDepth, gives_the_margin_of_a_naive_walk_with_every_instruction_set) {
  try_seeds({.trees = 70, .feature_count = 7, .depth = GetParam()});
  try_seeds({.trees = 9, .feature_count = 7, .depth = GetParam(), .leaf_chance = 0, .grid = 9});
}

TEST_P(FlatForestOfDepth, gives_it_where_splits_are_on_categories) {
  try_seeds({.trees = 20, .feature_count = 4, .depth = GetParam(), .set_chance = 0.5, .grid = 40});
  try_seeds({.trees = 20, .feature_count = 4, .depth = GetParam(), .set_chance = 1});
}

// 128, 256 and 65,535 slots are where the kernels change; a slot takes up to 255 thresholds.
TEST(FlatForest, gives_it_for_any_number_of_features) {
  for (const uint32_t count : {1u, 2u, 31u, 63u, 64u, 65u, 127u, 128u, 129u, 200u, 300u}) {
    SCOPED_TRACE(testing::Message() << count << " features");
    try_seeds({.trees = 60, .feature_count = count, .depth = 6}, 100, 2);
    try_seeds({.trees = 60, .feature_count = count, .depth = 6, .set_chance = 0.05}, 100, 2);
  }
}

TEST(FlatForest, gives_it_where_a_feature_has_thousands_of_thresholds) {
  try_seeds({.trees = 100, .feature_count = 1, .depth = 7, .leaf_chance = 0}, 300, 2);
  try_seeds({.trees = 300, .feature_count = 3, .depth = 8, .leaf_chance = 0.02}, 100, 2);
}

TEST(FlatForest, gives_it_for_every_number_of_thresholds_around_a_line) {
  for (uint32_t count = 1; count <= 530; count += count < 36 || (count > 240 && count < 275) ? 1 : 13) {
    Forest forest{.base_margin = 0, .roots = {}, .nodes = {}, .category_sets = {}};
    std::vector<float> rows{std::nanf(""), -1e30f, 1e30f, INFINITY, -INFINITY};
    for (uint32_t i = 0; i < count; ++i) {
      const auto threshold = static_cast<float>(i);
      forest.roots.push_back(3 * i);
      forest.nodes.push_back({.feature = 0, .value = threshold, .cover = 3, .left = 3 * i + 1, .right = 3 * i + 2});
      forest.nodes.push_back({.value = 1.0f / static_cast<float>(i + 3), .cover = 1});
      forest.nodes.push_back({.value = -1.0f / static_cast<float>(i + 5), .cover = 2});
      for (const float apart : {-0.5f, 0.0f}) rows.push_back(threshold + apart);
    }
    const FlatForest flat(forest);
    for (const auto set : instruction_sets()) {
      std::vector<float> margins(rows.size());
      flat.margins(rows, margins, set);
      for (size_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(bits(margins[i]), bits(naive_margin(forest, std::span(rows).subspan(i, 1))))
            << name_of(set) << ", " << count << " thresholds, value " << rows[i];
      }
    }
  }
}

TEST(FlatForest, gives_it_as_deep_as_a_tree_may_be) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    RandomForest random(seed, {.trees = 12, .feature_count = 5, .depth = kMaxTreeDepth, .leaf_chance = 0.42});
    expect_every_way_equals_the_naive_walk(random, 100);
  }
}

TEST(FlatForest, without_trees_is_the_base_margin) {
  const FlatForest flat(Forest{.base_margin = -1.5f, .roots = {}, .nodes = {}, .category_sets = {}});
  const std::vector<float> rows(100, 1.0f);
  for (const auto set : instruction_sets()) {
    std::vector<float> margins(100);
    flat.margins(rows, margins, set);
    EXPECT_EQ(margins, std::vector<float>(100, -1.5f)) << name_of(set);
    EXPECT_EQ(flat.margin(rows, set), -1.5f) << name_of(set);
  }
}

// Sizes around those at which a batch begins and ends.
TEST(FlatForest, a_batch_of_any_size_is_its_rows_one_by_one) {
  RandomForest random(7, {.trees = 30, .feature_count = 6, .depth = 5, .set_chance = 0.1});
  for (const size_t count : {1u, 2u, 19u, 20u, 21u, 31u, 32u, 33u, 63u, 64u, 65u, 83u, 84u, 127u, 128u, 129u, 200u}) {
    SCOPED_TRACE(testing::Message() << count << " rows");
    expect_every_way_equals_the_naive_walk(random, count);
  }
  FlatForest(random.forest()).margins({}, {});
}

// The set that runs is one this processor can run, and the plainest is always there.
TEST(InstructionSet, the_plainest_comes_first) {
  EXPECT_EQ(instruction_sets().front(), InstructionSet::kBaseline);
  EXPECT_EQ(best_instruction_set(), instruction_sets().back());
}

}  // namespace
}  // namespace amity::models
