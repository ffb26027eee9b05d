// How the trees of a model are to be grown, and how far the work is.
#pragma once

#include "models/train.h"
#include "models/training/sample.h"

namespace amity::models {

struct Plan {
  BoosterSettings settings;
  int forests = 1;
  int fold_count = 5;
};

// Progress in steps of roughly equal work.
struct Steps {
  const Progress* progress;
  int total = 1, done = 0;
  void next();
};

// Tries the list of settings by cross-validation; the one with the least loss after calibration.
Result<BoosterSettings> choose_settings(const Sample& sample, const TrainOptions& options, Steps& steps);

}  // namespace amity::models
