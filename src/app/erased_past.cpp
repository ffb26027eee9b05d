#include "app/erased_past.h"

#include <algorithm>
#include <limits>

namespace amity::app {
namespace {

const features::Definition* find(const features::FeatureSet& set, const std::string& name) {
  const auto found = std::ranges::find(set.definitions(), name, &features::Definition::name);
  return found == set.definitions().end() ? nullptr : &*found;
}

// The entity a feature about this kind reads for an event: the first one.
const events::Entity* first_of(const events::Event& event, events::EntityKind kind) {
  const auto found = std::ranges::find(event.entities, kind, &events::Entity::kind);
  return found == event.entities.end() ? nullptr : &*found;
}

}  // namespace

void ErasedPast::add(const events::Event& erased) {
  for (const auto& entity : erased.entities) touched_[entity.id][erased.type].emplace(erased.time.us, erased.seq);
}

const ErasedPast::Places* ErasedPast::of(const Uuid& entity, const std::string& type) const {
  const auto by_type = touched_.find(entity);
  if (by_type == touched_.end()) return nullptr;
  const auto found = by_type->second.find(type);
  return found == by_type->second.end() ? nullptr : &found->second;
}

bool ErasedPast::may_hold(const features::FeatureSet& set, const features::Definition& definition,
                          const events::Event& event) const {
  if (definition.aggregate == features::Aggregate::kCurrent) return false;
  if (definition.aggregate != features::Aggregate::kRatio) return touches(definition, event);
  const auto* numerator = find(set, definition.numerator);
  const auto* denominator = find(set, definition.denominator);
  return (numerator != nullptr && may_hold(set, *numerator, event)) ||
         (denominator != nullptr && may_hold(set, *denominator, event));
}

bool ErasedPast::touches(const features::Definition& definition, const events::Event& event) const {
  const auto* first = first_of(event, definition.entity.first);
  const auto* second = definition.entity.second ? first_of(event, *definition.entity.second) : first;
  if (first == nullptr || second == nullptr) return false;
  constexpr int64_t kAlways = std::numeric_limits<int64_t>::min();
  // An aligned bucket is at most as wide as its window.
  const int64_t since = definition.window ? event.time.us - definition.delay.us - 2 * definition.window->us : kAlways;
  for (const auto& type : definition.on) {
    const auto* places = of(first->id, type);
    const auto* others = of(second->id, type);
    if (places == nullptr || others == nullptr) continue;
    for (auto at = places->lower_bound({since, 0}); at != places->end() && at->first <= event.time.us; ++at) {
      if (at->second < event.seq && others->contains(*at)) return true;
    }
  }
  return false;
}

double recorded_number(const json::object& record, std::string_view feature) {
  const auto* level = record.if_contains("features");
  for (size_t begin = 0; level != nullptr && level->is_object();) {
    const size_t dot = std::min(feature.find('.', begin), feature.size());
    level = level->get_object().if_contains(feature.substr(begin, dot - begin));
    begin = dot + 1;
    if (dot == feature.size()) break;
  }
  if (level == nullptr || !level->is_number()) return std::numeric_limits<double>::quiet_NaN();
  return level->to_number<double>();
}

}  // namespace amity::app
