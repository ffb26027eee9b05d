// Is the population that is scored still the one that was learnt from?
//
//   PSI = sum over bins of (share now - share in training) * ln(share now / share in training)
//
// The population stability index, of each characteristic of a scorecard over its attributes and of the score over the
// tenths of the training rows. By the field's custom (Siddiqi 2006, chapter 8) below 0.10 nothing has moved, above 0.25
// the scorecard should be looked at. Without any shift it is (1/n + 1/m) times a chi-squared variable of bins - 1
// degrees of freedom (Yurdakul and Naranjo, "Statistical properties of the population stability index", 2020): what
// few rows show by chance is said beside it.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "models/scorer.h"

namespace amity::models {

struct StabilityIndex {
  std::string name;         // of the characteristic; "score"
  double value = 0;         // PSI; a bin without rows counts as one with half a row
  double by_chance = 0;     // its mean where nothing has moved
  double chance_limit = 0;  // what it stays below in 95 of 100 samples where nothing has moved
};

struct Stability {
  StabilityIndex score;
  std::vector<StabilityIndex> characteristics;  // those of the scorecard, in its order
};

// Of a model that is a scorecard, between its training rows and `rows` (at least one).
Stability stability_of(const Model& model, const Matrix& rows);

json::object to_json(const Stability& stability);

}  // namespace amity::models
