#include "models/training/mixture.h"

#include <algorithm>
#include <cmath>

#include "models/folds.h"

namespace amity::models {
namespace {

std::vector<double> blend(const std::vector<double>& trees, const std::vector<double>& partner, double forest_share) {
  std::vector<double> margins(trees.size());
  for (size_t i = 0; i < margins.size(); ++i) margins[i] = forest_share * trees[i] + (1 - forest_share) * partner[i];
  return margins;
}

double sigmoid(double margin) { return 1 / (1 + std::exp(-margin)); }

// One repeat's worth of pooled out-of-fold values, measured.
Result<Metrics> measure_first(const std::vector<double>& probabilities, const OutOfFold& oof, size_t row_count) {
  return measure(std::span(probabilities).first(row_count), std::span(oof.labels).first(row_count));
}

std::vector<double> cross_calibrated(const std::vector<double>& margins, const OutOfFold& oof, Calibration::Kind kind) {
  std::vector<double> probabilities(margins.size());
  const int fold_count = 1 + *std::ranges::max_element(oof.folds);
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(oof.folds, fold);
    const std::span<const uint32_t> training(split.training);
    const auto fitted = fit_calibration(kind, pick(std::span<const double>(margins), training),
                                        pick(std::span<const uint8_t>(oof.labels), training));
    for (const uint32_t row : split.held_out) probabilities[row] = sigmoid(fitted.apply(margins[row]));
  }
  return probabilities;
}

}  // namespace

Mixture choose_mixture(const OutOfFold& oof) {
  Mixture best;
  double best_loss = log_loss_of_margins(oof.trees, oof.labels) * (1 - 1e-3);
  for (const bool is_plain : {true, false}) {
    for (int tenths = 0; tenths < 10; ++tenths) {
      const auto& partner = is_plain ? oof.logistic : oof.partner;
      const double loss = log_loss_of_margins(blend(oof.trees, partner, tenths / 10.0), oof.labels);
      if (loss < best_loss) best = {tenths / 10.0, is_plain}, best_loss = loss;
    }
  }
  return best;
}

std::vector<double> mixed(const OutOfFold& oof, const Mixture& mixture) {
  return blend(oof.trees, mixture.is_plain ? oof.logistic : oof.partner, mixture.forest_share);
}

Result<Metrics> measure_calibrated(const std::vector<double>& margins, const OutOfFold& oof, Calibration::Kind kind,
                                   size_t row_count) {
  return measure_first(cross_calibrated(margins, oof, kind), oof, row_count);
}

Result<Metrics> measure_logistic(const OutOfFold& oof, size_t row_count) {
  std::vector<double> probabilities;
  for (const double margin : oof.logistic) probabilities.push_back(sigmoid(Calibration{}.apply(margin)));
  return measure_first(probabilities, oof, row_count);
}

}  // namespace amity::models
