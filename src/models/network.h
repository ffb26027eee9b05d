// A multilayer perceptron of one hidden layer, or a few of different seeds averaged: the third kind of model.
//
// Inputs are numbers held inside their 0.5th and 99.5th percentile and standardised, a flag where a value is missing,
// and one column a category that is not rare, all centred on the training rows, so that the mean row is all zeros.
// Hidden units are rectified (max(0, x)): nothing on the way of a score needs libm, and the same model gives the same
// bits everywhere.
//
// Reasons are integrated gradients (Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", 2017) from the
// mean row. On the straight way to it each hidden unit turns at most once, so that the integral is a closed sum and not
// an approximation: contributions add up to the margin less that of the mean row, but for rounding. They are no Shapley
// values: the way is one of many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "models/features.h"

namespace amity::models {

// How a feature becomes inputs: a number one, categories one each, and the flag of a missing value last.
struct Encoding {
  double low = 0, high = 0;          // of a number, held inside
  double mean = 0, scale = 1;        // of a number, over the rows where it is present; input (x - mean) / scale
  std::vector<uint32_t> input_of{};  // of each category; one beyond the last: rare, it has no input
  std::vector<double> shares{};      // of the training rows, of each category that has an input
  double missing_share = 0;
  bool operator==(const Encoding&) const = default;

  bool is_category() const { return !input_of.empty(); }
  size_t input_count() const { return (is_category() ? shares.size() : 1) + 1; }
};

struct Perceptron {
  std::vector<double> hidden_weights{};  // units x inputs, one unit after the other
  std::vector<double> hidden_offsets{};
  std::vector<double> output_weights{};
  double output_offset = 0;
  bool operator==(const Perceptron&) const = default;

  size_t unit_count() const { return output_weights.size(); }
  double margin(std::span<const double> inputs) const;
  // Adds weight * (part of margin(inputs) - margin(0) that each input has).
  void add_attributions(std::span<const double> inputs, double weight, std::span<double> attributions) const;
};

struct Network {
  std::vector<Encoding> encodings{};      // one a feature
  std::vector<Perceptron> perceptrons{};  // averaged in the margin
  bool operator==(const Network&) const = default;

  size_t input_count() const;
  std::vector<double> encode(std::span<const double> row) const;
  double margin(std::span<const double> row) const;
  double expected_margin() const;  // of the mean row
  void add_contributions(std::span<const double> row, std::span<double> contributions) const;
};

constexpr size_t kMostUnits = 512, kMostPerceptrons = 16;

Result<void> check_network(const Network& network, const std::vector<Feature>& features);

}  // namespace amity::models
