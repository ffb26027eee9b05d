// Learning a model from a table.
//
// 1. Columns become features (features.h); ids and constants are left out with a note.
// 2. A small, fixed list of settings is tried by stratified (or grouped) cross-validation, the number of trees chosen
// by
//    early stopping on the mean held-out log loss; the setting with the least loss after calibration wins, because deep
//    trees are too sure of themselves and yet may know most. On many rows the trial runs on a sample. The work is
//    bounded by the number of trials, not by a clock: the same data, options and seed give the same model.
// 3. With the best settings, out-of-fold margins are made on all rows, by as many seeds as the model will have forests.
// 4. An additive logistic partner is blended in where it lowers the out-of-fold log loss by more than chance.
// 5. The calibration is chosen and fitted on the out-of-fold margins; then all parts are fitted on all rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/boosting/xgboost.h"
#include "models/metrics.h"
#include "models/scorer.h"

namespace amity::models {

// `done` of `total` steps; called from the training thread.
using Progress = std::function<void(int done, int total)>;

struct TrainOptions {
  std::string name;
  FeatureChoice choice{};  // target, group, what to leave out, monotone directions, reason codes
  std::optional<std::string> positive{};
  int trials = 15;        // settings tried; 1 takes the first of the list
  int folds = 5;          // 2 to 20
  int forests = 0;        // seeds; 0: more for fewer rows
  bool may_blend = true;  // false: boosted trees alone
  uint64_t seed = 1;
  int threads = 2;
  std::optional<BoosterSettings> settings{};  // given: no trials
  Progress progress{};
};

struct TrainedModel {
  Model model;
  std::string target;
  BoosterSettings settings{};
  int tree_count = 0;
  Metrics out_of_fold{};           // of the model, on rows it was not fitted on; its settings were chosen on the same
  Metrics logistic_out_of_fold{};  // of plain logistic regression in the same folds
  std::vector<std::string> notes{};
  Digest data_fingerprint{};
};

constexpr size_t kLeastRows = 50;
constexpr size_t kLeastOfEach = 10;  // rows of each value of the target

// unprocessable: too few rows or positives to learn from.
Result<TrainedModel> train_table(const Table& table, const TrainOptions& options);

// What was trained and how well, for people and the registry.
json::object report_of(const TrainedModel& trained);

}  // namespace amity::models
