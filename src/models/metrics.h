// How good predictions are, each figure with a 95 % interval.
//
// Probabilities are of the positive (bad) value. Definitions:
//   auc        area under the ROC curve, ties count half; interval by DeLong, DeLong, Clarke-Pearson (1988)
//   gini       2 auc - 1
//   ks         largest distance between the two classes' distribution functions
//   brier      mean squared error of the probability
//   log_loss   mean -ln of the probability given to what happened (probabilities held inside [1e-15, 1 - 1e-15])
//   ece        expected calibration error: over kCalibrationBins bins of equally many rows in order of probability,
//              the mean of |mean probability - share of positives|
//   ece_noise  the ece that perfectly calibrated probabilities would show on average on so few rows (Broecker and Smith
//              2007 call this consistency); no ece below it tells anything
//   precision  share of positives among the `budget` share of rows with the highest probability
//   lift       per tenth of the rows, highest first: its share of positives over the share of all
// All other intervals but the AUC's and Gini's are percentiles of a seeded Poisson bootstrap over rows; that of KS, a
// maximum, leans high on few rows. For the ece a bootstrap would be wrong, because noise only adds to it, twice in a
// resample: its interval is closed and covers the true error of these bins at least 95 times in 100.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace amity::models {

constexpr int kCalibrationBins = 10;

struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct Metrics {
  size_t row_count = 0;
  size_t positive_count = 0;
  Estimate auc{}, gini{}, ks{}, brier{}, log_loss{}, ece{}, precision{};
  double ece_noise = 0;
  double budget = 0;
  std::array<Estimate, 10> lift{};
};

struct MetricOptions {
  double budget = 0.05;  // share of rows that can be looked at
  int bootstrap_count = 200;
  uint64_t seed = 1;
};

// unprocessable: no positives or no negatives.
Result<Metrics> measure(std::span<const double> probabilities, std::span<const uint8_t> labels,
                        const MetricOptions& options = {});

// False where the AUC's interval reaches 0.5: on these rows the model cannot be told from tossing a coin.
bool is_better_than_chance(const Metrics& metrics);

// auc(a) - auc(b) on the same rows, with the paired DeLong interval.
Result<Estimate> auc_difference(std::span<const double> a, std::span<const double> b, std::span<const uint8_t> labels);

// Decisions "positive where probability >= threshold" against what happened.
struct Confusion {
  double threshold = 0;
  size_t true_positives = 0, false_positives = 0, true_negatives = 0, false_negatives = 0;
};
Confusion confusion_at(std::span<const double> probabilities, std::span<const uint8_t> labels, double threshold);

double log_loss(std::span<const double> probabilities, std::span<const uint8_t> labels);
// Of margins: mean ln(1 + exp(-margin)) for positives, without loss at either end.
double log_loss_of_margins(std::span<const double> margins, std::span<const uint8_t> labels);

json::object to_json(const Metrics& metrics);  // {"auc":{"value":..,"low":..,"high":..},...}
json::object to_json(const Estimate& estimate);
json::object to_json(const Confusion& confusion);

}  // namespace amity::models
