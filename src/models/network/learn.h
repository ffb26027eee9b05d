// Learning a perceptron: Adam (Kingma and Ba 2015) on the log loss in small batches, stopped early on a held-out part.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/network.h"
#include "models/training/sample.h"

namespace amity::models {

struct NetworkSettings {
  size_t units = 16;
  double decay = 1e-3;  // pulls weights (not offsets) towards 0: half of this times their squares is added to the loss
  double rate = 0.005;  // of learning
  size_t batch = 64;
  int most_epochs = 80;
  int patience = 8;  // epochs without a lower held-out loss until it stops
  int perceptrons = 3;
};

std::vector<Encoding> learn_encodings(const Sample& sample);

// The perceptron with the least loss on the held-out tenth of the rows (groups stay together). A feature with a
// monotone direction keeps it: a hidden weight that would turn it round is held at 0. One thread, no libm: the same
// bits always.
Network learn_network(const Sample& sample, const NetworkSettings& settings, uint64_t seed);

}  // namespace amity::models
