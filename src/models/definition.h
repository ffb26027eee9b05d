// What a model learns, declared by the institution in institution/models/*.yaml:
//
//   name: credit.default
//   sample: {on: credit.application, key: application}        # a row is taken at each, as of that event
//   label: {on: loan.status_recorded, key: loan, bad: "event.status in ['in_arrears', 'defaulted']", within: 730d}
//   group: account                                            # rows of one account never stand on both sides of a
//   split minimum_history: {account.transaction_count_365d: 10}     # below it the answer is "not enough history"
//   features:
//     - {name: account.balance_min_365d, reason: low_balance, monotone: -1}
//   training: {trials: 14, folds: 5, forests: 5, blend: true, seed: 1}
//
// `algorithm: multilayer_perceptron` makes it one instead of boosted trees; `algorithm: scorecard` a scorecard, whose
// looks may be said too:
//
//   scorecard: {points_to_double_odds: 20, base_score: 600, base_odds: 50, minimum_share: 0.05, most_attributes: 8,
//               minimum_information_value: 0.02, reference: neutral}
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "events/event.h"
#include "features/definition.h"
#include "features/training.h"
#include "models/train.h"

namespace amity::models {

struct FeatureUse {
  std::string name;
  std::string reason;  // text key reason.<this>
  int monotone = 0;    // 1: more is never less risk
};

struct ModelDefinition {
  std::string name;
  std::string sample_on;
  std::string sample_where;  // CEL over `event`; empty: all
  std::string sample_key;    // field path, or "event.id"
  std::string label_on;
  std::string label_key;
  std::string label_bad;  // CEL over `event`, true for the bad value
  std::optional<Duration> label_within;
  events::EntityKind group = events::EntityKind::kCustomer;
  std::map<std::string, double> minimum_history;  // feature -> least value
  std::vector<FeatureUse> features;
  int trials = 14, folds = 5, forests = 0;
  bool may_blend = true;
  uint64_t seed = 1;
  Algorithm algorithm = Algorithm::kBoostedTrees;
  ScorecardOptions scorecard;
  Digest fingerprint{};  // of the canonical definition

  // Whether a row (values in the order of `features`) has what minimum_history asks for.
  bool has_enough_history(std::span<const double> row) const;
};

// invalid, with the place: an unknown or missing field, a feature named twice, minimum_history of a feature not used.
Result<ModelDefinition> parse_model_definition(std::string_view yaml);

// not_found: a feature that the set does not define.
Result<features::TrainingSpec> training_spec(const ModelDefinition& definition, const features::FeatureSet& set);
// Rows with enough history of samples after `since`, columns as the definition's features, then kLabelColumn and
// kGroupColumn.
constexpr std::string_view kLabelColumn = "label", kGroupColumn = "group";
Result<Table> training_table(const ModelDefinition& definition, const features::TrainingSet& set,
                             Timestamp since = kEarliest);
TrainOptions train_options(const ModelDefinition& definition);

}  // namespace amity::models
