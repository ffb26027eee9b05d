// Training a scorecard: which binning and ridge, what it says out of fold, and the card itself.
#pragma once

#include "models/train.h"
#include "models/training/sample.h"

namespace amity::models {

Result<void> fit_scorecard_model(TrainedModel& out, const Sample& sample, const TrainOptions& options);

}  // namespace amity::models
