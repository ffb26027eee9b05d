// From a margin to an honest probability: a rising map of margins, learnt from out-of-fold predictions.
//
//   none      the margin itself
//   platt     slope * margin + offset (Platt 1999)
//   isotonic  pooled adjacent violators (Ayer et al. 1955) over bins, joined by straight lines in the logit so that no
//             two different margins become one probability; beyond the ends the slope is 1
// Which one is chosen by cross-validated log loss; a more complicated one must be better by more than chance.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace amity::models {

struct Calibration {
  enum class Kind { kNone, kPlatt, kIsotonic };
  Kind kind = Kind::kNone;
  double slope = 1, offset = 0;
  std::vector<double> knots{}, values{};  // of kIsotonic: margins and their calibrated margins, both rising
  bool operator==(const Calibration&) const = default;

  double apply(double margin) const;  // the calibrated margin; its sigmoid is the probability
};
std::string_view name_of(Calibration::Kind kind);
Result<Calibration::Kind> parse_calibration_kind(std::string_view name);

Result<void> check_calibration(const Calibration& calibration);

Calibration fit_calibration(Calibration::Kind kind, std::span<const double> margins, std::span<const uint8_t> labels);
// `folds` says which rows' margins came from one held-out part.
Calibration choose_calibration(std::span<const double> margins, std::span<const uint8_t> labels,
                               std::span<const int> folds);

}  // namespace amity::models
