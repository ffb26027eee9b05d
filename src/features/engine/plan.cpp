#include "features/engine/plan.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"

namespace amity::features {

std::optional<int64_t> Source::value_of(const events::Event& event) const {
  if (!value) return 0;
  return is_keyed ? value->digest(event) : value->number(event, decimals);
}

bool Extract::touches(int layout) const {
  if (type == nullptr) return false;
  return std::ranges::any_of(type->targets[static_cast<size_t>(layout)], [&](const TypePlan::Target& target) {
    return values[static_cast<size_t>(target.position)].has_value();
  });
}

Extract Plan::extract(const events::Event& event) const {
  Extract extract{.time = event.time, .seq = event.seq, .type = nullptr, .values = {}};
  const auto found = types.find(event.type);
  if (found == types.end()) return extract;
  extract.type = &found->second;
  extract.values.resize(extract.type->sources.size());
  std::vector<std::optional<bool>> holds(conditions.size());
  for (size_t i = 0; i < extract.values.size(); ++i) {
    const Source& source = sources[static_cast<size_t>(extract.type->sources[i])];
    if (source.condition >= 0) {
      auto& known = holds[static_cast<size_t>(source.condition)];
      if (!known) known = conditions[static_cast<size_t>(source.condition)].is_true(event);
      if (!*known) continue;
    }
    extract.values[i] = source.value_of(event);
  }
  return extract;
}

void Plan::apply(const Extract& extract, int layout, EntityState& state) const {
  if (extract.type == nullptr) return;
  for (const auto& target : extract.type->targets[static_cast<size_t>(layout)]) {
    const auto& value = extract.values[static_cast<size_t>(target.position)];
    if (value) state.add(target.group, groups[static_cast<size_t>(target.group)], {extract.time, extract.seq, *value});
  }
}

int Plan::layout_of(const EntityKinds& kinds) const {
  const auto found = std::ranges::find(layouts, kinds, &Layout::kinds);
  return found == layouts.end() ? -1 : static_cast<int>(found - layouts.begin());
}

std::vector<Place> places_of(const Plan& plan, const Extract& extract, std::span<const events::Entity> entities) {
  std::vector<Place> places;
  for (size_t i = 0; i < plan.layouts.size(); ++i) {
    const int layout = static_cast<int>(i);
    if (!extract.touches(layout)) continue;
    const EntityKinds& kinds = plan.layouts[i].kinds;
    for (const auto& first : entities) {
      if (first.kind != kinds.first) continue;
      if (!kinds.second) {
        places.push_back({layout, first, std::nullopt});
        continue;
      }
      for (const auto& second : entities) {
        if (second.kind == *kinds.second) places.push_back({layout, first, second});
      }
    }
  }
  return places;
}

std::optional<Place> place_of(const Plan& plan, int layout, std::span<const events::Entity> entities) {
  const EntityKinds& kinds = plan.layouts[static_cast<size_t>(layout)].kinds;
  const auto first = std::ranges::find(entities, kinds.first, &events::Entity::kind);
  if (first == entities.end()) return std::nullopt;
  if (!kinds.second) return Place{layout, *first, std::nullopt};
  const auto second = std::ranges::find(entities, *kinds.second, &events::Entity::kind);
  if (second == entities.end()) return std::nullopt;
  return Place{layout, *first, *second};
}

bool is_joined(const Place& place, const Moment& moment) {
  const bool has_customer = place.first.kind == events::EntityKind::kCustomer ||
                            (place.second && place.second->kind == events::EntityKind::kCustomer);
  return has_customer && !moment.merged.empty();
}

bool belongs(const Place& place, const Moment& moment, std::span<const events::Entity> entities) {
  const auto has = [&](const events::Entity& wanted) {
    return std::ranges::any_of(entities, [&](const events::Entity& entity) {
      const bool is_merged = wanted.kind == events::EntityKind::kCustomer &&
                             std::ranges::find(moment.merged, entity) != moment.merged.end();
      return entity == wanted || is_merged;
    });
  };
  return has(place.first) && (!place.second || has(*place.second));
}

Result<EntityState> rebuild(const Plan& plan, const Place& place, const Moment& moment, const History& history) {
  EntityState state;
  std::vector<events::Entity> whose{place.first};
  if (place.first.kind == events::EntityKind::kCustomer) {
    whose.insert(whose.end(), moment.merged.begin(), moment.merged.end());
  }
  std::unordered_set<int64_t> counted;  // of several, who may share an event
  for (const auto& entity : whose) {
    TRY(history(entity, moment.before_seq - 1, moment.time, [&](const events::Event& event) -> Result<void> {
      CHECK(event.seq < moment.before_seq && event.time <= moment.time);
      if (!belongs(place, moment, event.entities)) return {};
      if (whose.size() > 1 && !counted.insert(event.seq).second) return {};
      plan.apply(plan.extract(event), place.layout, state);
      return {};
    }));
  }
  return state;
}

}  // namespace amity::features
