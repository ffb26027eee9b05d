#include "models/stability.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace amity::models {
namespace {

// The 95th percentile of chi-squared, by the approximation of Wilson and Hilferty (1931), within 1 % from 1 degree on.
double chi_squared_limit(double degrees) {
  if (degrees < 1) return 0;
  if (degrees < 2) return 3.841;
  const double spread = 2 / (9 * degrees);
  const double root = 1 - spread + 1.6449 * std::sqrt(spread);
  return degrees * root * root * root;
}

StabilityIndex index_of(std::string name, const std::vector<double>& expected, const std::vector<size_t>& counts,
                        double expected_rows, double rows) {
  StabilityIndex out{.name = std::move(name)};
  double bins = 0;
  for (size_t k = 0; k < counts.size(); ++k) {
    if (expected[k] == 0 && counts[k] == 0) continue;
    const double before = std::max(expected[k], 0.5 / expected_rows);
    const double now = std::max(static_cast<double>(counts[k]), 0.5) / rows;
    out.value += (now - before) * std::log(now / before);
    ++bins;
  }
  const double scale = 1 / expected_rows + 1 / rows;
  out.by_chance = scale * std::max(bins - 1, 0.0);
  out.chance_limit = scale * chi_squared_limit(bins - 1);
  return out;
}

json::object to_json(const StabilityIndex& index) {
  return {{"name", index.name},
          {"value", index.value},
          {"by_chance", index.by_chance},
          {"chance_limit", index.chance_limit}};
}

}  // namespace

Stability stability_of(const Model& model, const Matrix& rows) {
  CHECK(model.scorecard.has_value() && rows.row_count > 0);
  const auto& card = *model.scorecard;
  const auto training_rows = static_cast<double>(card.row_count), row_count = static_cast<double>(rows.row_count);
  Stability out;
  for (size_t j = 0; j < card.characteristics.size(); ++j) {
    const auto& characteristic = card.characteristics[j];
    if (!characteristic.is_used()) continue;
    std::vector<size_t> counts(characteristic.attributes.size());
    for (size_t i = 0; i < rows.row_count; ++i) ++counts[characteristic.attribute_at(rows.at(i, j))];
    std::vector<double> expected;
    for (const auto& attribute : characteristic.attributes) expected.push_back(attribute.share);
    out.characteristics.push_back(index_of(model.features[j].name, expected, counts, training_rows, row_count));
  }
  std::vector<size_t> bands(card.band_shares.size());
  for (size_t i = 0; i < rows.row_count; ++i) ++bands[card.band_of(card.points(rows.row(i)))];
  out.score = index_of("score", card.band_shares, bands, training_rows, row_count);
  return out;
}

json::object to_json(const Stability& stability) {
  json::array characteristics;
  for (const auto& index : stability.characteristics) characteristics.push_back(to_json(index));
  auto score = to_json(stability.score);
  return {{"score", std::move(score)}, {"characteristics", std::move(characteristics)}};
}

}  // namespace amity::models
