#include "models/definition.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/yaml.h"

namespace amity::models {
namespace {

Result<void> read_sample(const json::value& value, ModelDefinition& out) {
  JsonReader in(value, "/sample");
  out.sample_on = in.text("on");
  out.sample_where = in.text_or("where", "");
  out.sample_key = in.text("key");
  return in.finish();
}

Result<void> read_label(const json::value& value, ModelDefinition& out) {
  JsonReader in(value, "/label");
  out.label_on = in.text("on");
  out.label_key = in.text("key");
  out.label_bad = in.text("bad");
  if (in.has("within")) {
    const auto within = parse_duration(in.text("within"));
    if (!within) in.refuse("within", within.error().message);
    if (within) out.label_within = *within;
  }
  return in.finish();
}

Result<void> read_features(const json::array& list, ModelDefinition& out) {
  std::set<std::string> names;
  for (const auto& item : list) {
    JsonReader in(item, fmt::format("/features/{}", out.features.size()));
    FeatureUse use{.name = in.text("name"),
                   .reason = in.text("reason"),
                   .monotone = static_cast<int>(in.integer_or("monotone", -1, 1, 0))};
    if (!names.insert(use.name).second) in.refuse("name", "the feature stands twice");
    TRY(in.finish());
    out.features.push_back(std::move(use));
  }
  if (out.features.empty()) return invalid("at least one feature is needed", "/features");
  return {};
}

Result<void> read_minimum_history(const json::value& value, ModelDefinition& out) {
  if (value.is_null()) return {};
  if (!value.is_object()) return invalid("feature: least value", "/minimum_history");
  for (const auto& [name, least] : value.get_object()) {
    const std::string place = "/minimum_history/" + std::string(name);
    if (!least.is_number()) return invalid("a number is expected", place);
    if (std::ranges::find(out.features, std::string_view(name), &FeatureUse::name) == out.features.end()) {
      return invalid("must be one of the model's features", place);
    }
    out.minimum_history[name] = least.to_number<double>();
  }
  return {};
}

Result<void> read_training(const json::value& value, ModelDefinition& out) {
  if (value.is_null()) return {};
  JsonReader in(value, "/training");
  out.trials = static_cast<int>(in.integer_or("trials", 1, 14, out.trials));
  out.folds = static_cast<int>(in.integer_or("folds", 2, 20, out.folds));
  out.forests = static_cast<int>(in.integer_or("forests", 0, 20, out.forests));
  out.may_blend = in.boolean_or("blend", out.may_blend);
  out.seed = static_cast<uint64_t>(in.integer_or("seed", 0, 1'000'000, 1));
  return in.finish();
}

double number_or(JsonReader& in, std::string_view key, double least, double most, double otherwise) {
  if (!in.has(key)) {
    in.any_or_null(key);
    return otherwise;
  }
  const double number = in.number(key);
  if (!(number >= least && number <= most))
    in.refuse(key, fmt::format("a number from {} to {} is expected", least, most));
  return number;
}

Result<void> read_scorecard(const json::value& value, ModelDefinition& out) {
  if (value.is_null()) return {};
  if (out.algorithm != Algorithm::kScorecard) return invalid("say algorithm: scorecard, or leave it out", "/scorecard");
  JsonReader in(value, "/scorecard");
  auto& options = out.scorecard;
  options.points_to_double_odds = number_or(in, "points_to_double_odds", 5, 1000, options.points_to_double_odds);
  options.base_score = number_or(in, "base_score", -10'000, 10'000, options.base_score);
  options.base_odds = number_or(in, "base_odds", 0.001, 100'000, options.base_odds);
  options.minimum_share = number_or(in, "minimum_share", 0, 0.5, options.minimum_share);
  options.most_attributes = static_cast<int>(in.integer_or("most_attributes", 2, 20, options.most_attributes));
  options.minimum_information_value =
      number_or(in, "minimum_information_value", 0, 10, options.minimum_information_value);
  const auto reference = parse_reference(in.text_or("reference", name_of(options.reference)));
  if (!reference) in.refuse("reference", reference.error().message);
  options.reference = reference.value_or(options.reference);
  return in.finish();
}

}  // namespace

bool ModelDefinition::has_enough_history(std::span<const double> row) const {
  for (const auto& [feature, least] : minimum_history) {
    const auto at = static_cast<size_t>(std::ranges::find(features, feature, &FeatureUse::name) - features.begin());
    if (!(row[at] >= least)) return false;
  }
  return true;
}

Result<ModelDefinition> parse_model_definition(std::string_view yaml) {
  const auto value = TRY(parse_yaml(yaml));
  JsonReader in(value, "");
  ModelDefinition out;
  out.name = in.text("name", 64);
  const auto& sample = in.any("sample");
  const auto& label = in.any("label");
  const auto group = events::parse_entity_kind(in.text("group"));
  if (!group) in.refuse("group", group.error().message);
  const auto& minimum_history = in.any_or_null("minimum_history");
  const auto& features = in.array("features");
  const auto& training = in.any_or_null("training");
  const auto algorithm = parse_algorithm(in.text_or("algorithm", name_of(out.algorithm)));
  if (!algorithm) in.refuse("algorithm", algorithm.error().message);
  const auto& scorecard = in.any_or_null("scorecard");
  TRY(in.finish());
  out.group = *group;
  out.algorithm = *algorithm;
  TRY(read_sample(sample, out));
  TRY(read_label(label, out));
  TRY(read_features(features, out));
  TRY(read_minimum_history(minimum_history, out));
  TRY(read_training(training, out));
  TRY(read_scorecard(scorecard, out));
  out.fingerprint = digest(as_bytes(write_json(value)));
  return out;
}

Result<features::TrainingSpec> training_spec(const ModelDefinition& definition, const features::FeatureSet& set) {
  std::vector<std::string> names;
  for (const auto& use : definition.features) names.push_back(use.name);
  features::TrainingSpec spec;
  spec.sample_on = {definition.sample_on};
  spec.sample_where = definition.sample_where;
  spec.sample_key = definition.sample_key;
  spec.label_on = {definition.label_on};
  spec.label_key = definition.label_key;
  spec.label_value = definition.label_bad;
  spec.label_within = definition.label_within;
  spec.group = definition.group;
  spec.features = TRY(set.select(names));
  return spec;
}

Result<Table> training_table(const ModelDefinition& definition, const features::TrainingSet& set, Timestamp since) {
  auto names = set.names;
  names.emplace_back(kLabelColumn);
  names.emplace_back(kGroupColumn);
  std::map<Uuid, double> groups;
  std::vector<double> cells;
  for (size_t row = 0; row < set.row_count(); ++row) {
    const std::span values(set.values.data() + row * set.names.size(), set.names.size());
    if (set.times[row] <= since || !definition.has_enough_history(values)) continue;
    cells.insert(cells.end(), values.begin(), values.end());
    cells.push_back(set.labels[row] != 0 ? 1 : 0);
    cells.push_back(groups.emplace(set.groups[row], static_cast<double>(groups.size())).first->second);
  }
  if (cells.empty()) {
    return fail(Code::kUnprocessable, "no sample has both a label and enough history: nothing can be learnt yet");
  }
  return table_of(names, cells);
}

TrainOptions train_options(const ModelDefinition& definition) {
  TrainOptions options{.name = definition.name,
                       .algorithm = definition.algorithm,
                       .choice = {.target = std::string(kLabelColumn), .group = std::string(kGroupColumn)},
                       .positive = "1",
                       .trials = definition.trials,
                       .folds = definition.folds,
                       .forests = definition.forests,
                       .may_blend = definition.may_blend,
                       .seed = definition.seed,
                       .scorecard = definition.scorecard};
  for (const auto& use : definition.features) {
    options.choice.monotone[use.name] = use.monotone;
    options.choice.reasons[use.name] = use.reason;
  }
  return options;
}

}  // namespace amity::models
