#include "models/scorecard.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace amity::models {
namespace {

int64_t reference_points(const Characteristic& characteristic, Reference reference) {
  if (reference == Reference::kNeutral || !characteristic.is_used()) return 0;
  return std::ranges::max(characteristic.attributes, {}, &Attribute::points).points;
}

bool is_share(double x) { return x >= 0 && x <= 1; }

Result<void> check_attributes(const Characteristic& characteristic) {
  if (!std::isfinite(characteristic.information_value)) return invalid("the information value is not finite");
  for (const auto& attribute : characteristic.attributes) {
    if (std::abs(int64_t{attribute.points}) > kMostPoints) return invalid("too many points");
    if (!std::isfinite(attribute.woe) || !is_share(attribute.share) || !is_share(attribute.bad_rate)) {
      return invalid("a weight of evidence must be finite, a share between 0 and 1");
    }
  }
  return {};
}

Result<void> check_characteristic(const Characteristic& characteristic, const Feature& feature) {
  TRY(check_attributes(characteristic));
  const auto& [cuts, attribute_of, attributes, information_value] = characteristic;
  if (!characteristic.is_used()) {
    if (!cuts.empty() || !attribute_of.empty()) return invalid("one that is not used has no attributes");
    return {};
  }
  const size_t present = attributes.size() - 1;
  if (feature.is_categorical) {
    const auto is_one = [&](uint32_t attribute) { return attribute < present; };
    if (!cuts.empty() || attribute_of.size() != feature.categories.size() ||
        !std::ranges::all_of(attribute_of, is_one)) {
      return invalid("each category needs one of the attributes");
    }
    return {};
  }
  if (!attribute_of.empty() || present != cuts.size() + 1) return invalid("the number of attributes is wrong");
  if (std::ranges::adjacent_find(cuts, std::greater_equal{}) != cuts.end() ||
      !std::ranges::all_of(cuts, [](double x) { return std::isfinite(x); })) {
    return invalid("cuts must rise");
  }
  return {};
}

Result<void> check_bands(const Scorecard& scorecard) {
  if (scorecard.band_shares.size() != scorecard.band_cuts.size() + 1 ||
      std::ranges::adjacent_find(scorecard.band_cuts, std::greater_equal{}) != scorecard.band_cuts.end() ||
      !std::ranges::all_of(scorecard.band_shares, is_share)) {
    return invalid("bands of the score must rise, their shares lie between 0 and 1");
  }
  return {};
}

}  // namespace

std::string_view name_of(Reference reference) { return reference == Reference::kBest ? "best" : "neutral"; }

Result<Reference> parse_reference(std::string_view name) {
  for (const auto reference : {Reference::kNeutral, Reference::kBest}) {
    if (name == name_of(reference)) return reference;
  }
  return invalid("points are compared with the neutral or the best attribute: neutral, best");
}

size_t Characteristic::attribute_at(double x) const {
  const size_t missing = attributes.size() - 1;
  if (std::isnan(x)) return missing;
  if (!attribute_of.empty()) {
    const bool is_code = x >= 0 && x < static_cast<double>(attribute_of.size());
    return is_code ? attribute_of[static_cast<size_t>(x)] : missing;
  }
  return static_cast<size_t>(std::ranges::upper_bound(cuts, x) - cuts.begin());
}

int64_t Scorecard::points(std::span<const double> row) const {
  int64_t sum = base_points;
  for (size_t j = 0; j < characteristics.size(); ++j) sum += characteristics[j].points_at(row[j]);
  return sum;
}

double Scorecard::expected_margin() const {
  int64_t sum = base_points;
  for (const auto& characteristic : characteristics) sum += reference_points(characteristic, reference);
  return margin_of(sum);
}

void Scorecard::add_contributions(std::span<const double> row, std::span<double> contributions) const {
  for (size_t j = 0; j < characteristics.size(); ++j) {
    const int64_t lost = reference_points(characteristics[j], reference) - characteristics[j].points_at(row[j]);
    contributions[j] += static_cast<double>(lost) / factor;
  }
}

size_t Scorecard::band_of(int64_t points) const {
  return static_cast<size_t>(std::ranges::upper_bound(band_cuts, points) - band_cuts.begin());
}

Result<void> check_scorecard(const Scorecard& scorecard, const std::vector<Feature>& features) {
  if (!(scorecard.factor > 1e-6 && scorecard.factor < 1e6) || !(std::abs(scorecard.offset) < 1e9) ||
      !(scorecard.points_to_double_odds > 0) || !(scorecard.base_odds > 0) || !std::isfinite(scorecard.base_score) ||
      std::abs(int64_t{scorecard.base_points}) > kMostPoints) {
    return invalid("the scaling of the points is out of range");
  }
  if (scorecard.characteristics.size() != features.size()) return invalid("one characteristic a feature is expected");
  for (size_t j = 0; j < features.size(); ++j) {
    if (auto checked = check_characteristic(scorecard.characteristics[j], features[j]); !checked) {
      return std::unexpected(std::move(checked).error().within(fmt::format("characteristic {}", j)));
    }
  }
  return check_bands(scorecard);
}

}  // namespace amity::models
