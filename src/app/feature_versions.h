// Which feature definitions serve, and how new ones take over: built from the log beside the serving ones.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "app/institution.h"
#include "app/walk.h"
#include "features/backfill.h"

namespace amity::app {

// How long the states of a retired set stay: longer than any read that began while it served.
constexpr Duration kRetiredStay = hours(1);

class FeatureVersions {
 public:
  struct Parts {
    store::Database& database;
    const events::EventLog& log;
    const Clock& clock;
    features::KeyFor key_for;
    features::LiveOptions options;
  };

  // Takes up the serving set. Where the institution's definitions are others, those are kept for replay and filled from
  // the log step by step; until then the old ones serve. On an empty log they serve at once.
  static Result<std::unique_ptr<FeatureVersions>> open(Parts parts, const Institution& institution);

  // Any thread; what is returned lives as long as this.
  features::LiveFeatures* serving() { return serving_.load(); }
  // Forgets erased entities in every set there is (writer thread).
  Result<void> erase(store::Transaction& transaction, std::span<const events::Entity> entities);
  // One step of filling the new set (writer thread, between batches); switches `rooms` over when it has caught up.
  // Later, one slice of removing the states of what retired. Whether more is left to do.
  bool step(Rooms& rooms);
  // Any set that ever served, for replay.
  Result<features::FeatureSet> by_fingerprint(const Digest& fingerprint) const;

 private:
  explicit FeatureVersions(Parts parts) : parts_(std::move(parts)) {}
  Result<void> keep(const features::FeatureSet& set, const std::vector<DefinitionText>& files);
  Result<bool> fill(Rooms& rooms);
  Result<void> plan_removal(store::Reader& reader);
  bool is_removing();
  Result<void> remove_slice();
  features::LiveFeatures* add(features::FeatureSet set);
  void serve(features::LiveFeatures* features);

  Parts parts_;
  std::vector<std::unique_ptr<features::LiveFeatures>> all_;  // a retired one stays: readers may still hold it
  std::atomic<features::LiveFeatures*> serving_ = nullptr;
  features::LiveFeatures* next_ = nullptr;  // being filled
  struct Removal {
    features::RetiredSlice done;
    Timestamp retired_by;
  };
  std::optional<Removal> removal_;        // going on
  std::optional<Timestamp> removal_due_;  // when the next one begins; nothing: no set is retired
  bool is_wanted_again_ = false;  // what is to be filled is retired itself: its old states go first, and at once
};

}  // namespace amity::app
