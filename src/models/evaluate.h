// How good a model is on rows it was not fitted on, always beside plain logistic regression on the same rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/metrics.h"
#include "models/stability.h"
#include "models/train.h"

namespace amity::models {

struct Evaluation {
  std::string method;  // "held_out", "cross_validation" or "out_of_time"
  int repeats = 1;
  int folds = 1;
  Metrics model{};
  Metrics logistic{};
  Estimate auc_advantage{};              // auc of the model less that of logistic regression, paired
  Confusion confusion{};                 // of the model at the threshold
  std::optional<Stability> stability{};  // of a scorecard: of the rows measured against those of training
};
json::object to_json(const Evaluation& evaluation);

struct EvaluateOptions {
  double threshold = 0.5;
  MetricOptions metrics{};
};

// Scores a file the model has never seen. The target column must hold the two values the model was trained on.
Result<Evaluation> evaluate_table(const Model& model, const Table& table, std::string_view target,
                                  const EvaluateOptions& options = {});

// The whole procedure of train_table (trials included, unless options.settings is given) repeated inside each fold:
// folds of all rows, stratified, rows of one group together, `repeats` times with other foldings. Figures are means
// over the repeats; the intervals are those of one repeat's rows, averaged, because repeats add no new rows.
Result<Evaluation> cross_validate(const Table& table, const TrainOptions& options, int folds, int repeats,
                                  const EvaluateOptions& evaluate = {});

// The whole procedure of train_table on the rows of earlier, measured on those of later: how it would have gone.
Result<Evaluation> evaluate_out_of_time(const Table& earlier, const Table& later, const TrainOptions& options,
                                        const EvaluateOptions& evaluate = {});

// One probability a row. The target is not needed.
Result<std::vector<double>> predict_table(const Model& model, const Table& table);
// CSV: "row,probability", rows from 1 in the order of the file.
Result<void> write_predictions(const std::string& path, std::span<const double> probabilities);

}  // namespace amity::models
