// How much of a model the trees are and how much their additive partner, from what both say out of fold.
#pragma once

#include "models/calibration.h"
#include "models/metrics.h"
#include "models/training/out_of_fold.h"

namespace amity::models {

struct Mixture {
  double forest_share = 1;
  bool is_plain = false;  // the partner is plain logistic regression
};

// The partner and share in tenths with the least out-of-fold loss; the trees keep everything unless giving some away
// gains at least one part in a thousand of the loss.
Mixture choose_mixture(const OutOfFold& oof);
std::vector<double> mixed(const OutOfFold& oof, const Mixture& mixture);

// The first repeat's, each fold calibrated by a map fitted on the others, so that the figures are honest.
Result<Metrics> measure_calibrated(const std::vector<double>& margins, const OutOfFold& oof, Calibration::Kind kind,
                                   size_t row_count);
// The first repeat's of plain logistic regression, as it stands.
Result<Metrics> measure_logistic(const OutOfFold& oof, size_t row_count);

}  // namespace amity::models
