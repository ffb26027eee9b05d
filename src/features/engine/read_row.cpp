#include <algorithm>
#include <cmath>
#include <limits>

#include "features/engine/plan.h"

namespace amity::features {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kPowersOfTen[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};

double seconds_between(Timestamp earlier, Timestamp later) { return static_cast<double>((later - earlier).us) / 1e6; }

// One row: what several features share (a state, a window's totals) is looked up once.
class RowReader {
 public:
  RowReader(const Plan& plan, const Moment& moment, const FindState& find)
      : plan_(plan), moment_(moment), find_(find), states_(plan.layouts.size()) {}

  Result<double> value_of(int index) {
    const auto& definition = plan_.definitions[static_cast<size_t>(index)];
    const Feature& feature = plan_.features[static_cast<size_t>(index)];
    if (definition.aggregate == Aggregate::kRatio) {
      const double numerator = TRY(value_of(feature.numerator));
      const double denominator = TRY(value_of(feature.denominator));
      return denominator == 0 ? kUnknown : numerator / denominator * definition.scale;
    }
    if (definition.aggregate == Aggregate::kCurrent) {
      const auto current = current_value(feature);
      return current ? static_cast<double>(*current) / unit_of(definition) : kUnknown;
    }
    const auto place = place_of(plan_, feature.layout, moment_.entities);
    if (!place) return kUnknown;
    const auto* state = TRY(state_of(*place));
    switch (plan_.groups[static_cast<size_t>(feature.group)].form) {
      case Form::kTotals: return of_totals(definition, feature, *state);
      case Form::kEdges: return of_edges(definition, feature, *state);
      case Form::kLatest: return static_cast<double>(state->key_count(feature.group, span_of(feature)));
      case Form::kEarliest: return of_key(feature, *state);
    }
    return kUnknown;
  }

 private:
  static double unit_of(const Definition& definition) { return kPowersOfTen[definition.decimals]; }
  Span span_of(const Feature& feature) const { return feature.window.span_at(moment_.time); }

  std::optional<int64_t> current_value(const Feature& feature) const {
    if (moment_.event == nullptr) return std::nullopt;
    return plan_.sources[static_cast<size_t>(feature.source)].value_of(*moment_.event);
  }

  Result<const EntityState*> state_of(const Place& place) {
    static const EntityState kNone;
    auto& state = states_[static_cast<size_t>(place.layout)];
    if (!state) state = TRY(find_(place));
    return *state == nullptr ? &kNone : state->get();
  }

  const Totals& totals_of(const Feature& feature, const EntityState& state) {
    for (const auto& [group, totals] : totals_) {
      if (group == feature.group) return totals;
    }
    return totals_.emplace_back(feature.group, state.totals(feature.group, span_of(feature))).second;
  }

  double of_totals(const Definition& definition, const Feature& feature, const EntityState& state) {
    const Totals& totals = totals_of(feature, state);
    const double unit = unit_of(definition);
    const bool is_none = totals.count == 0;
    switch (definition.aggregate) {
      case Aggregate::kCount: return static_cast<double>(totals.count);
      case Aggregate::kSum: return static_cast<double>(totals.sum) / unit;
      case Aggregate::kMean: return totals.mean() / unit;
      case Aggregate::kStandardDeviation: return totals.standard_deviation() / unit;
      case Aggregate::kMin: return is_none ? kUnknown : static_cast<double>(totals.least) / unit;
      case Aggregate::kMax: return is_none ? kUnknown : static_cast<double>(totals.greatest) / unit;
      case Aggregate::kZScore: return z_score(feature, totals);
      default: return kUnknown;
    }
  }

  double z_score(const Feature& feature, const Totals& totals) const {
    const auto current = current_value(feature);
    const double deviation = totals.standard_deviation();
    if (!current || !(deviation > 0)) return kUnknown;
    return (static_cast<double>(*current) - totals.mean()) / deviation;
  }

  double of_edges(const Definition& definition, const Feature& feature, const EntityState& state) const {
    const Edges* edges = state.edges(feature.group);
    if (edges == nullptr) return kUnknown;
    if (definition.aggregate == Aggregate::kFirstSeen) return seconds_between(edges->first, moment_.time);
    if (!feature.window.is_lifetime() && !span_of(feature).holds(feature.window.bucket_of(edges->last)))
      return kUnknown;
    if (definition.aggregate == Aggregate::kTimeSince) return seconds_between(edges->last, moment_.time);
    return static_cast<double>(edges->last_value) / unit_of(definition);
  }

  double of_key(const Feature& feature, const EntityState& state) const {
    const auto current = current_value(feature);
    const Key* key = current ? state.key(feature.group, static_cast<uint64_t>(*current)) : nullptr;
    return key == nullptr ? kUnknown : seconds_between({key->mark}, moment_.time);
  }

  const Plan& plan_;
  const Moment& moment_;
  const FindState& find_;
  std::vector<std::optional<std::shared_ptr<const EntityState>>> states_;  // by layout
  std::vector<std::pair<int, Totals>> totals_;
};

}  // namespace

Result<FeatureRow> read_row(const Plan& plan, const Moment& moment, const Selection& which, const FindState& find) {
  RowReader reader(plan, moment, find);
  FeatureRow row;
  row.reserve(which.size());
  for (const int index : which) row.push_back(TRY(reader.value_of(index)));
  return row;
}

std::vector<int> layouts_of(const Plan& plan, const Selection& which) {
  std::vector<int> layouts;
  const auto add = [&](int index) {
    const Feature& feature = plan.features[static_cast<size_t>(index)];
    if (feature.group >= 0) layouts.push_back(feature.layout);
  };
  for (const int index : which) {
    const Feature& feature = plan.features[static_cast<size_t>(index)];
    add(index);
    if (feature.numerator >= 0) add(feature.numerator), add(feature.denominator);
  }
  std::ranges::sort(layouts);
  layouts.erase(std::ranges::unique(layouts).begin(), layouts.end());
  return layouts;
}

}  // namespace amity::features
