#include "models/scorer.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "models/elementary.h"

namespace amity::models {

namespace {

constexpr size_t kRowsAtOnce = 1'024;

// The margin, of the sum of the forests' own: the same operations in the same order, whoever summed.
double mix(double forest_sum, size_t forest_count, double forest_share, const std::optional<Additive>& partner,
           std::span<const double> row) {
  double margin = forest_sum;
  if (forest_count > 0) margin *= forest_share / static_cast<double>(forest_count);
  if (partner) margin += (1 - forest_share) * partner->margin(row);
  return margin;
}

Score score_of(const Scorecard& card, const Calibration& calibration, std::span<const double> row) {
  const int64_t points = card.points(row);
  const double margin = card.margin_of(points);
  return {.margin = margin, .probability = sigmoid(calibration.apply(margin)), .points = points};
}

Score score_of(const Network& network, const Calibration& calibration, std::span<const double> row) {
  const double margin = network.margin(row);
  return {.margin = margin, .probability = sigmoid(calibration.apply(margin))};
}

// A scorecard or a network stands alone.
Result<void> check_parts(const Model& model) {
  if (model.scorecard || model.network) {
    const bool is_alone = model.forests.empty() && !model.partner && model.forest_share == 0 &&
                          model.scorecard.has_value() != model.network.has_value();
    const auto* place = model.scorecard ? "/scorecard" : "/network";
    if (!is_alone) return invalid("a scorecard or network has no other part beside it", place);
    return {};
  }
  if (!(model.forest_share >= 0 && model.forest_share <= 1)) return invalid("not a share", "/forest_share");
  if (model.forests.empty() != (model.forest_share == 0))
    return invalid("trees and their share do not fit", "/forests");
  if (model.partner.has_value() != (model.forest_share < 1)) return invalid("partner and share do not fit", "/partner");
  return {};
}

}  // namespace

Score Model::score(std::span<const double> row) const {
  CHECK(row.size() == features.size());
  if (scorecard) return score_of(*scorecard, calibration, row);
  if (network) return score_of(*network, calibration, row);
  const std::vector<float> floats(row.begin(), row.end());
  double sum = 0;
  for (const auto& forest : forests) sum += static_cast<double>(forest.margin(floats));
  const double margin = mix(sum, forests.size(), forest_share, partner, row);
  return {.margin = margin, .probability = sigmoid(calibration.apply(margin))};
}

Scorer::Scorer(const Model& model)
    : feature_count_(model.features.size()),
      forest_share_(model.forest_share),
      forests_(model.forests.begin(), model.forests.end()),
      partner_(model.partner),
      scorecard_(model.scorecard),
      network_(model.network),
      calibration_(model.calibration) {}

Score Scorer::score(std::span<const double> row) const {
  CHECK(row.size() == feature_count_);
  if (scorecard_) return score_of(*scorecard_, calibration_, row);
  if (network_) return score_of(*network_, calibration_, row);
  const std::vector<float> floats(row.begin(), row.end());
  double sum = 0;
  for (const auto& forest : forests_) sum += static_cast<double>(forest.margin(floats));
  return mixed(sum, row);
}

Score Scorer::mixed(double forest_sum, std::span<const double> row) const {
  const double margin = mix(forest_sum, forests_.size(), forest_share_, partner_, row);
  return {.margin = margin, .probability = sigmoid(calibration_.apply(margin))};
}

std::vector<double> Scorer::probabilities(const Matrix& rows) const {
  CHECK(rows.column_count == feature_count_);
  if (scorecard_ || network_) {
    std::vector<double> all;
    for (size_t i = 0; i < rows.row_count; ++i) all.push_back(score(rows.row(i)).probability);
    return all;
  }
  std::vector<double> probabilities, sums;
  std::vector<float> floats, margins;
  probabilities.reserve(rows.row_count);
  for (size_t begin = 0; begin < rows.row_count; begin += kRowsAtOnce) {
    const size_t count = std::min(kRowsAtOnce, rows.row_count - begin);
    const auto cells = std::span(rows.cells).subspan(begin * feature_count_, count * feature_count_);
    floats.assign(cells.begin(), cells.end());
    margins.resize(count);
    sums.assign(count, 0.0);
    for (const auto& forest : forests_) {
      forest.margins(floats, margins);
      for (size_t i = 0; i < count; ++i) sums[i] += static_cast<double>(margins[i]);
    }
    for (size_t i = 0; i < count; ++i) probabilities.push_back(mixed(sums[i], rows.row(begin + i)).probability);
  }
  return probabilities;
}

Explainer::Explainer(const Model& model)
    : feature_count_(model.features.size()),
      forest_share_(model.forest_share),
      forests_(model.forests.begin(), model.forests.end()),
      partner_(model.partner),
      scorecard_(model.scorecard),
      network_(model.network) {}

Explanation Explainer::explain(std::span<const double> row) const {
  CHECK(row.size() == feature_count_);
  const std::vector<float> floats(row.begin(), row.end());
  Explanation out{.expected_margin = 0, .contributions = std::vector<double>(feature_count_, 0.0)};
  for (const auto& forest : forests_) {
    const double share = forest_share_ / static_cast<double>(forests_.size());
    out.expected_margin += share * forest.expected_margin();
    forest.add_contributions(floats, share, out.contributions);
  }
  if (partner_) {
    out.expected_margin += (1 - forest_share_) * partner_->expected_margin();
    partner_->add_contributions(row, 1 - forest_share_, out.contributions);
  }
  if (scorecard_) {
    out.expected_margin = scorecard_->expected_margin();
    scorecard_->add_contributions(row, out.contributions);
  }
  if (network_) {
    out.expected_margin = network_->expected_margin();
    network_->add_contributions(row, out.contributions);
  }
  return out;
}

double Model::logistic_probability(std::span<const double> row) const { return sigmoid(logistic.margin(row)); }

Algorithm algorithm_of(const Model& model) {
  if (model.scorecard) return Algorithm::kScorecard;
  return model.network ? Algorithm::kMultilayerPerceptron : Algorithm::kBoostedTrees;
}

Result<void> check_model(const Model& model) {
  std::set<std::string_view> names;
  for (const auto& feature : model.features) {
    if (!names.insert(feature.name).second) return invalid("two features are named " + feature.name, "/features");
  }
  if (model.features.empty()) return invalid("a model needs features", "/features");
  TRY(check_parts(model));
  const auto within = [](Result<void> checked, std::string place) -> Result<void> {
    if (!checked) return std::unexpected(std::move(checked).error().within(place + " "));
    return {};
  };
  for (size_t i = 0; i < model.forests.size(); ++i) {
    TRY(within(check_forest(model.forests[i], model.features.size()), fmt::format("/forests/{}", i)));
  }
  if (model.partner) TRY(within(check_additive(*model.partner, model.features), "/partner"));
  if (model.scorecard) TRY(within(check_scorecard(*model.scorecard, model.features), "/scorecard"));
  if (model.network) TRY(within(check_network(*model.network, model.features), "/network"));
  TRY(within(check_additive(model.logistic, model.features), "/logistic"));
  return within(check_calibration(model.calibration), "/calibration");
}

std::vector<double> probabilities_of(const Model& model, const Matrix& rows) {
  return Scorer(model).probabilities(rows);
}

}  // namespace amity::models
