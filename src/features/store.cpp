#include "features/store.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>

#include "base/check.h"
#include "features/engine/key_map.h"
#include "features/engine/state_rows.h"
#include "features/engine/tracked.h"

namespace amity::features {
namespace {

using TrackedPtr = std::shared_ptr<const Tracked>;
using StatePtr = std::shared_ptr<const EntityState>;

// Published states, the least recently used ones leaving first. Guarded by its owner's mutex.
class StateCache {
 public:
  explicit StateCache(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  TrackedPtr find(const EntityKey& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    items_.splice(items_.begin(), items_, found->second);
    return found->second->tracked;
  }
  void put(const EntityKey& key, TrackedPtr tracked) {
    remove(key);
    const size_t bytes = tracked->bytes() + kOverheadBytes;
    items_.push_front({key, std::move(tracked), bytes});
    places_.emplace(key, items_.begin());
    bytes_ += bytes;
    while (bytes_ > limit_bytes_ && !items_.empty()) remove(EntityKey(items_.back().key));
  }
  void remove(const EntityKey& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    bytes_ -= found->second->bytes;
    items_.erase(found->second);
    places_.erase(found);
  }
  void remove_owned_by(const Uuid& owner) {
    std::vector<EntityKey> owned;
    for (const auto& item : items_) {
      if (item.key.owner == owner) owned.push_back(item.key);
    }
    for (const auto& key : owned) remove(key);
  }
  void clear() {
    places_.clear();
    items_.clear();
    bytes_ = 0;
  }
  size_t size() const { return items_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kOverheadBytes = 160;  // list and map nodes, control block
  struct Item {
    EntityKey key;
    TrackedPtr tracked;
    size_t bytes = 0;
  };
  size_t limit_bytes_;
  size_t bytes_ = 0;
  std::list<Item> items_;
  KeyMap<std::list<Item>::iterator> places_;
};

// What the batch works on: a loaded state becomes the batch's own when the first event touches it.
struct Staged {
  Place place;
  TrackedPtr tracked;
  bool is_touched = false;
  bool is_cached = false;  // as it stands here
};

}  // namespace

struct LiveFeatures::Impl {
  Impl(FeatureSet the_set, KeyFor the_key_for, StoredHistory the_history, LiveOptions options)
      : set(std::move(the_set)),
        set_id(set_id_of(set)),
        key_for(std::move(the_key_for)),
        history(std::move(the_history)),
        cache(options.cache_bytes) {}

  FeatureSet set;
  int64_t set_id;
  KeyFor key_for;
  StoredHistory history;
  StoredSince since;  // none: it does not serve yet

  // The batch, on the writer thread only.
  KeyMap<Staged> staged;
  std::vector<EntityKey> touched;  // in the order of the first touch
  struct Applied {
    std::shared_ptr<const Extract> extract;
    std::vector<EntityKey> keys;
    std::vector<events::Entity> entities;
  };
  std::vector<Applied> applied;
  std::vector<Uuid> erased;

  // Settling, between batches.
  using Written = std::vector<std::pair<EntityKey, TrackedPtr>>;
  std::vector<EntityKey> stock;  // still to be written, the first last
  Written written;               // by the slice that is being committed
  Written settled;               // by this round

  mutable std::mutex mutex;  // of what follows
  StateCache cache;
  KeyMap<Staged> unsettled;  // published and not yet in the table; changed by the writer thread only
  LiveFigures figures;

  const Plan& plan() const { return set.plan(); }

  // Every place an event of this type could contribute to or be read at.
  std::vector<Place> places_touched(const events::Event& event) const {
    std::vector<Place> places;
    const Plan& p = plan();
    for (size_t i = 0; i < p.layouts.size(); ++i) {
      const auto& kinds = p.layouts[i].kinds;
      for (const auto& first : event.entities) {
        if (first.kind != kinds.first) continue;
        if (!kinds.second) places.push_back({static_cast<int>(i), first, std::nullopt});
        if (!kinds.second) continue;
        for (const auto& second : event.entities) {
          if (second.kind == *kinds.second) places.push_back({static_cast<int>(i), first, second});
        }
      }
    }
    return places;
  }

  // Nothing where the key is destroyed: then there is no state either.
  Result<std::optional<SecretKey>> key_of_place(const Place& place) const {
    auto key = key_for(place.first);
    if (key) return std::optional(*std::move(key));
    if (key.error().code == Code::kNotFound) return std::optional<SecretKey>();
    return std::unexpected(std::move(key).error());
  }

  Result<TrackedPtr> opened(const Place& place, ByteView sealed) const {
    const auto key = TRY(key_of_place(place));
    if (!key) return std::make_shared<const Tracked>();
    const Bytes plain = TRY(open(*key, sealed, seal_place(set_id, place.key())));
    return std::make_shared<const Tracked>(TRY(EntityState::read(plain, plan().groups, place.layout)));
  }

  struct Loaded {
    TrackedPtr tracked;
    bool is_newer = false;  // than its row
  };
  // The states of these places, in their order; an empty one where there is none.
  Result<std::vector<Loaded>> load(store::Reader& reader, std::span<const Place> places) const {
    std::vector<EntityKey> keys;
    for (const auto& place : places) keys.push_back(place.key());
    std::vector<Loaded> loaded(places.size());
    TRY(load_states(reader, set_id, keys, [&](size_t index, ByteView sealed) -> Result<void> {
      loaded[index].tracked = TRY(opened(places[index], sealed));
      return {};
    }));
    for (auto& state : loaded) {
      if (state.tracked == nullptr) state.tracked = std::make_shared<const Tracked>();
    }
    if (since && !places.empty()) TRY(bring_up(reader, places, loaded));
    return loaded;
  }

  // Applies what came after the rows were written. Of an erased person nothing counts any more (docs/decisions/0011).
  Result<void> bring_up(store::Reader& reader, std::span<const Place> places, std::vector<Loaded>& loaded) const {
    const int64_t settled_seq = TRY(readable_up_to(reader, set));
    std::vector<events::Since> wanted;
    for (size_t i = 0; i < places.size(); ++i) {
      wanted.push_back({places[i].first.id, std::max(settled_seq, loaded[i].tracked->live().newest_seq())});
    }
    std::shared_ptr<const Extract> extract;
    std::vector<EntityKey> places_met;
    return since(reader, wanted, [&](size_t i, const events::Event& event) -> Result<void> {
      if (event.is_erased) return {};
      if (extract == nullptr || extract->seq != event.seq) {
        extract = std::make_shared<const Extract>(plan().extract(event));
        places_met.clear();
        for (const auto& place : places_of(plan(), *extract, event.entities)) places_met.push_back(place.key());
      }
      if (std::ranges::find(places_met, places[i].key()) == places_met.end()) return {};
      auto& [tracked, is_newer] = loaded[i];
      auto own = is_newer ? std::const_pointer_cast<Tracked>(tracked) : std::make_shared<Tracked>(*tracked);
      own->apply(plan(), places[i].layout, extract);
      tracked = own;
      is_newer = true;
      return {};
    });
  }

  TrackedPtr cached(const EntityKey& key) {
    const std::scoped_lock lock(mutex);
    if (auto found = cache.find(key)) return found;
    const auto found = unsettled.find(key);
    return found == unsettled.end() ? nullptr : found->second.tracked;
  }

  Result<void> write(store::Transaction& transaction, const EntityKey& key, const Staged& state) const {
    const auto secret = TRY(key_of_place(state.place));
    if (!secret) return {};
    const Bytes sealed = seal(*secret, state.tracked->live().write(plan().groups), seal_place(set_id, key));
    return save_state(transaction, set_id, key, sealed);
  }

  bool is_erased(const EntityKey& key) const { return std::ranges::find(erased, key.owner) != erased.end(); }

  void end_batch() {
    staged.clear();
    touched.clear();
    applied.clear();
    erased.clear();
  }

  Result<void> prepare(store::Reader& reader, std::span<const events::Event> events) {
    std::vector<Place> missing;
    for (const auto& event : events) {
      for (const auto& place : places_touched(event)) {
        const auto [at, is_new] = staged.try_emplace(place.key(), Staged{place, nullptr, false, false});
        if (!is_new) continue;
        at->second.tracked = cached(place.key());
        at->second.is_cached = at->second.tracked != nullptr;
        if (!at->second.is_cached) missing.push_back(place);
      }
    }
    const auto loaded = load(reader, missing);
    if (!loaded) {
      for (const auto& place : missing) staged.erase(place.key());
      return std::unexpected(loaded.error());
    }
    for (size_t i = 0; i < missing.size(); ++i) {
      auto& state = staged.at(missing[i].key());
      state.tracked = (*loaded)[i].tracked;
      if (!(*loaded)[i].is_newer) continue;
      const std::scoped_lock lock(mutex);
      unsettled.insert_or_assign(missing[i].key(), state);  // committed long ago, whatever becomes of this batch
    }
    return {};
  }

  void apply(const events::Event& event) {
    CHECK(applied.empty() || event.seq > applied.back().extract->seq);
    Applied done{std::make_shared<const Extract>(plan().extract(event)), {}, event.entities};
    for (const auto& place : places_of(plan(), *done.extract, event.entities)) {
      const EntityKey key = place.key();
      const auto at = staged.find(key);
      CHECK(at != staged.end() && "events are prepared before they are applied");
      if (at->second.tracked->live().newest_seq() >= event.seq) continue;  // settled before a crash
      if (!at->second.is_touched) touched.push_back(key);
      auto own = at->second.is_touched ? std::const_pointer_cast<Tracked>(at->second.tracked)
                                       : std::make_shared<Tracked>(*at->second.tracked);
      own->apply(plan(), place.layout, done.extract);
      at->second.tracked = own;
      at->second.is_touched = true;
      at->second.is_cached = false;
      done.keys.push_back(key);
    }
    applied.push_back(std::move(done));
  }

  static bool counts(const Applied& event, const Place& place, const Moment& moment) {
    if (is_joined(place, moment)) return belongs(place, moment, event.entities);
    return std::ranges::find(event.keys, place.key()) != event.keys.end();
  }

  // From the log before this batch, and the batch's own events.
  Result<StatePtr> rebuilt(store::Reader& reader, const Place& place, const Moment& moment) const {
    Moment before = moment;
    if (!applied.empty()) before.before_seq = std::min(moment.before_seq, applied.front().extract->seq);
    const History stored = [&](const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                               const EachEvent& each) { return history(reader, entity, max_seq, max_time, each); };
    auto state = std::make_shared<EntityState>(TRY(rebuild(plan(), place, before, stored)));
    for (const auto& event : applied) {
      if (event.extract->seq >= moment.before_seq || event.extract->time > moment.time) continue;
      if (!counts(event, place, moment)) continue;
      plan().apply(*event.extract, place.layout, *state);
    }
    return state;
  }

  // What the tracked state can tell of the moment, counted; null where only the log can.
  StatePtr told_by(const Tracked& tracked, const Place& place, const Moment& moment) {
    StatePtr live = tracked.live_at(moment);
    StatePtr recent = live ? nullptr : tracked.recent_at(plan(), place.layout, moment);
    const std::scoped_lock lock(mutex);
    ++(live ? figures.live_reads : recent ? figures.recent_reads : figures.rebuilt_reads);
    return live ? live : recent;
  }
};

LiveFeatures::LiveFeatures(FeatureSet set, KeyFor key_for, StoredHistory history, LiveOptions options)
    : impl_(std::make_unique<Impl>(std::move(set), std::move(key_for), std::move(history), options)) {}
LiveFeatures::~LiveFeatures() = default;
LiveFeatures::LiveFeatures(LiveFeatures&&) noexcept = default;
LiveFeatures& LiveFeatures::operator=(LiveFeatures&&) noexcept = default;

const FeatureSet& LiveFeatures::set() const { return impl_->set; }

void LiveFeatures::follow(StoredSince since) { impl_->since = std::move(since); }

Result<void> LiveFeatures::prepare(store::Reader& reader, std::span<const events::Event> events) {
  return impl_->prepare(reader, events);
}

Result<void> LiveFeatures::apply(const events::Event& event) { return impl_->apply(event), Result<void>{}; }

Result<FeatureRow> LiveFeatures::read(store::Reader& reader, const events::Event& event, const Selection& which,
                                      std::span<const events::Entity> merged) {
  const Moment moment = moment_of(event, merged);
  return read_row(impl_->plan(), moment, which, [&](const Place& place) -> Result<StatePtr> {
    const auto at = impl_->staged.find(place.key());
    CHECK(at != impl_->staged.end() && "events are prepared before they are read");
    if (is_joined(place, moment)) return impl_->rebuilt(reader, place, moment);
    if (auto told = impl_->told_by(*at->second.tracked, place, moment)) return told;
    return impl_->rebuilt(reader, place, moment);
  });
}

Result<void> LiveFeatures::save(store::Transaction& transaction) {
  for (const auto& key : impl_->touched) {
    Staged& staged = impl_->staged.at(key);
    TRY(impl_->write(transaction, key, staged));
    staged.is_touched = false;
  }
  impl_->touched.clear();
  return {};
}

void LiveFeatures::publish() {
  const std::scoped_lock lock(impl_->mutex);
  for (const auto& owner : impl_->erased) {
    impl_->cache.remove_owned_by(owner);
    std::erase_if(impl_->unsettled, [&](const auto& item) { return item.first.owner == owner; });
  }
  for (const auto& key : impl_->touched) {
    if (!impl_->is_erased(key)) impl_->unsettled.insert_or_assign(key, impl_->staged.at(key));
  }
  for (auto& [key, staged] : impl_->staged) {
    if (!staged.is_cached && !impl_->is_erased(key)) impl_->cache.put(key, std::move(staged.tracked));
  }
  impl_->end_batch();
}

void LiveFeatures::discard() { impl_->end_batch(); }

void LiveFeatures::forget_all() {
  impl_->end_batch();
  const std::scoped_lock lock(impl_->mutex);
  impl_->cache.clear();
  impl_->unsettled.clear();
  impl_->stock.clear();
  impl_->settled.clear();
}

// In the order of the table, so that each of its pages is met once. What the round before wrote leaves memory only now:
// a reader's snapshot may have been older than the table then.
void LiveFeatures::begin_settling() {
  {
    const std::scoped_lock lock(impl_->mutex);
    for (const auto& [key, tracked] : std::exchange(impl_->settled, {})) {
      const auto found = impl_->unsettled.find(key);
      if (found != impl_->unsettled.end() && found->second.tracked == tracked) impl_->unsettled.erase(found);
    }
  }
  auto& stock = impl_->stock;
  stock.clear();
  stock.reserve(impl_->unsettled.size());
  for (const auto& [key, staged] : impl_->unsettled) stock.push_back(key);
  std::ranges::sort(stock, std::greater(), row_key_of);
}

Result<size_t> LiveFeatures::settle(store::Transaction& transaction, size_t count) {
  impl_->written.clear();
  auto& stock = impl_->stock;
  for (; !stock.empty() && impl_->written.size() < count; stock.pop_back()) {
    const auto found = impl_->unsettled.find(stock.back());
    if (found == impl_->unsettled.end()) continue;  // erased since
    TRY(impl_->write(transaction, found->first, found->second));
    impl_->written.emplace_back(stock.back(), found->second.tracked);
  }
  return impl_->written.size();
}

void LiveFeatures::settled() {
  std::ranges::move(std::exchange(impl_->written, {}), std::back_inserter(impl_->settled));
}

Result<void> LiveFeatures::save_watermark(store::Transaction& transaction, int64_t seq) {
  return features::save_watermark(transaction, impl_->set, seq);
}

Result<int64_t> LiveFeatures::watermark(store::Reader& reader) const { return watermark_of(reader, impl_->set); }

Result<FeatureRow> LiveFeatures::now(store::Reader& reader, const Moment& moment, const Selection& which) {
  return read_row(impl_->plan(), moment, which, [&](const Place& place) -> Result<StatePtr> {
    const bool is_one = !is_joined(place, moment);
    TrackedPtr tracked = is_one ? impl_->cached(place.key()) : nullptr;
    if (is_one && tracked == nullptr) tracked = TRY(impl_->load(reader, std::span(&place, 1)))[0].tracked;
    if (auto told = is_one ? impl_->told_by(*tracked, place, moment) : nullptr) return told;
    const History stored = [&](const events::Entity& entity, int64_t max_seq, Timestamp max_time,
                               const EachEvent& each) {
      return impl_->history(reader, entity, max_seq, max_time, each);
    };
    return std::make_shared<const EntityState>(TRY(rebuild(impl_->plan(), place, moment, stored)));
  });
}

Result<void> LiveFeatures::erase(store::Transaction& transaction, std::span<const events::Entity> entities) {
  for (const auto& entity : entities) {
    TRY(remove_states(transaction, entity.id));
    impl_->erased.push_back(entity.id);
    std::erase_if(impl_->touched, [&](const EntityKey& key) { return key.owner == entity.id; });
  }
  return {};
}

LiveFigures LiveFeatures::figures() const {
  const std::scoped_lock lock(impl_->mutex);
  LiveFigures figures = impl_->figures;
  figures.cached_states = impl_->cache.size();
  figures.cached_bytes = impl_->cache.bytes();
  figures.unsettled_states = impl_->unsettled.size();
  return figures;
}

}  // namespace amity::features
