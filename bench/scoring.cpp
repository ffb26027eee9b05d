// Scores and exact Shapley values of boosted trees: ours, with each instruction set, beside XGBoost's own, one thread,
// the same trees and rows, one contender after the other in every round. CPU time of the thread; what a ratio says is
// the median over the rounds, with the second lowest and second highest.
//
//   build/release/bench/scoring [ROUNDS]
#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <stdexcept>

#include "base/random.h"
#include "models/boosting/xgboost.h"
#include "models/flat_forest.h"
#include "models/shapley.h"

namespace {

using namespace amity;
using namespace amity::models;

constexpr size_t kFeatures = 30;
constexpr size_t kRows = 20'000;
constexpr size_t kTimedRows = 2'000;
constexpr int kTrees = 200;

double cpu_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

void must(bool is_done, const char* what) {
  if (!is_done) throw std::runtime_error(what);
}

struct Grown {
  Forest forest;
  std::string json;
  std::vector<float> cells;  // rows, one after the other
  std::span<const float> row(size_t i) const { return std::span(cells).subspan(i * kFeatures, kFeatures); }
};

Grown grow(int depth) {
  std::vector<Feature> features;
  for (size_t i = 0; i < kFeatures; ++i) features.push_back({.name = "f" + std::to_string(i)});
  Matrix rows{.row_count = kRows, .column_count = kFeatures, .cells = {}};
  std::vector<uint8_t> labels;
  Random random(7);
  for (size_t r = 0; r < rows.row_count; ++r) {
    double score = 0;
    for (size_t i = 0; i < kFeatures; ++i) {
      const double x = random.normal();
      score += i % 3 == 0 ? x * 0.4 : i % 3 == 1 ? std::abs(x) * 0.3 - 0.24 : 0;
      rows.cells.push_back(random.chance(0.02) ? kMissing : x);
    }
    labels.push_back(random.uniform() < 1 / (1 + std::exp(-score)));
  }
  const BoosterSettings settings{.depth = depth, .min_child_weight = 1, .threads = 1};
  const auto data = BoosterData::make(features, rows, labels);
  auto booster = Booster::make(settings, features, 0.5, *data);
  for (int i = 0; i < kTrees; ++i) must(booster->grow().has_value(), "the trees did not grow");
  const auto json = booster->json();
  auto forest = read_xgboost_model(*json, booster->base_margin());
  return {std::move(*forest), *json, {rows.cells.begin(), rows.cells.end()}};
}

// XGBoost as somebody who wants it quick would call it: one thread, the texts of its calls made beforehand.
class Rival {
 public:
  explicit Rival(const Grown& grown) : cells_(grown.cells) {
    must(XGBoosterCreate(nullptr, 0, &booster_) == 0, "create");
    must(XGBoosterLoadModelFromBuffer(booster_, grown.json.data(), grown.json.size()) == 0, "load");
    must(XGBoosterSetParam(booster_, "nthread", "1") == 0, "threads");
    for (size_t i = 0; i < kTimedRows; ++i) {
      arrays_.push_back(array_of(i, 1));
      DMatrixHandle row = nullptr;
      must(XGDMatrixCreateFromMat(cells_.data() + i * kFeatures, 1, kFeatures, NAN, &row) == 0, "matrix");
      matrices_.push_back(row);
    }
    all_ = array_of(0, kRows);
  }
  ~Rival() {
    for (auto* matrix : matrices_) XGDMatrixFree(matrix);
    XGBoosterFree(booster_);
  }
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

  float margin(size_t row) const { return *predict(arrays_[row]); }
  const float* all_margins() const { return predict(all_); }
  const float* contributions(size_t row) const {
    constexpr const char* kConfig =
        R"({"type":2,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false})";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* values = nullptr;
    must(XGBoosterPredictFromDMatrix(booster_, matrices_[row], kConfig, &shape, &dimensions, &values) == 0, "explain");
    return values;
  }

 private:
  std::string array_of(size_t row, size_t count) const {
    return fmt::format(R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3}})",
                       reinterpret_cast<uintptr_t>(cells_.data() + row * kFeatures), count, kFeatures);
  }
  const float* predict(const std::string& array) const {
    constexpr const char* kConfig =
        R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,"missing":NaN,"cache_id":0})";
    const bst_ulong* shape = nullptr;
    bst_ulong dimensions = 0;
    const float* values = nullptr;
    must(XGBoosterPredictFromDense(booster_, array.c_str(), kConfig, nullptr, &shape, &dimensions, &values) == 0,
         "predict");
    return values;
  }

  const std::vector<float>& cells_;
  BoosterHandle booster_ = nullptr;
  std::vector<std::string> arrays_;
  std::vector<DMatrixHandle> matrices_;
  std::string all_;
};

struct Contender {
  std::string name;
  size_t rows;                         // of one call of `run`
  std::function<void()> run;           // long enough to be timed
  std::vector<double> microseconds{};  // a row, by round
};

// Lowest and highest but one, so that a single disturbed round says nothing.
std::string summary(std::vector<double> values, std::string_view unit) {
  std::ranges::sort(values);
  const size_t last = values.size() - 1, trim = values.size() > 4 ? 1 : 0;
  return fmt::format("{:9.3f} {} [{:.3f} to {:.3f}]", values[last / 2], unit, values[trim], values[last - trim]);
}

// The first is what the others are compared with.
void race(std::string_view title, std::vector<Contender> contenders, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (auto& contender : contenders) {
      const double before = cpu_microseconds();
      contender.run();
      contender.microseconds.push_back((cpu_microseconds() - before) / static_cast<double>(contender.rows));
    }
  }
  fmt::print("\n{}\n", title);
  for (const auto& contender : contenders) {
    std::vector<double> ratios;
    for (size_t i = 0; i < contender.microseconds.size(); ++i) {
      ratios.push_back(contenders[0].microseconds[i] / contender.microseconds[i]);
    }
    fmt::print("  {:24}{:44}{}\n", contender.name, summary(contender.microseconds, "us a row"),
               summary(ratios, "times"));
  }
}

double sink = 0;

void race_one_row(const Grown& grown, const Rival& rival, const FlatForest& flat, int rounds) {
  std::vector<Contender> contenders;
  contenders.push_back({"XGBoost in place", kTimedRows, [&] {
                          for (size_t i = 0; i < kTimedRows; ++i) sink += static_cast<double>(rival.margin(i));
                        }});
  contenders.push_back({"walk of nodes", kTimedRows, [&] {
                          for (size_t i = 0; i < kTimedRows; ++i)
                            sink += static_cast<double>(grown.forest.margin(grown.row(i)));
                        }});
  for (const auto set : instruction_sets()) {
    contenders.push_back({fmt::format("amity {}", name_of(set)), 10 * kTimedRows, [&, set] {
                            for (size_t i = 0; i < 10 * kTimedRows; ++i)
                              sink += static_cast<double>(flat.margin(grown.row(i % kRows), set));
                          }});
  }
  race("one row's margin", std::move(contenders), rounds);
}

void race_batch(const Grown& grown, const Rival& rival, const FlatForest& flat, int rounds) {
  std::vector<float> margins(kRows);
  std::vector<Contender> contenders;
  contenders.push_back({"XGBoost in place", kRows, [&] { sink += static_cast<double>(rival.all_margins()[0]); }});
  for (const auto set : instruction_sets()) {
    contenders.push_back(
        {fmt::format("amity {}", name_of(set)), kRows, [&, set] { flat.margins(grown.cells, margins, set); }});
  }
  race("margins of 20,000 rows", std::move(contenders), rounds);
}

void race_explaining(const Grown& grown, const Rival& rival, const ForestExplainer& explainer, int rounds) {
  std::vector<double> contributions(kFeatures);
  std::vector<Contender> contenders;
  contenders.push_back({"XGBoost contributions", 20, [&, at = size_t{0}]() mutable {
                          for (int i = 0; i < 20; ++i)
                            sink += static_cast<double>(rival.contributions(at++ % kTimedRows)[0]);
                        }});
  for (const auto set : instruction_sets()) {
    contenders.push_back({fmt::format("amity {}", name_of(set)), 500, [&, set, at = size_t{0}]() mutable {
                            for (int i = 0; i < 500; ++i) {
                              std::ranges::fill(contributions, 0.0);
                              explainer.add_contributions(grown.row(at++ % kRows), 1, contributions, set);
                            }
                          }});
  }
  race("exact Shapley values of one row", std::move(contenders), rounds);
}

void compare_values(const Grown& grown, const Rival& rival, const FlatForest& flat, const ForestExplainer& explainer) {
  const float* theirs = rival.all_margins();
  std::vector<float> expected(theirs, theirs + kRows), ours(kRows);
  size_t unlike = 0;
  for (const auto set : instruction_sets()) {
    flat.margins(grown.cells, ours, set);
    for (size_t i = 0; i < kRows; ++i) unlike += ours[i] != expected[i] || flat.margin(grown.row(i), set) != ours[i];
  }
  double apart = 0, not_added = 0;
  for (size_t i = 0; i < 200; ++i) {
    std::vector<double> contributions(kFeatures);
    explainer.add_contributions(grown.row(i), 1, contributions);
    const float* values = rival.contributions(i);
    double sum = explainer.expected_margin();
    for (size_t j = 0; j < kFeatures; ++j) {
      apart = std::max(apart, std::abs(contributions[j] - static_cast<double>(values[j])));
      sum += contributions[j];
    }
    not_added = std::max(not_added, std::abs(sum - static_cast<double>(expected[i])));
  }
  fmt::print(
      "{} margins of {} rows differ from XGBoost's; contributions differ by at most {:.1e}, and add up to the\n"
      "margin within {:.1e} (its sums are binary32)\n",
      unlike, kRows, apart, not_added);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  double load = 0;
  for (const int depth : {4, 6, 9}) {
    const auto grown = grow(depth);
    const Rival rival(grown);
    const FlatForest flat(grown.forest);
    const ForestExplainer explainer(grown.forest);
    getloadavg(&load, 1);
    fmt::print("\n=== {} trees of depth {}, {} nodes, {} features; load {:.1f}, {} rounds\n", kTrees, depth,
               grown.forest.nodes.size(), kFeatures, load, rounds);
    compare_values(grown, rival, flat, explainer);
    race_one_row(grown, rival, flat, rounds);
    race_batch(grown, rival, flat, rounds);
    race_explaining(grown, rival, explainer, rounds);
  }
  return std::isnan(sink) ? 1 : 0;
}
