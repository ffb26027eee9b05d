#include "features/definition.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "events/catalogue.h"
#include "features/engine/definition_reader.h"
#include "features/engine/plan.h"

namespace amity::features {
namespace {

constexpr size_t kMaxFeatures = 2000;

// Builds the plan: what is equal is kept once.
class Planner {
 public:
  explicit Planner(std::vector<Definition> definitions) { plan_.definitions = std::move(definitions); }

  Result<std::shared_ptr<const Plan>> build() {
    for (size_t i = 0; i < plan_.definitions.size(); ++i) {
      auto feature = feature_of(plan_.definitions[i]);
      if (!feature) return std::unexpected(std::move(feature).error().within(plan_.definitions[i].name + " "));
      plan_.features.push_back(*feature);
    }
    lay_out();
    plan_.fingerprint = digest(as_bytes(canonical_text(plan_.definitions)));
    return std::make_shared<const Plan>(std::move(plan_));
  }

 private:
  Result<Feature> feature_of(const Definition& d) {
    Feature feature;
    if (d.aggregate == Aggregate::kRatio) {
      feature.numerator = TRY(operand(d.numerator, "/numerator"));
      feature.denominator = TRY(operand(d.denominator, "/denominator"));
      return feature;
    }
    feature.source = TRY(source_of(d));
    if (d.aggregate == Aggregate::kCurrent) return feature;
    feature.layout = layout_of(d.entity);
    feature.window = Window::of(d.window, d.delay);
    feature.group = group_of(d, feature);
    return feature;
  }

  Result<int> operand(const std::string& name, std::string_view place) const {
    const auto& all = plan_.definitions;
    const auto found = std::ranges::lower_bound(all, name, {}, &Definition::name);
    if (found == all.end() || found->name != name) {
      return invalid(fmt::format("there is no feature \"{}\"", name), std::string(place));
    }
    if (found->aggregate == Aggregate::kRatio) {
      return invalid("a ratio is made of two features that are no ratios", std::string(place));
    }
    return static_cast<int>(found - all.begin());
  }

  Result<int> source_of(const Definition& d) {
    const bool is_keyed =
        d.aggregate == Aggregate::kDistinct || (d.aggregate == Aggregate::kFirstSeen && !d.value.empty());
    const auto known = std::ranges::find_if(source_keys_, [&](const SourceKey& key) {
      return key.on == d.on && key.where == d.where && key.value == d.value && key.decimals == d.decimals &&
             key.is_keyed == is_keyed;
    });
    if (known != source_keys_.end()) return static_cast<int>(known - source_keys_.begin());
    std::vector<const events::Type*> types;
    for (const auto& name : d.on) types.push_back(events::find_type(name));
    Source source{.condition = -1, .value = {}, .decimals = d.decimals, .is_keyed = is_keyed};
    if (!d.where.empty()) {
      auto condition = condition_of(d, types);
      if (!condition) return std::unexpected(std::move(condition).error().within("/where "));
      source.condition = *condition;
    }
    if (!d.value.empty()) {
      auto value = EventExpression::compile(d.value, types);
      if (!value) return std::unexpected(std::move(value).error().within("/value "));
      source.value = *std::move(value);
    }
    source_keys_.push_back({d.on, d.where, d.value, d.decimals, is_keyed});
    plan_.sources.push_back(std::move(source));
    return static_cast<int>(plan_.sources.size()) - 1;
  }

  Result<int> condition_of(const Definition& d, std::span<const events::Type* const> types) {
    const std::pair key(d.on, d.where);
    const auto known = std::ranges::find(condition_keys_, key);
    if (known != condition_keys_.end()) return static_cast<int>(known - condition_keys_.begin());
    plan_.conditions.push_back(TRY(EventExpression::compile(d.where, types)));
    condition_keys_.push_back(key);
    return static_cast<int>(plan_.conditions.size()) - 1;
  }

  int layout_of(const EntityKinds& kinds) {
    if (const int known = plan_.layout_of(kinds); known >= 0) return known;
    using enum events::EntityKind;
    const bool is_shared = kinds.first == kMerchant || kinds.first == kDevice || kinds.first == kCounterparty;
    plan_.layouts.push_back({kinds, is_shared});
    return static_cast<int>(plan_.layouts.size()) - 1;
  }

  int group_of(const Definition& d, const Feature& feature) {
    Group group{.layout = feature.layout,
                .source = feature.source,
                .form = Form::kTotals,
                .window = feature.window,
                .at_most = 0,
                .has_values = !d.value.empty()};
    if (d.aggregate == Aggregate::kDistinct) group.form = Form::kLatest;
    if (d.aggregate == Aggregate::kFirstSeen && !d.value.empty()) group.form = Form::kEarliest;
    const bool is_edge = d.aggregate == Aggregate::kLast || d.aggregate == Aggregate::kTimeSince ||
                         (d.aggregate == Aggregate::kFirstSeen && d.value.empty());
    if (is_edge) group.form = Form::kEdges, group.window = {};
    if (group.form == Form::kLatest || group.form == Form::kEarliest) group.at_most = d.at_most;
    const auto known = std::ranges::find(plan_.groups, group);
    if (known != plan_.groups.end()) return static_cast<int>(known - plan_.groups.begin());
    plan_.groups.push_back(group);
    return static_cast<int>(plan_.groups.size()) - 1;
  }

  // Which sources and groups each type of event feeds.
  void lay_out() {
    for (size_t g = 0; g < plan_.groups.size(); ++g) {
      const Group& group = plan_.groups[g];
      for (const auto& type : source_keys_[static_cast<size_t>(group.source)].on) {
        TypePlan& feeds = plan_.types[type];
        feeds.targets.resize(plan_.layouts.size());
        const auto at = std::ranges::find(feeds.sources, group.source);
        const int position = static_cast<int>(at - feeds.sources.begin());
        if (at == feeds.sources.end()) feeds.sources.push_back(group.source);
        feeds.targets[static_cast<size_t>(group.layout)].push_back({position, static_cast<int>(g)});
      }
    }
  }

  struct SourceKey {
    std::vector<std::string> on;
    std::string where;
    std::string value;
    int decimals = 0;
    bool is_keyed = false;
  };
  Plan plan_;
  std::vector<SourceKey> source_keys_;
  std::vector<std::pair<std::vector<std::string>, std::string>> condition_keys_;
};

}  // namespace

std::string name_of(const EntityKinds& kinds) {
  std::string name(events::name_of(kinds.first));
  if (kinds.second) name.append("+").append(events::name_of(*kinds.second));
  return name;
}

EntityKey key_of(const events::Entity& entity) { return {{entity.kind, std::nullopt}, entity.id, entity.id}; }

EntityKey key_of(const events::Entity& first, const events::Entity& second) {
  const Digest both = DigestWriter().add(ByteView(first.id.bytes)).add(ByteView(second.id.bytes)).finish();
  return {{first.kind, second.kind}, make_uuid_v8(std::span(both).first<16>()), first.id};
}

Moment moment_of(const events::Event& event, std::span<const events::Entity> merged) {
  return {event.entities, event.seq, event.time, &event, merged};
}

Result<FeatureSet> FeatureSet::parse(std::span<const DefinitionFile> files) {
  std::vector<Definition> all;
  std::map<std::string, std::string> file_of;
  for (const auto& file : files) {
    for (auto& definition : TRY(read_definitions(file))) {
      const auto [known, is_new] = file_of.emplace(definition.name, file.name);
      if (!is_new) {
        return invalid(fmt::format("the name stands already in {}", known->second),
                       fmt::format("{} {} /name", file.name, definition.name));
      }
      all.push_back(std::move(definition));
    }
  }
  if (all.empty()) return invalid("there is no definition of a feature");
  if (all.size() > kMaxFeatures) return fail(Code::kLimit, fmt::format("more than {} features", kMaxFeatures));
  std::ranges::sort(all, {}, &Definition::name);
  auto plan = Planner(std::move(all)).build();
  if (!plan) {
    Error error = std::move(plan).error();
    const auto file = file_of.find(error.place.substr(0, error.place.find(' ')));
    return std::unexpected(file == file_of.end() ? std::move(error) : std::move(error).within(file->second + " "));
  }
  return FeatureSet(*std::move(plan));
}

std::span<const Definition> FeatureSet::definitions() const { return plan_->definitions; }
const Digest& FeatureSet::fingerprint() const { return plan_->fingerprint; }

Result<Selection> FeatureSet::select(std::span<const std::string> names) const {
  Selection which;
  for (const auto& name : names) {
    const auto found = std::ranges::lower_bound(plan_->definitions, name, {}, &Definition::name);
    if (found == plan_->definitions.end() || found->name != name) {
      return not_found("there is no feature \"" + name.substr(0, 80) + "\" in this set");
    }
    which.push_back(static_cast<int>(found - plan_->definitions.begin()));
  }
  return which;
}

Selection FeatureSet::all() const {
  Selection which(plan_->definitions.size());
  for (size_t i = 0; i < which.size(); ++i) which[i] = static_cast<int>(i);
  return which;
}

}  // namespace amity::features
