#include "models/training/plan.h"

#include <algorithm>

#include "models/calibration.h"
#include "models/folds.h"
#include "models/metrics.h"
#include "models/training/fold_boosters.h"

namespace amity::models {
namespace {

constexpr size_t kTrialRows = 20'000;  // on which settings are tried; one thread suffices

// Few rows are not worth handing to a second thread: waiting for each other takes longer than the work.
int threads_for(size_t row_count, const TrainOptions& options) { return row_count < 30'000 ? 1 : options.threads; }

// The list of trials: shallow to deep, held back to free. The first is a sound choice by itself.
std::vector<BoosterSettings> trial_list(const TrainOptions& options, int threads) {
  std::vector<BoosterSettings> list = {
      {.depth = 4, .min_child_weight = 5, .row_share = 0.8, .column_share = 0.8, .ridge = 1},
      {.depth = 2, .min_child_weight = 3, .row_share = 0.7, .column_share = 0.5, .ridge = 1},
      {.depth = 3, .min_child_weight = 10, .row_share = 0.7, .column_share = 0.6, .ridge = 5},
      {.depth = 6, .min_child_weight = 2, .row_share = 0.8, .column_share = 0.7, .ridge = 1},
      {.depth = 5, .min_child_weight = 20, .row_share = 0.7, .column_share = 0.5, .ridge = 10},
      {.depth = 9, .min_child_weight = 1, .row_share = 0.8, .column_share = 0.6, .ridge = 1},
      {.depth = 1, .min_child_weight = 2, .row_share = 0.6, .column_share = 0.5, .ridge = 2},
      {.depth = 4, .min_child_weight = 40, .row_share = 0.6, .column_share = 0.5, .ridge = 5},
      {.depth = 6, .min_child_weight = 20, .row_share = 0.6, .column_share = 0.4, .ridge = 20},
      {.depth = 3, .min_child_weight = 2, .row_share = 0.5, .column_share = 0.3, .ridge = 1},
      {.depth = 7, .min_child_weight = 5, .row_share = 0.6, .column_share = 0.5, .ridge = 5},
      {.depth = 12, .min_child_weight = 0.3, .row_share = 0.8, .column_share = 0.4, .ridge = 0.5},
      {.depth = 3, .min_child_weight = 1, .row_share = 0.9, .column_share = 0.9, .ridge = 0.1},
      {.depth = 5, .min_child_weight = 1, .row_share = 0.5, .column_share = 0.3, .ridge = 20},
      {.depth = 15, .min_child_weight = 0.1, .row_share = 0.7, .column_share = 0.4, .ridge = 0.3},
  };
  list.resize(std::min(list.size(), size_t(std::max(1, options.trials))));
  for (auto& settings : list) {
    settings.threads = threads;
    settings.seed = options.seed;
    settings.learning_rate = 0.1;
  }
  return list;
}

// The loss of margins once a Platt calibration has taken their over- or underconfidence away: what they know, whatever
// they make of it. Two parameters fitted to all rows flatter every candidate alike.
double calibrated_loss(const std::vector<double>& margins, std::span<const uint8_t> labels) {
  const auto platt = fit_calibration(Calibration::Kind::kPlatt, margins, labels);
  std::vector<double> calibrated;
  for (const double margin : margins) calibrated.push_back(platt.apply(margin));
  return log_loss_of_margins(calibrated, labels);
}

using Foldings = std::vector<std::vector<int>>;

// Mean over the foldings, each with its own best number of trees.
Result<double> loss_of(const BoosterSettings& settings, const Sample& trial, const Foldings& foldings, int fold_count) {
  double loss = 0;
  for (const auto& folds : foldings) {
    auto boosters = TRY(FoldBoosters::make(trial, folds, fold_count, settings));
    const auto grown = TRY(boosters.grow_until_worse(settings.learning_rate));
    loss += calibrated_loss(TRY(boosters.held_out_margins(grown.tree_count)), trial.labels) / double(foldings.size());
  }
  return loss;
}

}  // namespace

void Steps::next() {
  ++done;
  if (*progress) (*progress)(std::min(done, total), total);
}

Result<BoosterSettings> choose_settings(const Sample& sample, const TrainOptions& options, Steps& steps) {
  const auto list = trial_list(options, 1);
  Random random(options.seed);
  const auto rows = some_rows(sample, kTrialRows, random);
  const auto trial = part_of(sample, rows);
  const int fold_count = rows.size() > 4'000 ? 3 : options.folds;
  const int repeats = rows.size() > 2'000 ? 1 : 2;
  Foldings foldings;
  for (int r = 0; r < repeats; ++r)
    foldings.push_back(stratified_folds(trial.labels, trial.groups, fold_count, random));
  BoosterSettings best = list.front();
  double best_loss = INFINITY;
  for (const auto& settings : list) {
    const double loss = TRY(loss_of(settings, trial, foldings, fold_count));
    if (loss < best_loss) {
      best = settings;
      best_loss = loss;
    }
    steps.next();
  }
  best.learning_rate = sample.labels.size() > 50'000 ? 0.06 : 0.03;
  best.threads = threads_for(sample.labels.size(), options);
  return best;
}

}  // namespace amity::models
