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
//
// A scorecard and a multilayer perceptron go the same way: their settings (binning and ridge; units and decay) are
// chosen by cross-validation, their margins made out of fold, the calibration chosen and fitted on them, and the model
// itself fitted on all rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/algorithm.h"
#include "models/boosting/xgboost.h"
#include "models/metrics.h"
#include "models/scorecard.h"
#include "models/scorer.h"

namespace amity::models {

// `done` of `total` steps; called from the training thread.
using Progress = std::function<void(int done, int total)>;

// How a scorecard is to look; what is not said here is chosen by cross-validation.
struct ScorecardOptions {
  double points_to_double_odds = 20;
  double base_score = 600, base_odds = 50;  // so many points at so many good to one bad
  double minimum_share = 0.05;              // of the rows in each attribute but that of missing values
  int most_attributes = 8;                  // of a characteristic, besides that of missing values
  double minimum_information_value = 0.02;  // below it a characteristic says next to nothing (Siddiqi 2006, chapter 6)
  Reference reference = Reference::kNeutral;
};

struct TrainOptions {
  std::string name;
  Algorithm algorithm = Algorithm::kBoostedTrees;
  FeatureChoice choice{};  // target, group, what to leave out, monotone directions, reason codes
  std::optional<std::string> positive{};
  int trials = 15;        // settings tried; 1 takes the first of the list
  int folds = 5;          // 2 to 20
  int forests = 0;        // seeds; 0: more for fewer rows
  bool may_blend = true;  // false: boosted trees alone
  uint64_t seed = 1;
  int threads = 2;
  std::optional<BoosterSettings> settings{};  // of boosted trees; given: no trials
  ScorecardOptions scorecard{};
  Progress progress{};
};

struct TrainedModel {
  Model model;
  std::string target;
  BoosterSettings settings{};  // of boosted trees
  int tree_count = 0;
  json::object details{};          // of other algorithms: what was chosen
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
