// What everything that may become part of a model says of rows it has not seen.
#pragma once

#include <span>
#include <vector>

#include "models/additive.h"
#include "models/training/plan.h"

namespace amity::models {

// Margins; repeats stand one after the other, each with its own folding of all rows.
struct OutOfFold {
  std::vector<double> trees, partner, logistic;
  std::vector<uint8_t> labels;
  std::vector<int> folds;
  int tree_count = 0;
};

// The additive models beside the trees: a partner to blend in, and plain logistic regression.
struct AdditiveParts {
  AdditiveSettings partner, logistic;
};

// Of an additive model alone, one folding.
Result<std::vector<double>> additive_margins(const Sample& sample, std::span<const int> folds, int fold_count,
                                             const AdditiveSettings& settings);

// The ridge of each with the least held-out loss, on a sample of the rows where there are many.
Result<AdditiveSettings> choose_logistic(const Sample& sample, int fold_count, uint64_t seed);
Result<AdditiveParts> choose_additive(const Sample& sample, int fold_count, uint64_t seed);

Result<OutOfFold> predict_out_of_fold(const Sample& sample, const Plan& plan, const AdditiveParts& parts, int repeats,
                                      uint64_t seed, Steps& steps);

}  // namespace amity::models
