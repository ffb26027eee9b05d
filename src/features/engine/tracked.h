// One entity's live state and, for shared things, an older state with the recent events between the two: a read that is
// a little late then need not go back to the log.
#pragma once

#include <memory>
#include <vector>

#include "features/engine/plan.h"

namespace amity::features {

class Tracked {
 public:
  Tracked() : live_(std::make_shared<EntityState>()) {}
  explicit Tracked(EntityState state) : live_(std::make_shared<EntityState>(std::move(state))) { base_ = live_; }

  void apply(const Plan& plan, int layout, const std::shared_ptr<const Extract>& extract);
  const EntityState& live() const { return *live_; }
  // The state as of the moment: the live one, or one made of the recent events; null where it cannot be told.
  std::shared_ptr<const EntityState> live_at(const Moment& moment) const;
  std::shared_ptr<const EntityState> recent_at(const Plan& plan, int layout, const Moment& moment) const;
  size_t bytes() const;

 private:
  std::shared_ptr<EntityState> live_;
  std::shared_ptr<EntityState> base_;                   // null: nothing yet
  std::vector<std::shared_ptr<const Extract>> recent_;  // live = base + these
};

}  // namespace amity::features
