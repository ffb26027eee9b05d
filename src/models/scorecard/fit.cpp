#include "models/scorecard/fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include <Eigen/Core>

#include "models/training/logistic_solver.h"

namespace amity::models {
namespace {

constexpr size_t kFineBins = 50;

void count(Counts& counts, uint8_t label) { (label != 0 ? counts.bad : counts.good) += 1; }

Counts counts_of(std::span<const uint8_t> labels) {
  Counts all;
  for (const uint8_t label : labels) count(all, label);
  return all;
}

Attribute attribute_of(const Counts& counts, const Counts& all) {
  return {.points = 0,
          .woe = weight_of_evidence(counts, all),
          .share = counts.rows() / all.rows(),
          .bad_rate = counts.rows() > 0 ? counts.bad / counts.rows() : 0};
}

// Fine bins of a number: a value is never divided, and one with many rows stands alone.
struct Fine {
  std::vector<Counts> counts;
  std::vector<double> first, last;  // value of each
};

Fine fine_bins(const Sample& sample, size_t feature) {
  std::vector<std::pair<double, uint8_t>> present;
  for (size_t i = 0; i < sample.labels.size(); ++i) {
    const double x = sample.rows.at(i, feature);
    if (!std::isnan(x)) present.emplace_back(x, sample.labels[i]);
  }
  std::ranges::sort(present);
  const double wanted = static_cast<double>(present.size()) / kFineBins;
  Fine fine;
  for (size_t begin = 0, end = 0; begin < present.size(); begin = end) {
    Counts of_value;
    for (end = begin; end < present.size() && present[end].first == present[begin].first; ++end) {
      count(of_value, present[end].second);
    }
    const bool is_full = fine.counts.empty() || fine.counts.back().rows() >= wanted || of_value.rows() >= wanted;
    if (is_full) fine.counts.emplace_back(), fine.first.push_back(present[begin].first), fine.last.emplace_back();
    fine.counts.back() += of_value;
    fine.last.back() = present[begin].first;
  }
  return fine;
}

Counts missing_counts(const Sample& sample, size_t feature) {
  Counts missing;
  for (size_t i = 0; i < sample.labels.size(); ++i) {
    if (std::isnan(sample.rows.at(i, feature))) count(missing, sample.labels[i]);
  }
  return missing;
}

// The attributes of a partition and that of missing values, which is always one of its own.
void add_attributes(Characteristic& out, std::span<const Counts> fine, const Partition& partition,
                    const Counts& missing, const Counts& all) {
  size_t begin = 0;
  for (const size_t end : partition.ends) {
    Counts sum;
    for (; begin < end; ++begin) sum += fine[begin];
    out.attributes.push_back(attribute_of(sum, all));
    out.information_value += information_of(sum, all);
  }
  if (partition.ends.empty()) out.attributes.push_back(attribute_of({}, all));  // no value is present
  out.attributes.push_back(attribute_of(missing, all));
  out.information_value += information_of(missing, all);
}

Characteristic bin_numbers(const Sample& sample, size_t feature, const Counts& all, const BinningSettings& settings) {
  const auto fine = fine_bins(sample, feature);
  const int monotone = (*sample.features)[feature].monotone;
  const auto trend = monotone == 0 ? Trend::kEither : monotone > 0 ? Trend::kFalling : Trend::kRising;
  const auto partition = fine.counts.empty() ? Partition{} : best_partition(fine.counts, all, settings, trend);
  Characteristic out;
  for (size_t k = 0; k + 1 < partition.ends.size(); ++k) {
    const size_t end = partition.ends[k];
    out.cuts.push_back(cut_between(fine.last[end - 1], fine.first[end]));
  }
  add_attributes(out, fine.counts, partition, missing_counts(sample, feature), all);
  return out;
}

// Categories are joined in the order of their weights of evidence, so that any trend but falling is none.
Characteristic bin_categories(const Sample& sample, size_t feature, const Counts& all,
                              const BinningSettings& settings) {
  const size_t category_count = (*sample.features)[feature].categories.size();
  std::vector<Counts> of_code(category_count);
  for (size_t i = 0; i < sample.labels.size(); ++i) {
    const double x = sample.rows.at(i, feature);
    if (!std::isnan(x)) count(of_code[static_cast<size_t>(x)], sample.labels[i]);
  }
  std::vector<uint32_t> order(category_count);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::greater{},
                           [&](uint32_t code) { return weight_of_evidence(of_code[code], all); });
  // Many categories are joined beforehand, as the values of a number are.
  const double wanted = category_count > kFineBins ? all.rows() / kFineBins : 0;
  std::vector<Counts> fine;
  std::vector<size_t> fine_of(category_count);
  for (const uint32_t code : order) {
    if (fine.empty() || fine.back().rows() >= wanted) fine.emplace_back();
    fine.back() += of_code[code];
    fine_of[code] = fine.size() - 1;
  }
  const auto partition = fine.empty() ? Partition{} : best_partition(fine, all, settings, Trend::kFalling);
  Characteristic out;
  for (const size_t of : fine_of) {
    const auto attribute = std::ranges::upper_bound(partition.ends, of) - partition.ends.begin();
    out.attribute_of.push_back(static_cast<uint32_t>(attribute));
  }
  add_attributes(out, fine, partition, missing_counts(sample, feature), all);
  return out;
}

// One characteristic's weights of evidence as a standardised column.
struct Column {
  size_t characteristic = 0;
  double mean = 0, deviation = 0;
  double weight = 0;  // of the standardised column, in log-odds of bad: never positive in the end
};

std::vector<Column> informative_columns(const Sample& sample, const std::vector<Characteristic>& binned,
                                        double least_information) {
  std::vector<Column> columns;
  const auto row_count = static_cast<double>(sample.labels.size());
  for (size_t j = 0; j < binned.size(); ++j) {
    if (binned[j].information_value < least_information) continue;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < sample.labels.size(); ++i) {
      const double woe = binned[j].attributes[binned[j].attribute_at(sample.rows.at(i, j))].woe;
      sum += woe;
      squares += woe * woe;
    }
    const double mean = sum / row_count, variance = squares / row_count - mean * mean;
    if (variance > 1e-12) columns.push_back({.characteristic = j, .mean = mean, .deviation = std::sqrt(variance)});
  }
  return columns;
}

Eigen::MatrixXd design_of(const Sample& sample, const std::vector<Characteristic>& binned,
                          const std::vector<Column>& columns) {
  const auto row_count = static_cast<Eigen::Index>(sample.labels.size());
  Eigen::MatrixXd design(row_count, static_cast<Eigen::Index>(columns.size() + 1));
  design.col(0).setOnes();
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto& column = columns[c];
    const auto& characteristic = binned[column.characteristic];
    for (Eigen::Index i = 0; i < row_count; ++i) {
      const double x = sample.rows.at(static_cast<size_t>(i), column.characteristic);
      const double woe = characteristic.attributes[characteristic.attribute_at(x)].woe;
      design(i, static_cast<Eigen::Index>(c + 1)) = (woe - column.mean) / column.deviation;
    }
  }
  return design;
}

struct Fitted {
  double intercept = 0;  // at a weight of evidence of 0 everywhere
  std::vector<Column> columns;
};

// Good ones carry a positive weight of evidence, so that every weight in the log-odds of bad must be negative.
Fitted fit_weights(const Sample& sample, const std::vector<Characteristic>& binned, std::vector<Column> columns,
                   double ridge) {
  const std::vector<double> y(sample.labels.begin(), sample.labels.end());
  while (true) {
    const auto design = design_of(sample, binned, columns);
    const auto weights = solve_logistic({design.data(), static_cast<size_t>(design.size())}, y, ridge);
    for (size_t c = 0; c < columns.size(); ++c) columns[c].weight = weights[c + 1];
    const auto worst = std::ranges::max_element(columns, {}, &Column::weight);
    if (worst == columns.end() || worst->weight < 0) {
      double intercept = weights[0];
      for (const auto& column : columns) intercept -= column.weight * column.mean / column.deviation;
      return {.intercept = intercept, .columns = std::move(columns)};
    }
    columns.erase(worst);
  }
}

Result<int32_t> whole_points(double points) {
  if (!(std::abs(points) <= kMostPoints)) return fail(Code::kInternal, "the fit did not come to finite points");
  return static_cast<int32_t>(std::llround(points));
}

void add_bands(Scorecard& card, const Sample& sample) {
  std::vector<int64_t> points;
  for (size_t i = 0; i < sample.labels.size(); ++i) points.push_back(card.points(sample.rows.row(i)));
  auto sorted = points;
  std::ranges::sort(sorted);
  for (size_t tenth = 1; tenth < 10; ++tenth) {
    const int64_t cut = sorted[sorted.size() * tenth / 10];
    if (cut > sorted.front() && (card.band_cuts.empty() || cut > card.band_cuts.back())) card.band_cuts.push_back(cut);
  }
  std::vector<size_t> rows(card.band_cuts.size() + 1);
  for (const int64_t p : points) ++rows[card.band_of(p)];
  for (const size_t n : rows) card.band_shares.push_back(static_cast<double>(n) / static_cast<double>(points.size()));
}

}  // namespace

std::vector<Characteristic> bin_sample(const Sample& sample, const BinningSettings& settings) {
  const auto all = counts_of(sample.labels);
  std::vector<Characteristic> binned;
  for (size_t j = 0; j < sample.features->size(); ++j) {
    const bool is_categorical = (*sample.features)[j].is_categorical;
    binned.push_back(is_categorical ? bin_categories(sample, j, all, settings) : bin_numbers(sample, j, all, settings));
  }
  return binned;
}

Result<Scorecard> fit_points(const Sample& sample, std::vector<Characteristic> binned, const ScorecardOptions& options,
                             double ridge) {
  const auto fitted =
      fit_weights(sample, binned, informative_columns(sample, binned, options.minimum_information_value), ridge);
  Scorecard card{.points_to_double_odds = options.points_to_double_odds,
                 .base_score = options.base_score,
                 .base_odds = options.base_odds,
                 .factor = options.points_to_double_odds / std::numbers::ln2,
                 .reference = options.reference,
                 .row_count = sample.labels.size()};
  card.offset = card.base_score - card.factor * std::log(card.base_odds);
  card.base_points = TRY(whole_points(card.offset - card.factor * fitted.intercept));
  card.characteristics.resize(binned.size());
  for (size_t j = 0; j < binned.size(); ++j) card.characteristics[j].information_value = binned[j].information_value;
  for (const auto& column : fitted.columns) {
    auto& characteristic = card.characteristics[column.characteristic] = std::move(binned[column.characteristic]);
    for (auto& attribute : characteristic.attributes) {
      attribute.points = TRY(whole_points(-card.factor * column.weight / column.deviation * attribute.woe));
    }
  }
  add_bands(card, sample);
  return card;
}

std::vector<std::string> notes_on_left_out(const Scorecard& card, const std::vector<Feature>& features,
                                           const ScorecardOptions& options) {
  std::vector<std::string> notes;
  for (size_t j = 0; j < features.size(); ++j) {
    const double value = card.characteristics[j].information_value;
    if (card.characteristics[j].is_used()) continue;
    const auto why =
        value < options.minimum_information_value
            ? fmt::format("its information value {:.3f} is below {}", value, options.minimum_information_value)
            : fmt::format(
                  "its information value is {:.3f}, but beside the others its weight has the wrong "
                  "sign, because they say the same",
                  value);
    notes.push_back(fmt::format("{} is not in the scorecard: {}", features[j].name, why));
  }
  return notes;
}

}  // namespace amity::models
