#include "models/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace amity::models {
namespace {

constexpr double kNormal975 = 1.959963984540054;

std::vector<uint32_t> order_by(std::span<const double> values, bool highest_first) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(
      order, [&](uint32_t a, uint32_t b) { return highest_first ? values[a] > values[b] : values[a] < values[b]; });
  return order;
}

// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> mid_ranks(std::span<const double> values) {
  const auto order = order_by(values, false);
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = (double(begin + 1) + double(end)) / 2;
  }
  return ranks;
}

// For each positive the share of negatives below it, for each negative the share of positives above it (ties half):
// Sun and Xu (2014), equations 8 and 9.
struct Placements {
  std::vector<double> positive, negative;
  double auc = 0;
};

Placements placements_of(std::span<const double> values, std::span<const uint8_t> labels) {
  std::vector<double> of_class[2];
  for (size_t i = 0; i < values.size(); ++i) of_class[labels[i]].push_back(values[i]);
  const auto all = mid_ranks(values);
  const std::vector<double> within[2] = {mid_ranks(of_class[0]), mid_ranks(of_class[1])};
  const double negatives = double(of_class[0].size()), positives = double(of_class[1].size());
  Placements out;
  size_t next[2] = {0, 0};
  for (size_t i = 0; i < values.size(); ++i) {
    const double others_below = all[i] - within[labels[i]][next[labels[i]]++];
    if (labels[i]) {
      out.positive.push_back(others_below / negatives);
    } else {
      out.negative.push_back(1 - others_below / positives);
    }
  }
  out.auc = std::accumulate(out.positive.begin(), out.positive.end(), 0.0) / positives;
  return out;
}

double variance(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / double(values.size());
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return sum / double(values.size() - 1);
}

Result<void> check_classes(std::span<const double> probabilities, std::span<const uint8_t> labels) {
  CHECK(probabilities.size() == labels.size());
  const auto positives = static_cast<size_t>(std::ranges::count(labels, 1));
  if (positives == 0 || positives == labels.size()) {
    return fail(Code::kUnprocessable, "rows of both values of the target are needed to measure anything");
  }
  return {};
}

// Rows from the highest probability down, each with a weight: the sample itself (all 1) or a bootstrap of it.
struct Ranked {
  std::vector<double> probability;
  std::vector<uint8_t> label;
  std::vector<double> weight;
};

// Shares of positives in slices of equal weight, highest first; ties across a border are shared out.
class Slices {
 public:
  Slices(const Ranked& rows, double total) : rows_(rows), total_(total) {}

  struct Slice {
    double weight = 0, positives = 0, probability = 0;
  };
  // The next `share` of all rows.
  Slice next(double share) {
    double left = share * total_;
    Slice slice;
    while (left > 1e-9 && at_ < rows_.weight.size()) {
      const double taken = std::min(left, rows_.weight[at_] - used_);
      slice.weight += taken;
      slice.positives += taken * tied_rate();
      slice.probability += taken * rows_.probability[at_];
      left -= taken;
      used_ += taken;
      if (rows_.weight[at_] - used_ <= 1e-12) ++at_, used_ = 0;
    }
    return slice;
  }

 private:
  // Share of positives among the rows with this row's probability.
  double tied_rate() {
    if (at_ >= tied_end_) {
      double weight = 0, positives = 0;
      for (tied_end_ = at_; tied_end_ < rows_.weight.size(); ++tied_end_) {
        if (rows_.probability[tied_end_] != rows_.probability[at_]) break;
        weight += rows_.weight[tied_end_];
        positives += rows_.weight[tied_end_] * rows_.label[tied_end_];
      }
      tied_rate_ = weight > 0 ? positives / weight : 0;
    }
    return tied_rate_;
  }

  const Ranked& rows_;
  const double total_;
  size_t at_ = 0, tied_end_ = 0;
  double used_ = 0, tied_rate_ = 0;
};

double bounded(double p) { return std::clamp(p, 1e-15, 1 - 1e-15); }

// The figures that are bootstrapped, in one array so that each replicate is one row.
enum Figure { kKs, kBrier, kLogLoss, kPrecision, kFirstLift, kFigureCount = kFirstLift + 10 };
using Figures = std::array<double, kFigureCount>;

double ks_of(const Ranked& rows, double positives, double negatives) {
  double seen_positives = 0, seen_negatives = 0, widest = 0;
  for (size_t i = 0; i < rows.weight.size(); ++i) {
    (rows.label[i] ? seen_positives : seen_negatives) += rows.weight[i];
    const bool ends_tie = i + 1 == rows.weight.size() || rows.probability[i + 1] != rows.probability[i];
    if (ends_tie) widest = std::max(widest, std::abs(seen_positives / positives - seen_negatives / negatives));
  }
  return widest;
}

Figures figures_of(const Ranked& rows, double budget) {
  Figures out{};
  double total = 0, positives = 0;
  for (size_t i = 0; i < rows.weight.size(); ++i) {
    const double p = rows.probability[i], y = rows.label[i], w = rows.weight[i];
    total += w;
    positives += w * y;
    out[kBrier] += w * (p - y) * (p - y);
    if (w > 0) out[kLogLoss] -= w * std::log(bounded(rows.label[i] ? p : 1 - p));
  }
  out[kBrier] /= total;
  out[kLogLoss] /= total;
  out[kKs] = ks_of(rows, positives, total - positives);
  const auto top = Slices(rows, total).next(budget);
  out[kPrecision] = top.weight > 0 ? top.positives / top.weight : 0;
  Slices tenths(rows, total);
  for (size_t i = 0; i < 10; ++i) {
    const auto slice = tenths.next(0.1);
    out[kFirstLift + i] = slice.weight > 0 ? slice.positives / slice.weight / (positives / total) : 0;
  }
  return out;
}

// Poisson(1) by Knuth's product of uniforms.
double poisson(Random& random) {
  constexpr double kInverseE = 0.36787944117144233;
  double product = random.uniform();
  int count = 0;
  while (product > kInverseE) {
    product *= random.uniform();
    ++count;
  }
  return count;
}

Estimate interval(double value, std::vector<double>& replicates) {
  if (replicates.empty()) return {value, value, value};
  std::ranges::sort(replicates);
  const auto at = [&](double q) { return replicates[size_t(q * double(replicates.size() - 1) + 0.5)]; };
  return {value, std::min(value, at(0.025)), std::max(value, at(0.975))};
}

std::array<Estimate, kFigureCount> bootstrap(Ranked rows, const MetricOptions& options) {
  const auto figures = figures_of(rows, options.budget);
  std::array<std::vector<double>, kFigureCount> replicates;
  Random random(options.seed);
  for (int b = 0; b < options.bootstrap_count; ++b) {
    double of_class[2] = {0, 0};
    for (size_t i = 0; i < rows.weight.size(); ++i) of_class[rows.label[i]] += rows.weight[i] = poisson(random);
    if (of_class[0] == 0 || of_class[1] == 0) continue;
    const auto replicate = figures_of(rows, options.budget);
    for (size_t f = 0; f < kFigureCount; ++f) replicates[f].push_back(replicate[f]);
  }
  std::array<Estimate, kFigureCount> estimates;
  for (size_t f = 0; f < kFigureCount; ++f) estimates[f] = interval(figures[f], replicates[f]);
  return estimates;
}

Ranked ranked(std::span<const double> probabilities, std::span<const uint8_t> labels) {
  Ranked rows;
  for (const uint32_t row : order_by(probabilities, true)) {
    rows.probability.push_back(probabilities[row]);
    rows.label.push_back(labels[row]);
  }
  rows.weight.assign(labels.size(), 1);
  return rows;
}

struct CalibrationError {
  Estimate ece{};
  double noise = 0;
};

// Sums over the bins of a deviation, its square and its cube.
struct Deviations {
  double first = 0, second = 0, third = 0;
  void add(double deviation) {
    first += deviation;
    second += deviation * deviation;
    third += deviation * deviation * deviation;
  }
};

// Of a sum of half normals with these deviations. A half normal has mean sqrt(2/pi), variance 1 - 2/pi and third
// central moment sqrt(2/pi) (4/pi - 1); the quantile is Cornish and Fisher's with its first correction.
constexpr double kHalfMean = 0.7978845608028654, kHalfVariance = 0.3633802276324187, kHalfThird = 0.2180136141449902;
double most_of_half_normals(const Deviations& deviations) {
  const double spread = std::sqrt(kHalfVariance * deviations.second);
  const double skewness = kHalfThird * deviations.third / (spread * spread * spread);
  return kHalfMean * deviations.first + spread * (kNormal975 + (kNormal975 * kNormal975 - 1) * skewness / 6);
}

// Bin b's gap is its true gap plus binomial noise. With the true signs t_b the sum of t_b gap_b is normal around the
// true error and never above the measured one: high = measured + z sqrt(sum of variances). The measured one is never
// above the true one plus the sum of |noise_b|: low = measured - a high quantile of that. The deviations are the larger
// of those by the share that was found and by the probability that was said, because on few rows the former may be
// small by chance.
CalibrationError calibration_error(const Ranked& rows) {
  const double total = double(rows.weight.size());
  Slices bins(rows, total);
  double error = 0;
  Deviations of_calibrated, most;
  for (int bin = 0; bin < kCalibrationBins; ++bin) {
    const auto slice = bins.next(1.0 / kCalibrationBins);
    if (slice.weight <= 0) continue;
    error += std::abs(slice.probability - slice.positives) / total;
    const auto deviation = [&](double rate) { return std::sqrt(slice.weight * rate * (1 - rate)) / total; };
    const double said = deviation(slice.probability / slice.weight);
    of_calibrated.add(said);
    most.add(std::max(said, deviation((slice.positives + 1) / (slice.weight + 2))));  // never surely 0 or 1
  }
  const double high = error + kNormal975 * std::sqrt(most.second);
  return {.ece = {error, std::max(0.0, error - most_of_half_normals(most)), std::min(1.0, high)},
          .noise = kHalfMean * of_calibrated.first};
}

Estimate auc_estimate(std::span<const double> probabilities, std::span<const uint8_t> labels) {
  const auto placed = placements_of(probabilities, labels);
  const double error = std::sqrt(variance(placed.positive) / double(placed.positive.size()) +
                                 variance(placed.negative) / double(placed.negative.size()));
  return {placed.auc, std::max(0.0, placed.auc - kNormal975 * error), std::min(1.0, placed.auc + kNormal975 * error)};
}

}  // namespace

Result<Metrics> measure(std::span<const double> probabilities, std::span<const uint8_t> labels,
                        const MetricOptions& options) {
  TRY(check_classes(probabilities, labels));
  Metrics out{
      .row_count = labels.size(), .positive_count = size_t(std::ranges::count(labels, 1)), .budget = options.budget};
  out.auc = auc_estimate(probabilities, labels);
  out.gini = {2 * out.auc.value - 1, 2 * out.auc.low - 1, 2 * out.auc.high - 1};
  const auto rows = ranked(probabilities, labels);
  const auto calibration = calibration_error(rows);
  out.ece = calibration.ece;
  out.ece_noise = calibration.noise;
  const auto estimates = bootstrap(rows, options);
  out.ks = estimates[kKs];
  out.brier = estimates[kBrier];
  out.log_loss = estimates[kLogLoss];
  out.precision = estimates[kPrecision];
  for (size_t i = 0; i < 10; ++i) out.lift[i] = estimates[kFirstLift + i];
  return out;
}

bool is_better_than_chance(const Metrics& metrics) { return metrics.auc.low > 0.5; }

Result<Estimate> auc_difference(std::span<const double> a, std::span<const double> b, std::span<const uint8_t> labels) {
  TRY(check_classes(a, labels));
  TRY(check_classes(b, labels));
  auto pa = placements_of(a, labels);
  const auto pb = placements_of(b, labels);
  for (size_t i = 0; i < pa.positive.size(); ++i) pa.positive[i] -= pb.positive[i];
  for (size_t i = 0; i < pa.negative.size(); ++i) pa.negative[i] -= pb.negative[i];
  const double difference = pa.auc - pb.auc;
  const double error = std::sqrt(variance(pa.positive) / double(pa.positive.size()) +
                                 variance(pa.negative) / double(pa.negative.size()));
  return Estimate{difference, difference - kNormal975 * error, difference + kNormal975 * error};
}

Confusion confusion_at(std::span<const double> probabilities, std::span<const uint8_t> labels, double threshold) {
  Confusion out{.threshold = threshold};
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool said = probabilities[i] >= threshold;
    ++(said ? (labels[i] ? out.true_positives : out.false_positives)
            : (labels[i] ? out.false_negatives : out.true_negatives));
  }
  return out;
}

double log_loss(std::span<const double> probabilities, std::span<const uint8_t> labels) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    sum -= std::log(bounded(labels[i] ? probabilities[i] : 1 - probabilities[i]));
  }
  return sum / double(labels.size());
}

double log_loss_of_margins(std::span<const double> margins, std::span<const uint8_t> labels) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double m = labels[i] ? -margins[i] : margins[i];
    sum += m > 0 ? m + std::log1p(std::exp(-m)) : std::log1p(std::exp(m));
  }
  return sum / double(labels.size());
}

json::object to_json(const Estimate& estimate) {
  return {{"value", estimate.value}, {"low", estimate.low}, {"high", estimate.high}};
}

json::object to_json(const Confusion& confusion) {
  return {{"threshold", confusion.threshold},
          {"true_positives", confusion.true_positives},
          {"false_positives", confusion.false_positives},
          {"true_negatives", confusion.true_negatives},
          {"false_negatives", confusion.false_negatives}};
}

json::object to_json(const Metrics& metrics) {
  json::array lift;
  for (const auto& estimate : metrics.lift) lift.push_back(to_json(estimate));
  return {{"rows", metrics.row_count},
          {"positives", metrics.positive_count},
          {"better_than_chance", is_better_than_chance(metrics)},
          {"auc", to_json(metrics.auc)},
          {"gini", to_json(metrics.gini)},
          {"ks", to_json(metrics.ks)},
          {"brier", to_json(metrics.brier)},
          {"log_loss", to_json(metrics.log_loss)},
          {"ece", to_json(metrics.ece)},
          {"ece_noise", metrics.ece_noise},
          {"alert_budget", metrics.budget},
          {"precision_at_budget", to_json(metrics.precision)},
          {"lift_per_tenth", std::move(lift)}};
}

}  // namespace amity::models
