// The weight-of-evidence scorecard: what credit officers have decided by for half a century, and can check by hand.
//
// Each feature is a characteristic, divided into attributes (bins); each attribute has a whole number of points. What
// an applicant's attributes give is added to the base points: more points, less risk. Terms and scaling are those of
// Siddiqi, Credit Risk Scorecards (2006), chapter 6:
//
//   weight of evidence (WoE)   ln(share of the good in the attribute / share of the bad in it)
//   information value (IV)     sum over attributes of (share of the good - share of the bad) * WoE
//   points                     base + sum of points;  points = offset + factor * ln(odds of good to bad)
//   factor                     points to double the odds (PDO) / ln 2;  offset = base score - factor * ln(base odds)
//
// The whole points decide, not the weights they were rounded from: a person who adds them up has the model's very
// score. 0 points is neutral: an attribute that says what the population says as a whole.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/features.h"

namespace amity::models {

// What the points of an applicant's attribute are compared with, to say how much it costs them.
enum class Reference {
  kNeutral,  // 0 points: what tells the applicant from the population
  kBest,     // the characteristic's best attribute: what could be better
};
std::string_view name_of(Reference reference);  // "neutral"
Result<Reference> parse_reference(std::string_view name);

struct Attribute {
  int32_t points = 0;
  double woe = 0;
  double share = 0;     // of the training rows
  double bad_rate = 0;  // of its training rows; 0 without any
  bool operator==(const Attribute&) const = default;
};

struct Characteristic {
  std::vector<double> cuts{};            // of numbers, rising: attribute k holds cuts[k-1] <= x < cuts[k]
  std::vector<uint32_t> attribute_of{};  // of categories: each code's attribute
  // In order, the attribute of missing values (and of categories never seen) last. None: it is not in the scorecard.
  std::vector<Attribute> attributes{};
  double information_value = 0;
  bool operator==(const Characteristic&) const = default;

  bool is_used() const { return !attributes.empty(); }
  size_t attribute_at(double x) const;  // of a used one
  int32_t points_at(double x) const { return is_used() ? attributes[attribute_at(x)].points : 0; }
};

struct Scorecard {
  double points_to_double_odds = 20;
  double base_score = 600, base_odds = 50;  // so many points at so many good to one bad
  double factor = 0, offset = 0;            // follow from them; kept, because a logarithm differs between processors
  int32_t base_points = 0;
  std::vector<Characteristic> characteristics{};  // one a feature
  Reference reference = Reference::kNeutral;
  uint64_t row_count = 0;             // of training
  std::vector<int64_t> band_cuts{};   // the points that divided the training rows into tenths, rising
  std::vector<double> band_shares{};  // of the training rows, one more than cuts
  bool operator==(const Scorecard&) const = default;

  int64_t points(std::span<const double> row) const;
  double margin_of(int64_t points) const { return (offset - static_cast<double>(points)) / factor; }
  // Points below the reference, in margin: exactly additive, because whole points are.
  double expected_margin() const;
  void add_contributions(std::span<const double> row, std::span<double> contributions) const;
  size_t band_of(int64_t points) const;
};

constexpr int32_t kMostPoints = 1'000'000;

Result<void> check_scorecard(const Scorecard& scorecard, const std::vector<Feature>& features);

}  // namespace amity::models
