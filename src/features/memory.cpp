#include "base/check.h"
#include "features/engine/key_map.h"
#include "features/engine/tracked.h"
#include "features/training.h"

namespace amity::features {

struct MemoryFeatures::Impl {
  FeatureSet set;
  History history;
  KeyMap<Tracked> tracked = {};
  int64_t newest_seq = 0;

  // Null: only History can tell.
  std::shared_ptr<const EntityState> known_at(const Place& place, const Moment& moment) const {
    if (is_joined(place, moment)) return nullptr;
    const auto found = tracked.find(place.key());
    if (found == tracked.end()) return std::make_shared<const EntityState>();
    if (auto live = found->second.live_at(moment)) return live;
    return found->second.recent_at(set.plan(), place.layout, moment);
  }
};

MemoryFeatures::MemoryFeatures(FeatureSet set, History history)
    : impl_(std::make_unique<Impl>(Impl{std::move(set), std::move(history)})) {}
MemoryFeatures::~MemoryFeatures() = default;
MemoryFeatures::MemoryFeatures(MemoryFeatures&&) noexcept = default;

Result<void> MemoryFeatures::apply(const events::Event& event) {
  CHECK(event.seq > impl_->newest_seq);
  impl_->newest_seq = event.seq;
  const Plan& plan = impl_->set.plan();
  const auto extract = std::make_shared<const Extract>(plan.extract(event));
  for (const auto& place : places_of(plan, *extract, event.entities)) {
    impl_->tracked[place.key()].apply(plan, place.layout, extract);
  }
  return {};
}

Result<FeatureRow> MemoryFeatures::read(const Moment& moment, const Selection& which) {
  using Found = Result<std::shared_ptr<const EntityState>>;
  const Plan& plan = impl_->set.plan();
  return read_row(plan, moment, which, [&](const Place& place) -> Found {
    if (auto known = impl_->known_at(place, moment)) return known;
    if (!impl_->history) {
      return fail(Code::kUnprocessable, "newer events of the entity were applied, and there is no history to ask");
    }
    return std::make_shared<const EntityState>(TRY(rebuild(plan, place, moment, impl_->history)));
  });
}

bool MemoryFeatures::is_current(const Moment& moment, const Selection& which) const {
  const Plan& plan = impl_->set.plan();
  for (const int layout : layouts_of(plan, which)) {
    const auto place = place_of(plan, layout, moment.entities);
    if (place && impl_->known_at(*place, moment) == nullptr) return false;
  }
  return true;
}

Bytes MemoryFeatures::state_of(const EntityKey& key) const {
  const auto found = impl_->tracked.find(key);
  return found == impl_->tracked.end() ? Bytes{} : found->second.live().write(impl_->set.plan().groups);
}

}  // namespace amity::features
