// Exact Shapley values of one row: ours beside XGBoost's, one thread, the same trees.
#include <benchmark/benchmark.h>

#include <cmath>
#include <stdexcept>

#include "base/random.h"
#include "models/boosting/xgboost.h"
#include "models/shapley.h"

namespace {

using namespace amity;
using namespace amity::models;

constexpr int kFeatures = 30;
constexpr int kTrees = 200;

struct Grown {
  std::vector<Feature> features;
  Matrix rows;
  Booster booster;
  Forest forest;
};

Grown grow(int depth) {
  std::vector<Feature> features;
  for (int i = 0; i < kFeatures; ++i) features.push_back({.name = "f" + std::to_string(i)});
  Matrix rows{.row_count = 20'000, .column_count = kFeatures, .cells = {}};
  std::vector<uint8_t> labels;
  Random random(7);
  for (size_t r = 0; r < rows.row_count; ++r) {
    double score = 0;
    for (int i = 0; i < kFeatures; ++i) {
      const double x = random.normal();
      score += i % 3 == 0 ? x * 0.4 : i % 3 == 1 ? std::abs(x) * 0.3 - 0.24 : 0;
      rows.cells.push_back(x);
    }
    labels.push_back(random.uniform() < 1 / (1 + std::exp(-score)));
  }
  const BoosterSettings settings{.depth = depth, .min_child_weight = 1, .threads = 1};
  const auto data = BoosterData::make(features, rows, labels);
  auto booster = Booster::make(settings, features, 0.5, *data);
  for (int i = 0; i < kTrees; ++i) {
    if (!booster->grow()) throw std::runtime_error("the trees did not grow");
  }
  auto forest = read_xgboost_model(*booster->json(), booster->base_margin());
  return {features, std::move(rows), std::move(*booster), std::move(*forest)};
}

const Grown& grown(int64_t depth) {
  static const Grown shallow = grow(4), deep = grow(6);
  return depth == 4 ? shallow : deep;
}

void amity_explains_a_row(benchmark::State& state) {
  const auto& [features, rows, booster, forest] = grown(state.range(0));
  const ForestExplainer explainer(forest);
  std::vector<double> contributions(kFeatures);
  size_t at = 0;
  for (auto _ : state) {
    const auto row = rows.row(at++ % rows.row_count);
    const std::vector<float> floats(row.begin(), row.end());
    std::ranges::fill(contributions, 0.0);
    explainer.add_contributions(floats, 1, contributions);
    benchmark::DoNotOptimize(contributions.data());
  }
  state.counters["nodes"] = static_cast<double>(forest.nodes.size());
}
BENCHMARK(amity_explains_a_row)->Arg(4)->Arg(6);

void xgboost_explains_a_row(benchmark::State& state) {
  const auto& [features, rows, booster, forest] = grown(state.range(0));
  size_t at = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto row = rows.row(at++ % rows.row_count);
    const auto data =
        BoosterData::make(features, {.row_count = 1, .column_count = kFeatures, .cells = {row.begin(), row.end()}}, {});
    state.ResumeTiming();
    benchmark::DoNotOptimize(booster.contributions(*data));
  }
}
BENCHMARK(xgboost_explains_a_row)->Arg(4)->Arg(6);

}  // namespace
