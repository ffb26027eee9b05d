// What any model says of rows it has not seen, and what is made of it: calibration and honest figures. For algorithms
// without settings that grow with the folds, unlike boosted trees (training/out_of_fold.h).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "models/train.h"
#include "models/training/sample.h"

namespace amity::models {

using MarginOf = std::function<double(std::span<const double> row)>;
// Fitted on a part of the rows, by the settings that were chosen.
using FitPart = std::function<Result<MarginOf>(const Sample& part)>;

// Calibrates out.model by margins from folds, and measures it and plain logistic regression on them; fits the latter
// on all rows. `done` is called for each fold.
Result<void> finish_by_folds(TrainedModel& out, const Sample& sample, const TrainOptions& options, const FitPart& fit,
                             const std::function<void()>& done);

}  // namespace amity::models
