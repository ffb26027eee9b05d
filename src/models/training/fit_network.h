// Training a multilayer perceptron: how many units and how much decay, what it says out of fold, and the network
// itself.
#pragma once

#include "models/train.h"
#include "models/training/sample.h"

namespace amity::models {

Result<void> fit_network_model(TrainedModel& out, const Sample& sample, const TrainOptions& options);

}  // namespace amity::models
