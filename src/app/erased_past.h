// What replay cannot compute again: the values that rest on events erased since.
//
// The state of a shared thing (a merchant, a payee, a joint account) counted the events of a person who has been erased
// afterwards. The log still tells when they were and what they touched, and nothing else. So a value that may have
// counted such an event is taken from the decision's record where the events that are left give another one. Why this
// is sound: docs/decisions/0011.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "features/definition.h"

namespace amity::app {

class ErasedPast {
 public:
  // An event as the log still knows it. In the order of the log.
  void add(const events::Event& erased);

  // Whether the value of `definition` for this event may count one that was added. Rather too often than too seldom: a
  // window counts twice its length back.
  bool may_hold(const features::FeatureSet& set, const features::Definition& definition,
                const events::Event& event) const;

 private:
  using Places = std::set<std::pair<int64_t, int64_t>>;  // (time, seq)
  const Places* of(const Uuid& entity, const std::string& type) const;
  bool touches(const features::Definition& definition, const events::Event& event) const;

  std::map<Uuid, std::map<std::string, Places, std::less<>>> touched_;
};

// The number a decision's record holds for this feature; NaN: unknown then.
double recorded_number(const json::object& record, std::string_view feature);

}  // namespace amity::app
