#include "models/training/out_of_fold.h"

#include <cmath>

#include "models/folds.h"
#include "models/metrics.h"
#include "models/training/fold_boosters.h"

namespace amity::models {
namespace {

constexpr size_t kRidgeRows = 10'000;

Result<AdditiveSettings> choose_ridge(const Sample& sample, int inner_knots, int fold_count, uint64_t seed) {
  Random random(seed);
  const auto trial = part_of(sample, some_rows(sample, kRidgeRows, random));
  const auto folds = stratified_folds(trial.labels, trial.groups, fold_count, random);
  AdditiveSettings best{.inner_knots = inner_knots, .ridge = 1};
  double best_loss = INFINITY;
  for (const double ridge : {0.3, 1.0, 3.0, 10.0, 30.0, 100.0}) {
    const AdditiveSettings settings{.inner_knots = inner_knots, .ridge = ridge};
    const double loss = log_loss_of_margins(TRY(additive_margins(trial, folds, fold_count, settings)), trial.labels);
    if (loss < best_loss) best = settings, best_loss = loss;
  }
  return best;
}

Result<std::vector<double>> tree_margins(const Sample& sample, std::span<const int> folds, const Plan& plan,
                                         int& tree_count, Steps& steps) {
  std::vector<double> sum(sample.labels.size(), 0.0);
  for (int forest = 0; forest < plan.forests; ++forest) {
    auto settings = plan.settings;
    settings.seed += uint64_t(forest);
    auto boosters = TRY(FoldBoosters::make(sample, folds, plan.fold_count, settings));
    if (tree_count == 0) {
      tree_count = TRY(boosters.grow_until_worse(settings.learning_rate)).tree_count;
    } else {
      TRY(boosters.grow(tree_count));
    }
    const auto margins = TRY(boosters.held_out_margins(tree_count));
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += margins[i] / plan.forests;
    steps.next();
  }
  return sum;
}

}  // namespace

Result<std::vector<double>> additive_margins(const Sample& sample, std::span<const int> folds, int fold_count,
                                             const AdditiveSettings& settings) {
  std::vector<double> margins(sample.labels.size());
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(folds, fold);
    const auto training = part_of(sample, split.training);
    const auto fitted = TRY(fit_additive(*sample.features, training.rows, training.labels, settings));
    for (const uint32_t row : split.held_out) margins[row] = fitted.margin(sample.rows.row(row));
  }
  return margins;
}

Result<AdditiveSettings> choose_logistic(const Sample& sample, int fold_count, uint64_t seed) {
  return choose_ridge(sample, 0, fold_count, seed);
}

Result<AdditiveParts> choose_additive(const Sample& sample, int fold_count, uint64_t seed) {
  return AdditiveParts{.partner = TRY(choose_ridge(sample, 8, fold_count, seed)),
                       .logistic = TRY(choose_logistic(sample, fold_count, seed))};
}

Result<OutOfFold> predict_out_of_fold(const Sample& sample, const Plan& plan, const AdditiveParts& parts, int repeats,
                                      uint64_t seed, Steps& steps) {
  OutOfFold out;
  Random random(seed ^ 0x5eed);
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const auto folds = stratified_folds(sample.labels, sample.groups, plan.fold_count, random);
    append(out.trees, TRY(tree_margins(sample, folds, plan, out.tree_count, steps)));
    append(out.partner, TRY(additive_margins(sample, folds, plan.fold_count, parts.partner)));
    append(out.logistic, TRY(additive_margins(sample, folds, plan.fold_count, parts.logistic)));
    append(out.labels, sample.labels);
    for (const int fold : folds) out.folds.push_back(fold);
  }
  return out;
}

}  // namespace amity::models
