// Additive logistic models: margin = intercept + one function of each feature. Plain logistic regression is the rival
// every boosted model is measured beside; with bent (piecewise linear) functions it is a partner to blend with.
//
// A number's function is linear between its knots and constant beyond them; a category has a value each; a missing
// value has its own. The explanation is exact: feature j contributes f_j(x_j) - mean of f_j over the training rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "models/features.h"

namespace amity::models {

struct Shape {
  std::vector<double> knots{};   // rising; empty for a category
  std::vector<double> values{};  // at each knot, or of each category
  double missing = 0;
  double mean = 0;  // over the training rows
  bool operator==(const Shape&) const = default;

  double at(double x) const;
};

struct Additive {
  double intercept = 0;
  std::vector<Shape> shapes{};  // one a feature
  bool operator==(const Additive&) const = default;

  double margin(std::span<const double> row) const;
  double expected_margin() const;
  void add_contributions(std::span<const double> row, double weight, std::span<double> contributions) const;
};

Result<void> check_additive(const Additive& additive, const std::vector<Feature>& features);

struct AdditiveSettings {
  int inner_knots = 0;  // 0: a straight line, which is plain logistic regression
  double ridge = 1;     // penalty on squared weights of standardised columns
};

// Penalised maximum likelihood by iteratively reweighted least squares. Numbers are held inside their 1st and 99th
// percentile and standardised, missing ones get an indicator, categories one column each. A feature with a monotone
// direction is straight, and dropped where its weight would point the other way.
Result<Additive> fit_additive(const std::vector<Feature>& features, const Matrix& rows, std::span<const uint8_t> labels,
                              const AdditiveSettings& settings);

}  // namespace amity::models
