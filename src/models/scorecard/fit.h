// From rows to a scorecard: attributes, then logistic regression on their weights of evidence, then whole points.
#pragma once

#include <string>
#include <vector>

#include "models/scorecard.h"
#include "models/scorecard/binning.h"
#include "models/train.h"
#include "models/training/sample.h"

namespace amity::models {

// Characteristics with cuts, attributes and information values, and as yet no points; all features have one.
std::vector<Characteristic> bin_sample(const Sample& sample, const BinningSettings& settings);

// Points for them. Left out (not used) are characteristics whose information value is below the least, and those whose
// weight would have the wrong sign: their attributes would be rewarded for being worse than others.
Result<Scorecard> fit_points(const Sample& sample, std::vector<Characteristic> binned, const ScorecardOptions& options,
                             double ridge);

// For people: each characteristic that is not in the scorecard, and why.
std::vector<std::string> notes_on_left_out(const Scorecard& card, const std::vector<Feature>& features,
                                           const ScorecardOptions& options);

}  // namespace amity::models
