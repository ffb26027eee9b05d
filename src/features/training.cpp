#include "features/training.h"

#include <algorithm>
#include <limits>
#include <map>

#include "customers/links.h"
#include "events/catalogue.h"
#include "features/engine/key_map.h"
#include "features/engine/plan.h"

namespace amity::features {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// A moment whose features must be computed from a pass of its own: a fresh state for each place it looks at, filled
// with the events before it only.
struct Pending {
  size_t row = 0;
  Moment moment;
  std::vector<std::pair<Place, std::shared_ptr<EntityState>>> states = {};
};

class LateReads {
 public:
  LateReads(const Plan& plan, const Selection& which) : plan_(plan), which_(which), layouts_(layouts_of(plan, which)) {}

  // What the moment points to must stay until finish() returns.
  void add(size_t row, const Moment& moment) {
    Pending pending{row, moment};
    for (const int layout : layouts_) {
      const auto place = place_of(plan_, layout, moment.entities);
      if (!place) continue;
      pending.states.emplace_back(*place, std::make_shared<EntityState>());
      for (const auto& key : keys_of(*place, moment)) {
        waiting_[key].push_back({pending_.size(), pending.states.size() - 1});
      }
    }
    pending_.push_back(std::move(pending));
  }
  bool is_empty() const { return pending_.empty(); }

  void apply(const events::Event& event) {
    const Extract extract = plan_.extract(event);
    std::vector<const EntityState*> counted;  // an event may touch a customer under two references
    for (const auto& place : places_of(plan_, extract, event.entities)) {
      const auto found = waiting_.find(place.key());
      if (found == waiting_.end()) continue;
      for (const auto& [index, state] : found->second) {
        const Moment& moment = pending_[index].moment;
        if (event.seq >= moment.before_seq || event.time > moment.time) continue;
        auto& counting = *pending_[index].states[state].second;
        if (!moment.merged.empty() && std::ranges::find(counted, &counting) != counted.end()) continue;
        counted.push_back(&counting);
        plan_.apply(extract, place.layout, counting);
      }
    }
  }

  Result<FeatureRow> row(const Pending& pending) const {
    using Found = Result<std::shared_ptr<const EntityState>>;
    return read_row(plan_, pending.moment, which_, [&](const Place& place) -> Found {
      const auto at =
          std::ranges::find(pending.states, place.layout, [](const auto& state) { return state.first.layout; });
      return std::shared_ptr<const EntityState>(at->second);
    });
  }
  std::span<const Pending> pending() const { return pending_; }

 private:
  // Under whichever reference the customer of a place is known.
  static std::vector<EntityKey> keys_of(const Place& place, const Moment& moment) {
    const auto all_of = [&](const events::Entity& entity) {
      std::vector<events::Entity> all{entity};
      if (entity.kind == events::EntityKind::kCustomer) {
        all.insert(all.end(), moment.merged.begin(), moment.merged.end());
      }
      return all;
    };
    std::vector<EntityKey> keys;
    for (const auto& first : all_of(place.first)) {
      if (!place.second) keys.push_back(key_of(first));
      if (!place.second) continue;
      for (const auto& second : all_of(*place.second)) keys.push_back(key_of(first, second));
    }
    return keys;
  }

  const Plan& plan_;
  const Selection& which_;
  std::vector<int> layouts_;
  std::vector<Pending> pending_;
  KeyMap<std::vector<std::pair<size_t, size_t>>> waiting_;  // pending, and which of its states
};

Result<std::vector<const events::Type*>> types_named(const std::vector<std::string>& names, std::string_view place) {
  std::vector<const events::Type*> types;
  for (const auto& name : names) {
    types.push_back(events::find_type(name));
    if (types.back() == nullptr) return invalid("not a type of event in the catalogue", std::string(place));
  }
  if (types.empty()) return invalid("a type of event is required", std::string(place));
  return types;
}

Result<EventExpression> compiled(const std::string& text, std::span<const events::Type* const> types,
                                 std::string_view place) {
  auto expression = EventExpression::compile(text, types);
  if (!expression) return std::unexpected(std::move(expression).error().within(place));
  return *std::move(expression);
}

struct Label {
  Timestamp time;
  int64_t seq = 0;
  double value = kUnknown;
};

// Collects samples and labels in one pass.
class Collector {
 public:
  static Result<Collector> make(const FeatureSet& set, const TrainingSpec& spec) {
    const auto sample_types = TRY(types_named(spec.sample_on, "/sample_on"));
    const auto label_types = TRY(types_named(spec.label_on, "/label_on"));
    Collector collector(set, spec);
    if (!spec.sample_where.empty()) {
      collector.sample_where_ = TRY(compiled(spec.sample_where, sample_types, "/sample_where "));
    }
    collector.sample_key_ = TRY(compiled(spec.sample_key, sample_types, "/sample_key "));
    collector.label_key_ = TRY(compiled(spec.label_key, label_types, "/label_key "));
    collector.label_value_ = TRY(compiled(spec.label_value, label_types, "/label_value "));
    return collector;
  }

  Result<void> see(const events::Event& event) {
    if (customers::is_link(event) && event.entities.size() > 1) links_.apply(event);
    if (std::ranges::find(spec_->sample_on, event.type) != spec_->sample_on.end()) TRY(sample(event));
    if (std::ranges::find(spec_->label_on, event.type) != spec_->label_on.end()) label(event);
    return features_.apply(event);
  }

  Result<TrainingSet> finish(const FeatureSet& set, const Scan& scan, int64_t up_to_seq) {
    LateReads late(set.plan(), spec_->features);
    for (size_t i = 0; i < samples_.size(); ++i) {
      if (samples_[i].row.empty() && label_of(samples_[i])) late.add(i, samples_[i].moment());
    }
    if (!late.is_empty()) {
      TRY(scan(0, up_to_seq,
               [&](const events::Event& event) -> Result<void> { return late.apply(event), Result<void>{}; }));
      for (const auto& pending : late.pending()) samples_[pending.row].row = TRY(late.row(pending));
    }
    return assembled(set);
  }

 private:
  struct Sample {
    events::Event event;  // without data where its row is known
    std::string key;
    FeatureRow row;
    std::vector<events::Entity> merged = {};
    Moment moment() const { return moment_of(event, merged); }
  };

  Collector(const FeatureSet& set, const TrainingSpec& spec) : spec_(&spec), features_(set) {}

  Result<void> sample(const events::Event& event) {
    if (sample_where_ && !sample_where_->is_true(event)) return {};
    const auto key = sample_key_->text(event);
    if (!key) return {};
    Sample sample{.event = event, .key = *key, .row = {}};
    sample.merged = customers::one_with_first(links_, event);
    const Moment moment = sample.moment();
    if (features_.is_current(moment, spec_->features)) {
      sample.row = TRY(features_.read(moment, spec_->features));
      sample.event.data.clear();
    }
    samples_.push_back(std::move(sample));
    return {};
  }

  void label(const events::Event& event) {
    const auto key = label_key_->text(event);
    const auto value = label_value_->real(event);
    if (key && value) labels_[*key].push_back({event.time, event.seq, *value});
  }

  std::optional<double> label_of(const Sample& sample) const {
    const auto found = labels_.find(sample.key);
    if (found == labels_.end()) return std::nullopt;
    const Label* newest = nullptr;
    for (const auto& label : found->second) {
      if (spec_->label_within && label.time - sample.event.time > *spec_->label_within) continue;
      if (newest == nullptr || std::pair(newest->time, newest->seq) < std::pair(label.time, label.seq)) newest = &label;
    }
    return newest == nullptr ? std::nullopt : std::optional(newest->value);
  }

  TrainingSet assembled(const FeatureSet& set) const {
    TrainingSet out;
    for (const int index : spec_->features) out.names.push_back(set.definitions()[static_cast<size_t>(index)].name);
    for (const auto& sample : samples_) {
      const auto label = label_of(sample);
      if (!label) continue;
      const auto& entities = sample.event.entities;
      const auto group = std::ranges::find(entities, spec_->group, &events::Entity::kind);
      out.values.insert(out.values.end(), sample.row.begin(), sample.row.end());
      out.labels.push_back(*label);
      out.seqs.push_back(sample.event.seq);
      out.times.push_back(sample.event.time);
      out.keys.push_back(sample.key);
      out.groups.push_back(group == entities.end() ? Uuid{} : group->id);
    }
    return out;
  }

  const TrainingSpec* spec_;
  MemoryFeatures features_;
  customers::Links links_;
  std::optional<EventExpression> sample_where_, sample_key_, label_key_, label_value_;
  std::vector<Sample> samples_;
  std::map<std::string, std::vector<Label>> labels_;
};

}  // namespace

Result<TrainingSet> build_training_set(const FeatureSet& set, const TrainingSpec& spec, const Scan& scan,
                                       int64_t up_to_seq) {
  if (spec.features.empty()) return invalid("a training set needs a feature", "/features");
  auto collector = TRY(Collector::make(set, spec));
  TRY(scan(0, up_to_seq, [&](const events::Event& event) { return collector.see(event); }));
  return collector.finish(set, scan, up_to_seq);
}

Result<std::vector<FeatureRow>> read_as_of(const FeatureSet& set, std::span<const Moment> moments,
                                           const Selection& which, const Scan& scan) {
  constexpr size_t kMomentsAPass = 10'000;  // their states are in memory at once
  std::vector<FeatureRow> rows(moments.size());
  for (size_t begin = 0; begin < moments.size(); begin += kMomentsAPass) {
    LateReads late(set.plan(), which);
    const size_t end = std::min(moments.size(), begin + kMomentsAPass);
    int64_t up_to_seq = 0;
    for (size_t i = begin; i < end; ++i) {
      late.add(i, moments[i]);
      up_to_seq = std::max(up_to_seq, moments[i].before_seq - 1);
    }
    TRY(scan(0, up_to_seq,
             [&](const events::Event& event) -> Result<void> { return late.apply(event), Result<void>{}; }));
    for (const auto& pending : late.pending()) rows[pending.row] = TRY(late.row(pending));
  }
  return rows;
}

}  // namespace amity::features
