#include "features/backfill.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "features/engine/state_rows.h"

namespace amity::features {
namespace {

constexpr store::Statement kServe(
    "features.serve",
    "UPDATE feature_builds SET stage = CASE WHEN set_id = $1 THEN 1 ELSE 2 END, "
    "retired_us = CASE WHEN set_id = $1 THEN NULL WHEN stage = 2 THEN retired_us ELSE $2 END");
constexpr store::Statement kServing("features.serving", "SELECT fingerprint FROM feature_builds WHERE stage = 1");
constexpr store::Statement kFirstRetired("features.first_retired",
                                         "SELECT retired_us FROM feature_builds WHERE stage = 2 "
                                         "ORDER BY retired_us LIMIT 1");
// A slice is a run of rows in the order of the table: whatever is left of it, the next one begins behind it.
constexpr store::Statement kSliceEnd("features.slice_end",
                                     "SELECT partition_id, owner_id FROM feature_states "
                                     "WHERE (partition_id, owner_id) > ($1, $2) ORDER BY partition_id, owner_id "
                                     "LIMIT 1 OFFSET $3");
constexpr store::Statement kRemoveRetired(
    "features.remove_retired",
    "DELETE FROM feature_states WHERE (partition_id, owner_id) > ($1, $2) AND (partition_id, owner_id) <= ($3, $4) "
    "AND set_id IN (SELECT set_id FROM feature_builds WHERE stage = 2 AND retired_us <= $5)");
constexpr store::Statement kRemoveRetiredSets("features.remove_retired_sets",
                                              "DELETE FROM feature_builds WHERE stage = 2 AND retired_us <= $1");

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

Result<void> BackFill::switch_over(store::Transaction& transaction, int64_t newest_seq, Timestamp now) {
  const int64_t reached = TRY(watermark(transaction));
  if (reached != newest_seq) {
    return fail(Code::kConflict, fmt::format("the new feature set has reached event {} of {}; go on with the back-fill "
                                             "before it takes over",
                                             reached, newest_seq));
  }
  TRY(features_->save_watermark(transaction, newest_seq));
  const store::Value parameters[] = {set_id_of(features_->set()), now.us};
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

Result<std::optional<Timestamp>> first_retired(store::Reader& reader) {
  return reader.first<Timestamp>(kFirstRetired, {},
                                 [](const store::Row& row) -> Result<Timestamp> { return Timestamp{row.integer(0)}; });
}

Result<RetiredSlice> remove_retired_states(store::Transaction& transaction, const RetiredSlice& before, int64_t rows,
                                           Timestamp retired_by) {
  CHECK(rows > 0 && !before.is_last);
  RetiredSlice slice{events::kPartitionCount, Uuid{}, true};
  const store::Value from[] = {before.partition_id, ByteView(before.owner.bytes), rows - 1};
  TRY(transaction.query(kSliceEnd, from, [&](const store::Row& row) -> Result<void> {
    slice = {row.integer(0), Uuid{}, false};
    CHECK(row.bytes(1).size() == slice.owner.bytes.size());
    std::ranges::copy(row.bytes(1), slice.owner.bytes.begin());
    return {};
  }));
  const store::Value run[] = {before.partition_id, ByteView(before.owner.bytes), slice.partition_id,
                              ByteView(slice.owner.bytes), retired_by.us};
  TRY(transaction.execute(kRemoveRetired, run));
  const store::Value sets[] = {retired_by.us};
  if (slice.is_last) TRY(transaction.execute(kRemoveRetiredSets, sets));
  return slice;
}

}  // namespace amity::features
