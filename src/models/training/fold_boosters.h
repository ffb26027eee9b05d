// The boosters of all folds of a sample, grown in step: what each says of the rows it has not seen.
#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "models/boosting/xgboost.h"
#include "models/training/sample.h"

namespace amity::models {

// The sample must outlive it.
class FoldBoosters {
 public:
  static Result<FoldBoosters> make(const Sample& sample, std::span<const int> folds, int fold_count,
                                   const BoosterSettings& settings);

  // The best number of trees and its mean held-out loss; stops when that loss has not fallen for a while.
  struct Best {
    int tree_count = 0;
    double loss = INFINITY;
  };
  Result<Best> grow_until_worse(double learning_rate);
  Result<void> grow(int tree_count);

  // Every row's margin from the booster that has not seen it. `tree_count` 0: of all trees.
  Result<std::vector<double>> held_out_margins(int tree_count) const;

 private:
  struct Fold {
    Booster booster;
    BoosterData watched;
    std::vector<uint32_t> rows;
  };
  explicit FoldBoosters(const Sample& sample) : sample_(&sample) {}

  const Sample* sample_;
  std::vector<Fold> folds_;
};

}  // namespace amity::models
