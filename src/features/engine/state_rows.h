// Table feature_states: one sealed state for each entity of each feature set.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "features/definition.h"
#include "store/database.h"

namespace amity::features {

// An entity's place in the table.
struct RowKey {
  int64_t partition_id = 0;
  Uuid owner;
  std::array<uint8_t, 18> bytes{};
  auto operator<=>(const RowKey&) const = default;  // the order of the table
};
RowKey row_key_of(const EntityKey& key);
int64_t set_id_of(const FeatureSet& set);

// What the sealed bytes are bound to: a row copied to another entity or set does not open.
std::string seal_place(int64_t set_id, const EntityKey& key);

// Calls `each` with the index of the key and its sealed state, for those that have one.
using EachState = std::function<Result<void>(size_t index, ByteView sealed)>;
Result<void> load_states(store::Reader& reader, int64_t set_id, std::span<const EntityKey> keys, const EachState& each);
Result<void> save_state(store::Transaction& transaction, int64_t set_id, const EntityKey& key, ByteView sealed);
// Every event up to this seq is in the set's rows. conflict: another set stands under this one's id, or it is retired.
Result<void> save_watermark(store::Transaction& transaction, const FeatureSet& set, int64_t seq);
Result<int64_t> watermark_of(store::Reader& reader, const FeatureSet& set);
// The same for who reads: also of a set that has retired, since another may take over while somebody reads by this one.
Result<int64_t> readable_up_to(store::Reader& reader, const FeatureSet& set);
// Every state of the owner, of all sets.
Result<void> remove_states(store::Transaction& transaction, const Uuid& owner);

}  // namespace amity::features
