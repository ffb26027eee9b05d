#include "models/scorecard/binning.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/check.h"

namespace amity::models {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// What is known of every run of fine bins [from, to) that could be an attribute.
class Runs {
 public:
  Runs(std::span<const Counts> fine, const Counts& all, const BinningSettings& settings)
      : count_(fine.size()), least_z_(settings.least_z), runs_((count_ + 1) * (count_ + 1)) {
    for (size_t from = 0; from < count_; ++from) {
      Counts sum;
      for (size_t to = from + 1; to <= count_; ++to) {
        sum += fine[to - 1];
        runs_[from * (count_ + 1) + to] = {.counts = sum,
                                           .woe = weight_of_evidence(sum, all),
                                           .information = information_of(sum, all),
                                           .is_large = sum.rows() >= settings.minimum_share * all.rows()};
      }
    }
  }

  struct Run {
    Counts counts{};
    double woe = 0, information = 0;
    bool is_large = false;
  };
  size_t count() const { return count_; }
  const Run& at(size_t from, size_t to) const { return runs_[from * (count_ + 1) + to]; }

  // May `upper` follow `lower`? `sign` 1: with a greater weight of evidence, -1: with a lesser.
  bool may_follow(const Run& lower, const Run& upper, int sign) const {
    if (!(sign * (upper.woe - lower.woe) > 0)) return false;
    const double rows = lower.counts.rows() + upper.counts.rows();
    const double rate = (lower.counts.bad + upper.counts.bad) / rows;
    const double difference = lower.counts.bad / lower.counts.rows() - upper.counts.bad / upper.counts.rows();
    const double variance = rate * (1 - rate) * (1 / lower.counts.rows() + 1 / upper.counts.rows());
    return difference * difference >= least_z_ * least_z_ * variance;
  }

 private:
  size_t count_;
  double least_z_;
  std::vector<Run> runs_;
};

// best(attributes, from, to): the greatest information of fine bins [0, to) in so many attributes, of which [from, to)
// is the last.
class Search {
 public:
  Search(const Runs& runs, int most_attributes, int sign)
      : runs_(runs),
        side_(runs.count() + 1),
        layers_(static_cast<size_t>(most_attributes)),
        best_(layers_ * side_ * side_, kNever),
        before_(best_.size(), 0) {
    for (size_t to = 1; to < side_; ++to) {
      if (runs.at(0, to).is_large) best_[at(0, 0, to)] = runs.at(0, to).information;
    }
    for (size_t layer = 1; layer < layers_; ++layer) {
      for (size_t from = 1; from < side_; ++from) {
        for (size_t to = from + 1; to < side_; ++to) {
          if (runs.at(from, to).is_large) extend(layer, from, to, sign);
        }
      }
    }
  }

  Partition answer() const {
    Partition out{.ends = {}, .information = kNever};
    size_t best_layer = 0, best_from = 0;
    for (size_t layer = 0; layer < layers_; ++layer) {
      for (size_t from = 0; from < runs_.count(); ++from) {
        const double value = best_[at(layer, from, runs_.count())];
        if (value > out.information) out.information = value, best_layer = layer, best_from = from;
      }
    }
    if (out.information == kNever) return out;
    size_t from = best_from, to = runs_.count();
    out.ends.resize(best_layer + 1);
    for (size_t layer = best_layer + 1; layer-- > 0;) {
      out.ends[layer] = to;
      const size_t before = before_[at(layer, from, to)];
      to = from;
      from = before;
    }
    return out;
  }

 private:
  size_t at(size_t layer, size_t from, size_t to) const { return (layer * side_ + from) * side_ + to; }

  void extend(size_t layer, size_t from, size_t to, int sign) {
    const auto& upper = runs_.at(from, to);
    auto& best = best_[at(layer, from, to)];
    for (size_t before = 0; before < from; ++before) {
      const double value = best_[at(layer - 1, before, from)] + upper.information;
      if (!(value > best) || !runs_.may_follow(runs_.at(before, from), upper, sign)) continue;
      best = value;
      before_[at(layer, from, to)] = static_cast<uint32_t>(before);
    }
  }

  const Runs& runs_;
  size_t side_, layers_;
  std::vector<double> best_;
  std::vector<uint32_t> before_;
};

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  good += other.good;
  bad += other.bad;
  return *this;
}

double weight_of_evidence(const Counts& attribute, const Counts& all) {
  const double all_good = std::max(all.good, 0.5), all_bad = std::max(all.bad, 0.5);  // a fold may hold one kind only
  const double good = attribute.good + kPriorRows * all_good / all.rows();
  const double bad = attribute.bad + kPriorRows * all_bad / all.rows();
  return std::log((good / all_good) / (bad / all_bad));
}

double information_of(const Counts& attribute, const Counts& all) {
  const double difference = attribute.good / std::max(all.good, 0.5) - attribute.bad / std::max(all.bad, 0.5);
  return difference * weight_of_evidence(attribute, all);
}

Partition best_partition(std::span<const Counts> fine, const Counts& all, const BinningSettings& settings,
                         Trend trend) {
  CHECK(!fine.empty() && settings.most_attributes >= 1);
  const Runs runs(fine, all, settings);
  Partition best{.ends = {fine.size()}, .information = runs.at(0, fine.size()).information};
  for (const int sign : {-1, 1}) {
    if (trend == (sign > 0 ? Trend::kFalling : Trend::kRising)) continue;
    auto found = Search(runs, settings.most_attributes, sign).answer();
    if (found.information > best.information) best = std::move(found);
  }
  return best;
}

double cut_between(double low, double high) {
  const double middle = low / 2 + high / 2;
  for (int digits = 1; digits < 17; ++digits) {
    const auto text = fmt::format("{:.{}g}", middle, digits);
    double cut = 0;
    std::from_chars(text.data(), text.data() + text.size(), cut);
    if (cut > low && cut <= high) return cut;
  }
  return high;
}

}  // namespace amity::models
