#include "models/network/learn.h"

#include <algorithm>
#include <cmath>

#include "models/elementary.h"
#include "models/folds.h"

namespace amity::models {
namespace {

constexpr double kLeastShare = 0.005;  // of the rows; a category with fewer is rare

// All weights in one list, so that a step is one loop: hidden weights, hidden offsets, output weights, output offset.
class Learner {
 public:
  Learner(size_t inputs, const NetworkSettings& settings, double base_margin, Random& random)
      : inputs_(inputs), units_(settings.units), settings_(settings) {
    const size_t count = units_ * (inputs + 2) + 1;
    weights_.assign(count, 0.0);
    gradient_.assign(count, 0.0);
    first_.assign(count, 0.0);
    second_.assign(count, 0.0);
    // He, Zhang, Ren, Sun (2015), for rectified units.
    const double spread = std::sqrt(2 / static_cast<double>(std::max<size_t>(inputs, 1)));
    for (size_t i = 0; i < units_ * inputs_; ++i) weights_[i] = spread * random.normal();
    const double output_spread = 0.5 / std::sqrt(static_cast<double>(units_));
    for (size_t u = 0; u < units_; ++u) weights_[output_at(u)] = output_spread * random.normal();
    weights_.back() = base_margin;
  }

  // Directions of inputs: 1, -1 or 0.
  void keep(std::vector<int> directions) {
    directions_ = std::move(directions);
    hold_directions();
  }

  double margin(std::span<const double> row) const {
    double sum = weights_.back();
    for (size_t u = 0; u < units_; ++u) {
      const double reached = reach(u, row);
      if (reached > 0) sum += weights_[output_at(u)] * reached;
    }
    return sum;
  }

  void add_gradient(std::span<const double> row, uint8_t label) {
    reached_.resize(units_);
    double margin = weights_.back();
    for (size_t u = 0; u < units_; ++u) {
      reached_[u] = std::max(reach(u, row), 0.0);
      margin += weights_[output_at(u)] * reached_[u];
    }
    const double error = sigmoid(margin) - label;
    gradient_.back() += error;
    for (size_t u = 0; u < units_; ++u) {
      if (reached_[u] <= 0) continue;
      gradient_[output_at(u)] += error * reached_[u];
      const double back = error * weights_[output_at(u)];
      gradient_[offset_at(u)] += back;
      double* of_unit = gradient_.data() + u * inputs_;
      for (size_t i = 0; i < inputs_; ++i) of_unit[i] += back * row[i];
    }
  }

  void step(size_t batch_rows, double rate) {
    constexpr double kFirst = 0.9, kSecond = 0.999, kSmall = 1e-8;
    first_power_ *= kFirst;
    second_power_ *= kSecond;
    const double rows = static_cast<double>(batch_rows);
    for (size_t i = 0; i < weights_.size(); ++i) {
      const bool is_offset = (i >= units_ * inputs_ && i < units_ * (inputs_ + 1)) || i + 1 == weights_.size();
      const double g = gradient_[i] / rows + (is_offset ? 0 : settings_.decay * weights_[i]);
      first_[i] = kFirst * first_[i] + (1 - kFirst) * g;
      second_[i] = kSecond * second_[i] + (1 - kSecond) * g * g;
      weights_[i] -= rate * (first_[i] / (1 - first_power_)) / (std::sqrt(second_[i] / (1 - second_power_)) + kSmall);
      gradient_[i] = 0;
    }
    hold_directions();
  }

  Perceptron perceptron() const {
    const auto at = [&](size_t i) { return weights_.begin() + static_cast<std::ptrdiff_t>(i); };
    return {.hidden_weights = {at(0), at(offset_at(0))},
            .hidden_offsets = {at(offset_at(0)), at(output_at(0))},
            .output_weights = {at(output_at(0)), at(output_at(units_))},
            .output_offset = weights_.back()};
  }

 private:
  size_t offset_at(size_t unit) const { return units_ * inputs_ + unit; }
  size_t output_at(size_t unit) const { return units_ * (inputs_ + 1) + unit; }
  double reach(size_t unit, std::span<const double> row) const {
    double sum = weights_[offset_at(unit)];
    const double* of_unit = weights_.data() + unit * inputs_;
    for (size_t i = 0; i < inputs_; ++i) sum += of_unit[i] * row[i];
    return sum;
  }
  void hold_directions() {
    for (size_t i = 0; i < directions_.size(); ++i) {
      if (directions_[i] == 0) continue;
      for (size_t u = 0; u < units_; ++u) {
        double& weight = weights_[u * inputs_ + i];
        if (weight * weights_[output_at(u)] * directions_[i] < 0) weight = 0;
      }
    }
  }

  size_t inputs_, units_;
  NetworkSettings settings_;
  std::vector<int> directions_;
  std::vector<double> weights_, gradient_, first_, second_, reached_;
  double first_power_ = 1, second_power_ = 1;
};

Encoding learn_number(const Sample& sample, size_t feature) {
  std::vector<double> present;
  for (size_t i = 0; i < sample.labels.size(); ++i) {
    const double x = sample.rows.at(i, feature);
    if (std::isfinite(x)) present.push_back(x);
  }
  Encoding out;
  const auto rows = static_cast<double>(sample.labels.size());
  out.missing_share = 1 - static_cast<double>(present.size()) / rows;
  if (present.empty()) return out;
  std::ranges::sort(present);
  const size_t edge = present.size() / 200;
  out.low = present[edge], out.high = present[present.size() - 1 - edge];
  double sum = 0, squares = 0;
  for (const double x : present) sum += std::clamp(x, out.low, out.high);
  out.mean = sum / static_cast<double>(present.size());
  for (const double x : present) {
    const double distance = std::clamp(x, out.low, out.high) - out.mean;
    squares += distance * distance;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(present.size()));
  out.scale = deviation > 0 && std::isfinite(deviation) ? deviation : 1;
  return out;
}

Encoding learn_category(const Sample& sample, size_t feature) {
  const size_t count = (*sample.features)[feature].categories.size();
  std::vector<double> rows(count);
  double missing = 0;
  for (size_t i = 0; i < sample.labels.size(); ++i) {
    const double x = sample.rows.at(i, feature);
    (std::isnan(x) ? missing : rows[static_cast<size_t>(x)]) += 1;
  }
  Encoding out;
  const auto all = static_cast<double>(sample.labels.size());
  for (const double n : rows) {
    if (n < kLeastShare * all) continue;
    out.shares.push_back(n / all);
  }
  uint32_t next = 0;
  const auto rare = static_cast<uint32_t>(out.shares.size());
  for (const double n : rows) out.input_of.push_back(n < kLeastShare * all ? rare : next++);
  out.missing_share = missing / all;
  return out;
}

std::vector<int> directions_of(const Sample& sample, const std::vector<Encoding>& encodings) {
  std::vector<int> directions;
  for (size_t j = 0; j < encodings.size(); ++j) {
    directions.push_back(encodings[j].is_category() ? 0 : (*sample.features)[j].monotone);
    directions.resize(directions.size() + encodings[j].input_count() - 1, 0);
  }
  return directions;
}

double loss_of(const Learner& learner, const std::vector<std::vector<double>>& inputs, const Sample& sample,
               std::span<const uint32_t> rows) {
  double sum = 0;
  for (const uint32_t row : rows) {
    const double p = sigmoid(learner.margin(inputs[row]));
    const double error = p - sample.labels[row];
    sum += error * error;  // Brier score: a proper score without a logarithm
  }
  return sum / static_cast<double>(rows.size());
}

Perceptron learn_one(const Sample& sample, const std::vector<std::vector<double>>& inputs,
                     const std::vector<int>& directions, const NetworkSettings& settings, Random random) {
  const auto split = split_of(stratified_folds(sample.labels, sample.groups, 10, random), 0);
  Learner learner(directions.size(), settings, 0, random);
  learner.keep(directions);
  auto order = split.training;
  Perceptron best = learner.perceptron();
  double best_loss = INFINITY;
  int without = 0;
  for (int epoch = 0; epoch < settings.most_epochs && without < settings.patience; ++epoch) {
    shuffle(order, random);
    const double rate = settings.rate / (1 + 0.05 * epoch);
    for (size_t begin = 0; begin < order.size(); begin += settings.batch) {
      const size_t end = std::min(begin + settings.batch, order.size());
      for (size_t i = begin; i < end; ++i) learner.add_gradient(inputs[order[i]], sample.labels[order[i]]);
      learner.step(end - begin, rate);
    }
    const double loss = loss_of(learner, inputs, sample, split.held_out.empty() ? order : split.held_out);
    ++without;
    if (loss < best_loss) best_loss = loss, best = learner.perceptron(), without = 0;
  }
  return best;
}

}  // namespace

std::vector<Encoding> learn_encodings(const Sample& sample) {
  std::vector<Encoding> encodings;
  for (size_t j = 0; j < sample.features->size(); ++j) {
    const auto& feature = (*sample.features)[j];
    const bool is_category = feature.is_categorical && !feature.categories.empty();
    encodings.push_back(is_category ? learn_category(sample, j) : learn_number(sample, j));
  }
  return encodings;
}

Network learn_network(const Sample& sample, const NetworkSettings& settings, uint64_t seed) {
  Network network{.encodings = learn_encodings(sample)};
  std::vector<std::vector<double>> inputs;
  for (size_t i = 0; i < sample.labels.size(); ++i) inputs.push_back(network.encode(sample.rows.row(i)));
  const auto directions = directions_of(sample, network.encodings);
  const Random random(seed);
  for (int p = 0; p < settings.perceptrons; ++p) {
    network.perceptrons.push_back(
        learn_one(sample, inputs, directions, settings, random.fork(static_cast<uint64_t>(p))));
  }
  return network;
}

}  // namespace amity::models
