// The compiled form of a feature set: what is computed from an event once, and which state it goes to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/definition.h"
#include "features/engine/event_expression.h"
#include "features/engine/state.h"

namespace amity::features {

// A number or key drawn from events: the same for every feature with the same events, condition and value.
struct Source {
  int condition = -1;                    // index in Plan::conditions; -1: none
  std::optional<EventExpression> value;  // nothing: the event as such
  int decimals = 0;
  bool is_keyed = false;

  // The value of any event, whatever the condition says.
  std::optional<int64_t> value_of(const events::Event& event) const;
};

struct Layout {
  EntityKinds kinds;
  bool keeps_recent = false;  // shared things have long histories: late reads are answered from recent events
};

struct Feature {
  int layout = 0;
  int group = -1;  // none: current and ratio
  int source = -1;
  Window window;
  int numerator = -1;
  int denominator = -1;
};

// What events of one type contribute.
struct TypePlan {
  struct Target {
    int position = 0;  // in sources
    int group = 0;
  };
  std::vector<int> sources;
  std::vector<std::vector<Target>> targets;  // by layout
};

// What one event contributes: computed once, applied to each entity it touches.
struct Extract {
  Timestamp time;
  int64_t seq = 0;
  const TypePlan* type = nullptr;              // nothing: no feature looks at this type
  std::vector<std::optional<int64_t>> values;  // by position in type->sources
  bool touches(int layout) const;
};

class Plan {
 public:
  std::vector<Definition> definitions;
  std::vector<Feature> features;  // one per definition
  std::vector<Source> sources;
  std::vector<EventExpression> conditions;
  std::vector<Group> groups;
  std::vector<Layout> layouts;
  std::map<std::string, TypePlan, std::less<>> types;
  Digest fingerprint{};

  Extract extract(const events::Event& event) const;
  void apply(const Extract& extract, int layout, EntityState& state) const;
  int layout_of(const EntityKinds& kinds) const;  // -1 where no feature is about them
};

// One entity or pair an event or moment is about, in one layout.
struct Place {
  int layout = 0;
  events::Entity first;
  std::optional<events::Entity> second;
  EntityKey key() const { return second ? key_of(first, *second) : key_of(first); }
};
// Every place `extract` goes to: all entities of a kind, all combinations of a pair.
std::vector<Place> places_of(const Plan& plan, const Extract& extract, std::span<const events::Entity> entities);
// The one place a read looks at: the first entity of each kind; nothing where one is missing.
std::optional<Place> place_of(const Plan& plan, int layout, std::span<const events::Entity> entities);

// Whether the place is a customer's who is known under other references as well: then no state tells of it alone.
bool is_joined(const Place& place, const Moment& moment);
// Whether an event about these entities belongs to the place as of the moment.
bool belongs(const Place& place, const Moment& moment, std::span<const events::Entity> entities);

// A fresh state from History: the same code as live.
Result<EntityState> rebuild(const Plan& plan, const Place& place, const Moment& moment, const History& history);

// Finds the state of a place as of the moment; null where it has none.
using FindState = std::function<Result<std::shared_ptr<const EntityState>>(const Place& place)>;
Result<FeatureRow> read_row(const Plan& plan, const Moment& moment, const Selection& which, const FindState& find);
// The layouts a selection looks at, each once.
std::vector<int> layouts_of(const Plan& plan, const Selection& which);

}  // namespace amity::features
