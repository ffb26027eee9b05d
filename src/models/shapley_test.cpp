#include "models/shapley.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "models/forest_fixture.h"

namespace amity::models {
namespace {

std::vector<double> contributions_of(const Forest& forest, std::span<const float> row) {
  std::vector<double> contributions(row.size(), 0.0);
  ForestExplainer(forest).add_contributions(row, 1, contributions);
  return contributions;
}

// Debt above 3 (7 of 10 rows): then late payments above 0 (2 of 7).
//            debt < 3
//       -1 (3)       late < 1
//                 0 (5)     2 (2)
// Means by hand: tree = (3*-1 + 5*0 + 2*2) / 10 = 0.1; knowing debt >= 3: 4/7; knowing late >= 1 only:
// 0.3*-1 + 0.7*2 = 1.1; knowing both: 2. Shapley: debt = ((4/7 - 0.1) + (2 - 1.1)) / 2, late = ((1.1 - 0.1) +
// (2 - 4/7)) / 2.
TEST(Shapley, values_of_a_small_tree_by_hand) {
  const Forest forest{.base_margin = 0.5f,
                      .roots = {0},
                      .nodes = {{.feature = 0, .value = 3, .cover = 10, .left = 1, .right = 2},
                                {.value = -1, .cover = 3},
                                {.feature = 1, .value = 1, .cover = 7, .left = 3, .right = 4},
                                {.value = 0, .cover = 5},
                                {.value = 2, .cover = 2}},
                      .category_sets = {}};
  EXPECT_NEAR(ForestExplainer(forest).expected_margin(), 0.6, 1e-15);
  const auto contributions = contributions_of(forest, std::vector<float>{4, 1});
  EXPECT_NEAR(contributions[0], ((4.0 / 7 - 0.1) + 0.9) / 2, 1e-15);
  EXPECT_NEAR(contributions[1], (1.0 + (2 - 4.0 / 7)) / 2, 1e-15);
  EXPECT_NEAR(contributions[0] + contributions[1] + 0.6, 2.5, 1e-15);
}

// Of random splits, features repeated on a path as often as chance will; covers as training would leave them.
class RandomTree {
 public:
  RandomTree(uint64_t seed, int feature_count, int depth) : random_(seed), feature_count_(feature_count) {
    forest_.roots = {0};
    grow(1000, depth);
  }
  const Forest& forest() const { return forest_; }
  std::vector<float> row() {
    std::vector<float> row;
    for (int i = 0; i < feature_count_; ++i) {
      row.push_back(random_.chance(0.1) ? std::nanf("") : static_cast<float>(random_.normal()));
    }
    return row;
  }

 private:
  uint32_t grow(float cover, int depth) {
    const auto at = static_cast<uint32_t>(forest_.nodes.size());
    forest_.nodes.push_back({.value = static_cast<float>(random_.normal()), .cover = cover});
    if (depth == 0 || (at > 0 && random_.chance(0.05))) return at;
    Node node{.feature = static_cast<int32_t>(random_.below(static_cast<uint64_t>(feature_count_))),
              .value = static_cast<float>(random_.normal()),
              .cover = cover,
              .missing_goes_left = random_.chance(0.5)};
    const auto share = static_cast<float>(0.02 + 0.96 * random_.uniform());
    node.left = grow(cover * share, depth - 1);
    node.right = grow(cover * (1 - share), depth - 1);
    forest_.nodes[at] = node;
    return at;
  }

  Random random_;
  int feature_count_;
  Forest forest_;
};

// The game itself: a known feature sends the row down its branch, an unknown one splits it by the covers.
double worth(const Forest& forest, uint32_t at, std::span<const float> row, uint32_t known) {
  const Node& node = forest.nodes[at];
  if (node.is_leaf()) return node.value;
  if (known >> node.feature & 1) {
    const bool left = goes_left(node, row[static_cast<size_t>(node.feature)], forest.category_sets);
    return worth(forest, left ? node.left : node.right, row, known);
  }
  const double left = forest.nodes[node.left].cover, right = forest.nodes[node.right].cover;
  return (left * worth(forest, node.left, row, known) + right * worth(forest, node.right, row, known)) / (left + right);
}

// Shapley 1953: the mean over all orders of what a feature adds, here over all sets of features known before it.
std::vector<double> by_definition(const Forest& forest, std::span<const float> row) {
  const auto count = static_cast<uint32_t>(row.size());
  std::vector<double> worths;
  for (uint32_t known = 0; known < 1u << count; ++known) worths.push_back(worth(forest, 0, row, known));
  std::vector<double> contributions(count, 0.0);
  for (uint32_t known = 0; known < worths.size(); ++known) {
    const int size = std::popcount(known);
    const double orders =
        std::tgamma(size + 1) * std::tgamma(count - static_cast<uint32_t>(size)) / std::tgamma(count + 1);
    for (uint32_t i = 0; i < count; ++i) {
      if ((known >> i & 1) == 0) contributions[i] += orders * (worths[known | 1u << i] - worths[known]);
    }
  }
  return contributions;
}

struct Size {
  int feature_count;
  int depth;
};
class ShapleyOfSize : public testing::TestWithParam<Size> {};
INSTANTIATE_TEST_SUITE_P(Shapley, ShapleyOfSize,
                         testing::Values(Size{1, 3}, Size{3, 3}, Size{4, 6}, Size{7, 7}, Size{9, 10}, Size{10, 12}));

TEST_P(ShapleyOfSize, equals_the_definition_on_random_trees) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RandomTree tree(seed, GetParam().feature_count, GetParam().depth);
    const auto row = tree.row();
    const auto ours = contributions_of(tree.forest(), row);
    const auto theirs = by_definition(tree.forest(), row);
    for (size_t i = 0; i < row.size(); ++i)
      ASSERT_NEAR(ours[i], theirs[i], 1e-10) << "seed " << seed << " feature " << i;
  }
}

// As deep as a tree may be, another feature at each level: 32 features on one path.
TEST(Shapley, adds_up_on_the_deepest_path) {
  Forest forest{.base_margin = 0, .roots = {0}, .nodes = {}, .category_sets = {}};
  for (uint32_t level = 0; level < kMaxTreeDepth; ++level) {
    const auto cover = static_cast<float>(1000 - 20 * level);
    forest.nodes.push_back(
        {.feature = static_cast<int32_t>(level), .cover = cover, .left = 2 * level + 1, .right = 2 * level + 2});
    forest.nodes.push_back({.value = static_cast<float>(level), .cover = 20});
  }
  forest.nodes.push_back({.value = 100, .cover = 1000 - 20 * kMaxTreeDepth});
  ASSERT_TRUE(check_forest(forest, kMaxTreeDepth));
  const std::vector<float> row(kMaxTreeDepth, 1.0f);
  const auto contributions = contributions_of(forest, row);
  const double sum =
      std::accumulate(contributions.begin(), contributions.end(), ForestExplainer(forest).expected_margin());
  EXPECT_NEAR(sum, 100, 1e-9);
}

// Double sums of leaves, tree by tree: what contributions must add up to.
double sum_of_leaves(const Forest& forest, std::span<const float> row) {
  double sum = forest.base_margin;
  for (uint32_t at : forest.roots) {
    while (!forest.nodes[at].is_leaf()) {
      const Node& node = forest.nodes[at];
      at = goes_left(node, row[static_cast<size_t>(node.feature)], forest.category_sets) ? node.left : node.right;
    }
    sum += static_cast<double>(forest.nodes[at].value);
  }
  return sum;
}

class ShapleyOfShape : public testing::TestWithParam<ForestShape> {};
INSTANTIATE_TEST_SUITE_P(Shapley, ShapleyOfShape,
                         testing::Values(ForestShape{.trees = 3, .depth = 0}, ForestShape{.trees = 9, .depth = 1},
                                         ForestShape{.trees = 30, .feature_count = 1, .depth = 5},
                                         ForestShape{.trees = 30, .feature_count = 4, .depth = 4, .set_chance = 0.5},
                                         ForestShape{.trees = 50, .feature_count = 30, .depth = 6, .leaf_chance = 0},
                                         ForestShape{.trees = 20, .feature_count = 300, .depth = 8, .set_chance = 0.1},
                                         ForestShape{.trees = 8, .feature_count = 12, .depth = 10},
                                         ForestShape{
                                             .trees = 4, .feature_count = 40, .depth = 30, .leaf_chance = 0.4}));

TEST_P(ShapleyOfShape, adds_up_and_is_the_same_to_the_bit_with_every_instruction_set) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    RandomForest random(seed, GetParam());
    const ForestExplainer explainer(random.forest());
    for (int i = 0; i < 10; ++i) {
      const auto row = random.row();
      std::vector<double> plain(row.size(), 0.0);
      explainer.add_contributions(row, 1, plain, InstructionSet::kBaseline);
      EXPECT_NEAR(std::accumulate(plain.begin(), plain.end(), explainer.expected_margin()),
                  sum_of_leaves(random.forest(), row), 1e-9)
          << "seed " << seed;
      for (const auto set : instruction_sets()) {
        std::vector<double> ours(row.size(), 0.0);
        explainer.add_contributions(row, 1, ours, set);
        for (size_t j = 0; j < row.size(); ++j) {
          ASSERT_EQ(std::bit_cast<uint64_t>(ours[j]), std::bit_cast<uint64_t>(plain[j]))
              << name_of(set) << ", seed " << seed << ", feature " << j;
        }
      }
    }
  }
}

// Splits on categories, and trees whose leaves lie at all heights.
TEST(Shapley, equals_the_definition_on_random_trees_with_categories) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    RandomForest random(seed, {.trees = 1, .feature_count = 5, .depth = 7, .leaf_chance = 0.2, .set_chance = 0.4});
    const auto row = random.row();
    const auto ours = contributions_of(random.forest(), row);
    const auto theirs = by_definition(random.forest(), row);
    for (size_t i = 0; i < row.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 1e-10) << "seed " << seed;
  }
}

// Explanations that were recorded must come out again, with any compiler.
TEST(Shapley, gives_today_what_it_gave_before) {
  RandomForest random(1, {.trees = 20, .feature_count = 8, .depth = 6, .set_chance = 0.1});
  uint64_t digest = 14'695'981'039'346'656'037u;  // FNV-1a over the bits
  for (int i = 0; i < 20; ++i) {
    const auto row = random.row();
    for (const double contribution : contributions_of(random.forest(), row)) {
      digest = (digest ^ std::bit_cast<uint64_t>(contribution)) * 1'099'511'628'211u;
    }
  }
  EXPECT_EQ(digest, 18'368'099'568'302'029'773u);
}

}  // namespace
}  // namespace amity::models
