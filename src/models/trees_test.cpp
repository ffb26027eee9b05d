#include "models/trees.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"
#include "models/boosting/xgboost.h"
#include "models/flat_forest.h"
#include "models/shapley.h"

namespace amity::models {
namespace {

// Debt above 3 (7 of 10 rows): then late payments above 0 (2 of 7).
//            debt < 3
//       -1 (3)       late < 1
//                 0 (5)     2 (2)
Forest hand_made_tree() {
  Forest forest{.base_margin = 0.5f, .roots = {0}, .nodes = {}, .category_sets = {}};
  forest.nodes = {{.feature = 0, .value = 3, .cover = 10, .left = 1, .right = 2},
                  {.value = -1, .cover = 3},
                  {.feature = 1, .value = 1, .cover = 7, .left = 3, .right = 4, .missing_goes_left = true},
                  {.value = 0, .cover = 5},
                  {.value = 2, .cover = 2}};
  return forest;
}

TEST(Trees, a_value_at_the_threshold_goes_right_and_a_missing_one_where_training_sent_it) {
  const auto forest = hand_made_tree();
  ASSERT_TRUE(check_forest(forest, 2));
  const float nan = std::nanf("");
  EXPECT_EQ(forest.margin(std::vector<float>{2.9f, 5}), -0.5f);
  EXPECT_EQ(forest.margin(std::vector<float>{3, 1}), 2.5f);
  EXPECT_EQ(forest.margin(std::vector<float>{nan, 0.5f}), 0.5f);
  EXPECT_EQ(forest.margin(std::vector<float>{3, nan}), 0.5f);
}

TEST(Trees, refuses_a_forest_that_could_loop_or_read_outside) {
  const auto refused = [](auto&& change) {
    auto forest = hand_made_tree();
    change(forest);
    return !check_forest(forest, 2);
  };
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[2].left = 0; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[2].right = 5; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[2].right = 3; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[0].feature = 2; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[4].cover = 0; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[3].value = INFINITY; }));
  EXPECT_TRUE(refused([](Forest& f) { f.nodes[0].set_words = 1; }));
  EXPECT_TRUE(refused([](Forest& f) { f.roots = {0, 0}; }));
  EXPECT_TRUE(refused([](Forest& f) { f.roots = {7}; }));
}

// Numbers with gaps and categories, so that every kind of split occurs.
struct Sample {
  std::vector<Feature> features;
  Matrix rows;
  std::vector<uint8_t> labels;
};

Sample make_sample(size_t count, uint64_t seed) {
  Sample sample;
  for (const char* name : {"a", "b", "c", "few", "many"}) sample.features.push_back({.name = name});
  for (size_t i : {3u, 4u}) {
    sample.features[i].is_categorical = true;
    for (int k = 0; k < (i == 3 ? 4 : 90); ++k) sample.features[i].categories.push_back(std::to_string(k));
  }
  Random random(seed);
  sample.rows = {.row_count = count, .column_count = 5, .cells = {}};
  for (size_t i = 0; i < count; ++i) {
    const double a = random.normal(), b = std::floor(4 * random.normal()), c = random.normal();
    const auto few = double(random.below(4)), many = double(random.below(90));
    const double score = a + (few == 2 ? 1.5 : 0) + (std::fmod(many, 7) < 2 ? 1 : -0.5) + (b > 2 ? 1 : 0);
    sample.labels.push_back(random.uniform() < 1 / (1 + std::exp(-score)));
    for (const double x : {a, b, c, few, many}) {
      sample.rows.cells.push_back(random.chance(0.1) ? kMissing : x);
    }
  }
  return sample;
}

struct Trained {
  Sample sample;
  Booster booster;
  Forest forest;
};

Result<Trained> train_sample(const BoosterSettings& settings, int rounds) {
  auto sample = make_sample(1500, 11);
  const auto data = TRY(BoosterData::make(sample.features, sample.rows, sample.labels));
  auto booster = TRY(Booster::make(settings, sample.features, 0.3, data));
  for (int i = 0; i < rounds; ++i) TRY(booster.grow());
  auto forest = TRY(read_xgboost_model(TRY(booster.json()), booster.base_margin()));
  return Trained{std::move(sample), std::move(booster), std::move(forest)};
}

std::vector<float> as_floats(std::span<const double> row) { return {row.begin(), row.end()}; }

TEST(Trees, margins_equal_those_of_xgboost_to_the_bit) {
  const auto trained = train_sample({.depth = 6, .min_child_weight = 1}, 60);
  ASSERT_TRUE(trained) << trained.error().text();
  const auto& [sample, booster, forest] = *trained;
  ASSERT_TRUE(check_forest(forest, 5));
  ASSERT_FALSE(forest.category_sets.empty());
  const auto fresh = make_sample(2000, 12);
  const auto theirs = booster.margins(*BoosterData::make(fresh.features, fresh.rows, {}));
  ASSERT_TRUE(theirs);
  for (size_t i = 0; i < fresh.rows.row_count; ++i) {
    ASSERT_EQ(forest.margin(as_floats(fresh.rows.row(i))), (*theirs)[i]) << "row " << i;
  }
  const FlatForest flat(forest);
  for (const auto set : instruction_sets()) {
    std::vector<float> margins(fresh.rows.row_count);
    flat.margins(as_floats(fresh.rows.cells), margins, set);
    EXPECT_EQ(margins, *theirs) << name_of(set);
    for (size_t i = 0; i < fresh.rows.row_count; ++i) {
      ASSERT_EQ(flat.margin(as_floats(fresh.rows.row(i)), set), (*theirs)[i]) << name_of(set) << ", row " << i;
    }
  }
}

TEST(Trees, contributions_add_up_and_agree_with_xgboost) {
  const auto trained = train_sample({.depth = 5, .min_child_weight = 1}, 40);
  ASSERT_TRUE(trained) << trained.error().text();
  const auto& [sample, booster, forest] = *trained;
  const auto rows = make_sample(200, 13).rows;
  const auto theirs = booster.contributions(*BoosterData::make(sample.features, rows, {}));
  ASSERT_TRUE(theirs);
  const ForestExplainer explainer(forest);
  std::vector<Forest> trees(forest.roots.size(), forest);
  for (size_t t = 0; t < trees.size(); ++t) trees[t].roots = {forest.roots[t]}, trees[t].base_margin = 0;
  for (size_t i = 0; i < rows.row_count; ++i) {
    const auto row = as_floats(rows.row(i));
    std::vector<double> ours(5, 0.0);
    explainer.add_contributions(row, 1, ours);
    double sum_of_leaves = forest.base_margin;
    for (const auto& tree : trees) sum_of_leaves += tree.margin(row);
    EXPECT_NEAR(std::accumulate(ours.begin(), ours.end(), explainer.expected_margin()), sum_of_leaves, 1e-9);
    for (size_t j = 0; j < 5; ++j) EXPECT_NEAR(ours[j], (*theirs)[i * 6 + j], 1e-5) << "row " << i << " feature " << j;
    EXPECT_NEAR(explainer.expected_margin(), (*theirs)[i * 6 + 5], 1e-5);
  }
}

TEST(Trees, the_same_seed_grows_the_same_trees) {
  const auto first = train_sample({.seed = 5}, 10), again = train_sample({.seed = 5}, 10),
             other = train_sample({.seed = 6}, 10);
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first->forest, again->forest);
  EXPECT_NE(first->forest, other->forest);
}

TEST(Trees, a_monotone_feature_never_lowers_the_margin) {
  auto sample = make_sample(1500, 14);
  sample.features[1].monotone = 1;
  const auto data = BoosterData::make(sample.features, sample.rows, sample.labels);
  auto booster = Booster::make({.depth = 4, .min_child_weight = 1}, sample.features, 0.4, *data);
  ASSERT_TRUE(booster);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(booster->grow());
  const auto forest = read_xgboost_model(*booster->json(), booster->base_margin());
  ASSERT_TRUE(forest);
  for (size_t i = 0; i < 200; ++i) {
    auto row = as_floats(sample.rows.row(i));
    float before = -100;
    for (row[1] = -12; row[1] <= 12; row[1] += 1) {
      EXPECT_GE(forest->margin(row), before);
      before = forest->margin(row);
    }
  }
}

}  // namespace
}  // namespace amity::models
