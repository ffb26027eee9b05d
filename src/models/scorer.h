// Why this room exists: models learn from what happened, and every decision they touch must be explained and
// repeatable.
//
// How data passes through: a Table (table.h) of a file or of features as of each event is learnt from (train.h):
// boosted trees by XGBoost, an additive partner where it helps; or a scorecard (scorecard.h); or a multilayer
// perceptron (network.h); calibration from out-of-fold predictions. The result is a Model, an immutable value of our
// own that scores without any training library, bit for bit the same on every machine, and explains each score exactly.
// It is measured (evaluate.h, metrics.h), written and signed as an artefact (model_file.h), and kept with its stages by
// the registry (registry.h), laid out for speed (flat_forest.h, shapley.h); only a live one scores in a policy.
// Contributions become words in reasons.h. Models and what they learn from are declared in institution/models/*.yaml
// (definition.h).
//
//   margin      = forest_share * mean(forest margins) + (1 - forest_share) * partner margin, or the scorecard's or
//   network's probability = sigmoid(calibration(margin))
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/additive.h"
#include "models/algorithm.h"
#include "models/calibration.h"
#include "models/features.h"
#include "models/flat_forest.h"
#include "models/network.h"
#include "models/scorecard.h"
#include "models/shapley.h"
#include "models/trees.h"

namespace amity::models {

struct Score {
  double margin = 0;                // before calibration: what contributions add up to
  double probability = 0;           // of the positive (bad) value, calibrated
  std::optional<int64_t> points{};  // a scorecard's
};

struct Explanation {
  double expected_margin = 0;  // of the training rows; of a scorecard: at its reference; of a network: of the mean row
  std::vector<double> contributions;  // one a feature, in margin; positive: towards the positive (bad) value
};

// A trained model. Rows are as features.h describes: one double a feature, NaN where missing. Any thread.
struct Model {
  std::string name{};
  std::vector<Feature> features{};
  std::string positive{}, negative{};    // the target's values
  std::vector<Forest> forests{};         // grown alike with different seeds
  double forest_share = 1;               // in [0, 1]
  std::optional<Additive> partner{};     // present where forest_share < 1
  std::optional<Scorecard> scorecard{};  // alone: neither forests nor a partner, and a forest_share of 0
  std::optional<Network> network{};      // likewise
  Calibration calibration{};
  Additive logistic{};  // plain logistic regression on the same rows: what the model is measured beside, never decides
  bool operator==(const Model&) const = default;

  // Walks the trees as they are written: for a row or two. The same bits as a Scorer's.
  Score score(std::span<const double> row) const;
  double logistic_probability(std::span<const double> row) const;
};

// What a model says: made once, asked for any number of rows, by any thread.
class Scorer {
 public:
  explicit Scorer(const Model& model);  // keeps what it needs of it
  Score score(std::span<const double> row) const;
  std::vector<double> probabilities(const Matrix& rows) const;

 private:
  Score mixed(double forest_sum, std::span<const double> row) const;

  size_t feature_count_;
  double forest_share_;
  std::vector<FlatForest> forests_;
  std::optional<Additive> partner_;
  std::optional<Scorecard> scorecard_;
  std::optional<Network> network_;
  Calibration calibration_;
};

// Why a model says what it says: made once, asked for any number of rows, by any thread.
class Explainer {
 public:
  explicit Explainer(const Model& model);  // keeps what it needs of it
  // expected_margin + sum of contributions = margin to 1e-9, but for the binary32 sums of the trees (about 1e-6).
  // A scorecard's are whole points below its reference, so that they add up exactly; a network's integrated gradients.
  Explanation explain(std::span<const double> row) const;

 private:
  size_t feature_count_;
  double forest_share_;
  std::vector<ForestExplainer> forests_;
  std::optional<Additive> partner_;
  std::optional<Scorecard> scorecard_;
  std::optional<Network> network_;
};

Algorithm algorithm_of(const Model& model);

// invalid, naming the part: anything that would make scoring read outside or come to no number.
Result<void> check_model(const Model& model);

std::vector<double> probabilities_of(const Model& model, const Matrix& rows);

}  // namespace amity::models
