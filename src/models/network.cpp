#include "models/network.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace amity::models {
namespace {

void encode_one(const Encoding& encoding, double x, std::vector<double>& inputs) {
  const bool is_missing = std::isnan(x);
  if (!encoding.is_category()) {
    inputs.push_back(is_missing ? 0 : (std::clamp(x, encoding.low, encoding.high) - encoding.mean) / encoding.scale);
    inputs.push_back((is_missing ? 1 : 0) - encoding.missing_share);
    return;
  }
  const bool is_known = !is_missing && x >= 0 && x < static_cast<double>(encoding.input_of.size());
  const size_t own = is_known ? encoding.input_of[static_cast<size_t>(x)] : encoding.shares.size();
  for (size_t i = 0; i < encoding.shares.size(); ++i) inputs.push_back((i == own ? 1 : 0) - encoding.shares[i]);
  inputs.push_back((is_known ? 0 : 1) - encoding.missing_share);
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The share of the way from `start` to `end` on which it is above 0; a rectified unit lets through just that much of
// its slope.
double share_above_zero(double start, double end) {
  if (start > 0 && end > 0) return 1;
  if (start <= 0 && end <= 0) return 0;
  return (start > 0 ? start : end) / std::abs(end - start);
}

bool all_finite(const std::vector<double>& list) {
  return std::ranges::all_of(list, [](double x) { return std::isfinite(x); });
}

Result<void> check_encoding(const Encoding& encoding, const Feature& feature) {
  const auto& [low, high, mean, scale, input_of, shares, missing_share] = encoding;
  const auto is_input = [&](uint32_t input) { return input <= shares.size(); };
  if (input_of.size() != (feature.is_categorical ? feature.categories.size() : 0) ||
      !std::ranges::all_of(input_of, is_input) || (input_of.empty() && !shares.empty())) {
    return invalid("each category has one of the inputs, or none");
  }
  if (!all_finite({low, high, mean, scale, missing_share}) || !all_finite(shares) || !(low <= high) || !(scale > 0)) {
    return invalid("a number of the encoding is out of range");
  }
  return {};
}

Result<void> check_perceptron(const Perceptron& perceptron, size_t input_count) {
  const size_t units = perceptron.unit_count();
  if (units == 0 || units > kMostUnits || perceptron.hidden_offsets.size() != units ||
      perceptron.hidden_weights.size() != units * input_count) {
    return invalid("the number of weights is wrong");
  }
  if (!all_finite(perceptron.hidden_weights) || !all_finite(perceptron.hidden_offsets) ||
      !all_finite(perceptron.output_weights) || !std::isfinite(perceptron.output_offset)) {
    return invalid("a weight is not finite");
  }
  return {};
}

}  // namespace

double Perceptron::margin(std::span<const double> inputs) const {
  double sum = output_offset;
  const std::span<const double> weights(hidden_weights);
  for (size_t unit = 0; unit < unit_count(); ++unit) {
    const double reached = hidden_offsets[unit] + dot(weights.subspan(unit * inputs.size(), inputs.size()), inputs);
    if (reached > 0) sum += output_weights[unit] * reached;
  }
  return sum;
}

void Perceptron::add_attributions(std::span<const double> inputs, double weight, std::span<double> attributions) const {
  const std::span<const double> all(hidden_weights);
  for (size_t unit = 0; unit < unit_count(); ++unit) {
    const auto weights = all.subspan(unit * inputs.size(), inputs.size());
    const double start = hidden_offsets[unit], end = start + dot(weights, inputs);
    const double slope = weight * output_weights[unit] * share_above_zero(start, end);
    if (slope == 0) continue;
    for (size_t i = 0; i < inputs.size(); ++i) attributions[i] += slope * weights[i] * inputs[i];
  }
}

size_t Network::input_count() const {
  size_t count = 0;
  for (const auto& encoding : encodings) count += encoding.input_count();
  return count;
}

std::vector<double> Network::encode(std::span<const double> row) const {
  std::vector<double> inputs;
  inputs.reserve(input_count());
  for (size_t j = 0; j < encodings.size(); ++j) encode_one(encodings[j], row[j], inputs);
  return inputs;
}

double Network::margin(std::span<const double> row) const {
  const auto inputs = encode(row);
  double sum = 0;
  for (const auto& perceptron : perceptrons) sum += perceptron.margin(inputs);
  return sum / static_cast<double>(perceptrons.size());
}

double Network::expected_margin() const {
  const std::vector<double> mean(input_count(), 0.0);
  double sum = 0;
  for (const auto& perceptron : perceptrons) sum += perceptron.margin(mean);
  return sum / static_cast<double>(perceptrons.size());
}

void Network::add_contributions(std::span<const double> row, std::span<double> contributions) const {
  const auto inputs = encode(row);
  std::vector<double> attributions(inputs.size(), 0.0);
  for (const auto& perceptron : perceptrons) {
    perceptron.add_attributions(inputs, 1 / static_cast<double>(perceptrons.size()), attributions);
  }
  size_t at = 0;
  for (size_t j = 0; j < encodings.size(); ++j) {
    for (size_t k = 0; k < encodings[j].input_count(); ++k) contributions[j] += attributions[at++];
  }
}

Result<void> check_network(const Network& network, const std::vector<Feature>& features) {
  if (network.encodings.size() != features.size()) return invalid("one encoding a feature is expected");
  for (size_t j = 0; j < features.size(); ++j) {
    if (auto checked = check_encoding(network.encodings[j], features[j]); !checked) {
      return std::unexpected(std::move(checked).error().within(fmt::format("encoding {}", j)));
    }
  }
  if (network.perceptrons.empty() || network.perceptrons.size() > kMostPerceptrons) {
    return invalid("the number of perceptrons is out of range");
  }
  for (const auto& perceptron : network.perceptrons) TRY(check_perceptron(perceptron, network.input_count()));
  return {};
}

}  // namespace amity::models
