#include "features/backfill.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "features/engine/state_rows.h"

namespace amity::features {
namespace {

constexpr store::Statement kServe("features.serve",
                                  "UPDATE feature_builds SET stage = CASE WHEN set_id = $1 THEN 1 ELSE 2 END");
constexpr store::Statement kServing("features.serving", "SELECT fingerprint FROM feature_builds WHERE stage = 1");
constexpr store::Statement kRemoveRetired(
    "features.remove_retired",
    "DELETE FROM feature_states WHERE (partition_id, owner_id, set_id, entity_key) IN (SELECT partition_id, owner_id, "
    "set_id, entity_key FROM feature_states WHERE set_id IN (SELECT set_id FROM feature_builds WHERE stage = 2) "
    "LIMIT $1)");
constexpr store::Statement kRemoveRetiredSets(
    "features.remove_retired_sets",
    "DELETE FROM feature_builds WHERE stage = 2 AND NOT EXISTS "
    "(SELECT 1 FROM feature_states WHERE feature_states.set_id = feature_builds.set_id)");

}  // namespace

BackFill::BackFill(LiveFeatures& features, StoredScan scan) : features_(&features), scan_(std::move(scan)) {}

Result<int64_t> BackFill::watermark(store::Reader& reader) { return features_->watermark(reader); }

Result<int64_t> BackFill::step(store::Transaction& transaction, int64_t count, int64_t up_to_seq) {
  CHECK(count > 0);
  const int64_t from = TRY(watermark(transaction));
  const int64_t to = std::min(up_to_seq, from + count);  // seqs are dense
  if (to <= from) return from;
  std::vector<events::Event> events;
  TRY(scan_(transaction, from, to, [&](const events::Event& event) -> Result<void> {
    events.push_back(event);
    return {};
  }));
  TRY(features_->prepare(transaction, events));
  for (const auto& event : events) TRY(features_->apply(event));
  TRY(features_->save(transaction));
  TRY(features_->save_watermark(transaction, to));
  return to;
}

Result<void> BackFill::switch_over(store::Transaction& transaction, int64_t newest_seq) {
  const int64_t reached = TRY(watermark(transaction));
  if (reached != newest_seq) {
    return fail(Code::kConflict, fmt::format("the new feature set has reached event {} of {}; go on with the back-fill "
                                             "before it takes over",
                                             reached, newest_seq));
  }
  TRY(features_->save_watermark(transaction, newest_seq));
  const store::Value parameters[] = {set_id_of(features_->set())};
  TRY(transaction.execute(kServe, parameters));
  return {};
}

Result<std::optional<Digest>> serving_fingerprint(store::Reader& reader) {
  return reader.first<Digest>(kServing, {}, [](const store::Row& row) -> Result<Digest> {
    Digest digest{};
    CHECK(row.bytes(0).size() == digest.size());
    std::ranges::copy(row.bytes(0), digest.begin());
    return digest;
  });
}

Result<int64_t> remove_retired_states(store::Transaction& transaction, int64_t count) {
  const store::Value parameters[] = {count};
  const int64_t removed = TRY(transaction.execute(kRemoveRetired, parameters));
  if (removed < count) TRY(transaction.execute(kRemoveRetiredSets, {}));
  return removed;
}

}  // namespace amity::features
