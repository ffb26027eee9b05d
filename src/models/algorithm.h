// What kinds of model there are. All are trained, measured, signed, kept, explained and replayed in the same way.
#pragma once

#include <string_view>

#include "base/result.h"

namespace amity::models {

enum class Algorithm { kBoostedTrees, kScorecard, kMultilayerPerceptron };
std::string_view name_of(Algorithm algorithm);  // "boosted_trees"
Result<Algorithm> parse_algorithm(std::string_view name);

}  // namespace amity::models
