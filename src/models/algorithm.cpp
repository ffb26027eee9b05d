#include "models/algorithm.h"

namespace amity::models {

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kBoostedTrees: return "boosted_trees";
    case Algorithm::kScorecard: return "scorecard";
    case Algorithm::kMultilayerPerceptron: return "multilayer_perceptron";
  }
  return "boosted_trees";
}

Result<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto algorithm : {Algorithm::kBoostedTrees, Algorithm::kScorecard, Algorithm::kMultilayerPerceptron}) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return invalid("the algorithms are boosted_trees, scorecard and multilayer_perceptron");
}

}  // namespace amity::models
