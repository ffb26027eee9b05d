#include "models/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/folds.h"
#include "models/metrics.h"

namespace amity::models {
namespace {

// Newton's method on the two parameters, with Platt's softened targets against overconfidence on few rows.
Calibration fit_platt(std::span<const double> margins, std::span<const uint8_t> labels) {
  const auto positives = static_cast<double>(std::ranges::count(labels, 1));
  const double negatives = static_cast<double>(labels.size()) - positives;
  const double target[2] = {1 / (negatives + 2), (positives + 1) / (positives + 2)};
  double slope = 1, offset = 0;
  for (int iteration = 0; iteration < 50; ++iteration) {
    double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
    for (size_t i = 0; i < margins.size(); ++i) {
      const double p = 1 / (1 + std::exp(-(slope * margins[i] + offset)));
      const double error = p - target[labels[i]], curvature = std::max(p * (1 - p), 1e-12);
      ga += error * margins[i];
      gb += error;
      haa += curvature * margins[i] * margins[i];
      hab += curvature * margins[i];
      hbb += curvature;
    }
    const double determinant = haa * hbb - hab * hab;
    if (!(determinant > 0)) break;
    const double da = (hbb * ga - hab * gb) / determinant, db = (haa * gb - hab * ga) / determinant;
    slope -= std::clamp(da, -1.0, 1.0);
    offset -= std::clamp(db, -1.0, 1.0);
    if (std::abs(da) + std::abs(db) < 1e-10) break;
  }
  if (!(slope > 1e-3) || !std::isfinite(offset)) return {};  // never turn the order round
  return {.kind = Calibration::Kind::kPlatt, .slope = slope, .offset = offset};
}

struct Block {
  double weight = 0, positives = 0, margins = 0;
  double rate() const { return positives / weight; }
  void absorb(const Block& other) {
    weight += other.weight;
    positives += other.positives;
    margins += other.margins;
  }
};

std::vector<Block> bins_of(std::span<const double> margins, std::span<const uint8_t> labels) {
  std::vector<uint32_t> order(margins.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return margins[a] < margins[b]; });
  const size_t bin_rows = std::max<size_t>(100, margins.size() / 100);
  std::vector<Block> bins;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool is_tied = i > 0 && margins[order[i]] == margins[order[i - 1]];
    if (bins.empty() || (bins.back().weight >= double(bin_rows) && !is_tied)) bins.emplace_back();
    bins.back().absorb({1, double(labels[order[i]]), margins[order[i]]});
  }
  return bins;
}

Calibration fit_isotonic(std::span<const double> margins, std::span<const uint8_t> labels) {
  std::vector<Block> pooled;
  for (const auto& bin : bins_of(margins, labels)) {
    pooled.push_back(bin);
    while (pooled.size() > 1 && pooled[pooled.size() - 2].rate() >= pooled.back().rate()) {
      pooled[pooled.size() - 2].absorb(pooled.back());
      pooled.pop_back();
    }
  }
  Calibration out{.kind = Calibration::Kind::kIsotonic};
  for (const auto& block : pooled) {
    const double rate = (block.positives + 0.5) / (block.weight + 1);
    const double knot = block.margins / block.weight, value = std::log(rate / (1 - rate));
    if (!out.knots.empty() && (knot <= out.knots.back() || value <= out.values.back())) continue;
    out.knots.push_back(knot);
    out.values.push_back(value);
  }
  return out.knots.empty() ? Calibration{} : out;
}

double held_out_loss(Calibration::Kind kind, std::span<const double> margins, std::span<const uint8_t> labels,
                     std::span<const int> folds, std::vector<double>& losses) {
  const int fold_count = 1 + *std::ranges::max_element(folds);
  losses.assign(margins.size(), 0.0);
  for (int fold = 0; fold < fold_count; ++fold) {
    const auto split = split_of(folds, fold);
    const auto fitted = fit_calibration(kind, pick(margins, std::span<const uint32_t>(split.training)),
                                        pick(labels, std::span<const uint32_t>(split.training)));
    for (const uint32_t row : split.held_out) {
      const double margin = fitted.apply(margins[row]);
      losses[row] = log_loss_of_margins(std::span(&margin, 1), labels.subspan(row, 1));
    }
  }
  return std::accumulate(losses.begin(), losses.end(), 0.0) / double(losses.size());
}

// Mean difference over its standard error.
double advantage(const std::vector<double>& worse, const std::vector<double>& better) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < worse.size(); ++i) {
    const double difference = worse[i] - better[i];
    sum += difference;
    squares += difference * difference;
  }
  const double n = double(worse.size()), mean = sum / n;
  return mean / std::sqrt(std::max(squares / n - mean * mean, 1e-30) / n);
}

}  // namespace

double Calibration::apply(double margin) const {
  if (kind == Kind::kNone) return margin;
  if (kind == Kind::kPlatt) return slope * margin + offset;
  if (margin <= knots.front()) return values.front() + (margin - knots.front());
  if (margin >= knots.back()) return values.back() + (margin - knots.back());
  const auto above = static_cast<size_t>(std::ranges::upper_bound(knots, margin) - knots.begin());
  const double share = (margin - knots[above - 1]) / (knots[above] - knots[above - 1]);
  return values[above - 1] + share * (values[above] - values[above - 1]);
}

std::string_view name_of(Calibration::Kind kind) {
  switch (kind) {
    case Calibration::Kind::kNone: return "none";
    case Calibration::Kind::kPlatt: return "platt";
    case Calibration::Kind::kIsotonic: return "isotonic";
  }
  return "none";
}

Result<Calibration::Kind> parse_calibration_kind(std::string_view name) {
  for (const auto kind : {Calibration::Kind::kNone, Calibration::Kind::kPlatt, Calibration::Kind::kIsotonic}) {
    if (name == name_of(kind)) return kind;
  }
  return invalid("the calibration is none, platt or isotonic");
}

Result<void> check_calibration(const Calibration& calibration) {
  const auto is_finite = [](double x) { return std::isfinite(x); };
  if (!is_finite(calibration.slope) || calibration.slope <= 0 || !is_finite(calibration.offset)) {
    return invalid("the calibration's slope must be positive and finite");
  }
  const bool is_isotonic = calibration.kind == Calibration::Kind::kIsotonic;
  if (calibration.knots.size() != calibration.values.size() || is_isotonic == calibration.knots.empty()) {
    return invalid("the calibration's knots and values do not fit");
  }
  for (const auto* list : {&calibration.knots, &calibration.values}) {
    if (!std::ranges::all_of(*list, is_finite) ||
        std::ranges::adjacent_find(*list, std::greater_equal{}) != list->end()) {
      return invalid("the calibration must rise");
    }
  }
  return {};
}

Calibration fit_calibration(Calibration::Kind kind, std::span<const double> margins, std::span<const uint8_t> labels) {
  switch (kind) {
    case Calibration::Kind::kNone: return {};
    case Calibration::Kind::kPlatt: return fit_platt(margins, labels);
    case Calibration::Kind::kIsotonic: return fit_isotonic(margins, labels);
  }
  return {};
}

Calibration choose_calibration(std::span<const double> margins, std::span<const uint8_t> labels,
                               std::span<const int> folds) {
  auto best = Calibration::Kind::kNone;
  std::vector<double> best_losses, losses;
  held_out_loss(best, margins, labels, folds, best_losses);
  for (const auto kind : {Calibration::Kind::kPlatt, Calibration::Kind::kIsotonic}) {
    if (kind == Calibration::Kind::kIsotonic && margins.size() < 2000) continue;
    held_out_loss(kind, margins, labels, folds, losses);
    if (advantage(best_losses, losses) < 2) continue;
    best = kind;
    best_losses = losses;
  }
  return fit_calibration(best, margins, labels);
}

}  // namespace amity::models
