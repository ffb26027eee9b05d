#include "features/engine/tracked.h"

namespace amity::features {
namespace {

constexpr size_t kRecentEvents = 64;

bool sees_all_of(const Moment& moment, const EntityState& state) {
  return state.newest_time() <= moment.time && state.newest_seq() < moment.before_seq;
}

// A state nobody else holds is changed in place; a shared one is copied first.
EntityState& own(std::shared_ptr<EntityState>& state) {
  if (state == nullptr || state.use_count() > 1) {
    state = state ? std::make_shared<EntityState>(*state) : std::make_shared<EntityState>();
  }
  return *state;
}

}  // namespace

void Tracked::apply(const Plan& plan, int layout, const std::shared_ptr<const Extract>& extract) {
  if (!plan.layouts[static_cast<size_t>(layout)].keeps_recent) {
    base_.reset();
    plan.apply(*extract, layout, own(live_));
    return;
  }
  plan.apply(*extract, layout, own(live_));
  recent_.push_back(extract);
  if (recent_.size() < kRecentEvents) return;
  EntityState& base = own(base_);
  const auto half = recent_.begin() + static_cast<std::ptrdiff_t>(kRecentEvents / 2);
  for (auto at = recent_.begin(); at != half; ++at) plan.apply(**at, layout, base);
  recent_.erase(recent_.begin(), half);
}

std::shared_ptr<const EntityState> Tracked::live_at(const Moment& moment) const {
  return sees_all_of(moment, *live_) ? live_ : nullptr;
}

std::shared_ptr<const EntityState> Tracked::recent_at(const Plan& plan, int layout, const Moment& moment) const {
  if (!plan.layouts[static_cast<size_t>(layout)].keeps_recent) return nullptr;
  if (base_ != nullptr && !sees_all_of(moment, *base_)) return nullptr;
  auto state = base_ ? std::make_shared<EntityState>(*base_) : std::make_shared<EntityState>();
  for (const auto& extract : recent_) {
    if (extract->time <= moment.time && extract->seq < moment.before_seq) plan.apply(*extract, layout, *state);
  }
  return state;
}

size_t Tracked::bytes() const {
  constexpr size_t kPerEvent = sizeof(Extract) + 16 * 16;  // shared by all entities of the event; counted whole
  size_t bytes = sizeof *this + live_->bytes() + recent_.size() * kPerEvent;
  if (base_ != nullptr && base_ != live_) bytes += base_->bytes();
  return bytes;
}

}  // namespace amity::features
