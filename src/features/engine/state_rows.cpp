#include "features/engine/state_rows.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace amity::features {
namespace {

constexpr size_t kWantedBytes = 34;

// One statement for any number of keys, though a constant statement takes no lists: $2 is $3 times an owner of 16 bytes
// and a key of 18, one after the other, $4 their partitions, one character each from '0' on.
constexpr store::Statement kLoad(
    "features.load_states",
    "WITH RECURSIVE wanted(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM wanted WHERE i + 1 < $3) "
    "SELECT i, state FROM wanted CROSS JOIN feature_states "
    "WHERE partition_id = unicode(substr($4, i + 1, 1)) - 48 AND owner_id = substr($2, i * 34 + 1, 16) "
    "AND set_id = $1 AND entity_key = substr($2, i * 34 + 17, 18)",
    "SELECT i::bigint, state FROM generate_series(0::bigint, $3::bigint - 1) AS i JOIN feature_states "
    "ON partition_id = ascii(substring($4::text FROM i::int + 1 FOR 1)) - 48 "
    "AND owner_id = substring($2::bytea FROM i::int * 34 + 1 FOR 16) AND set_id = $1::bigint "
    "AND entity_key = substring($2::bytea FROM i::int * 34 + 17 FOR 18)");

constexpr store::Statement kSave("features.save_state",
                                 "INSERT INTO feature_states (partition_id, owner_id, set_id, entity_key, state) "
                                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (partition_id, owner_id, set_id, entity_key) "
                                 "DO UPDATE SET state = excluded.state");

constexpr store::Statement kWatermark("features.watermark",
                                      "SELECT watermark_seq, fingerprint, stage FROM feature_builds WHERE set_id = $1");
constexpr store::Statement kSaveWatermark(
    "features.save_watermark",
    "INSERT INTO feature_builds (set_id, fingerprint, watermark_seq, stage) VALUES ($1, $2, $3, 0) "
    "ON CONFLICT (set_id) DO UPDATE SET watermark_seq = excluded.watermark_seq");

constexpr store::Statement kRemove("features.remove_states",
                                   "DELETE FROM feature_states WHERE partition_id = $1 AND owner_id = $2");

// The owner's: fixed for ever by its id, so that a pair lies beside its owner and one partition is enough to erase.
int64_t partition_of(const Uuid& owner) { return owner.bytes[15] % events::kPartitionCount; }

struct Build {
  int64_t seq = 0;  // its watermark
  bool is_retired = false;
};
Result<Build> build_of(store::Reader& reader, const FeatureSet& set) {
  constexpr int64_t kRetired = 2;
  Build build;
  const store::Value parameters[] = {set_id_of(set)};
  TRY(reader.query(kWatermark, parameters, [&](const store::Row& row) -> Result<void> {
    if (!std::ranges::equal(row.bytes(1), set.fingerprint())) {
      return fail(Code::kConflict, "two feature sets share the first 8 bytes of their fingerprints; rename a feature");
    }
    build = {row.integer(0), row.integer(2) == kRetired};
    return {};
  }));
  return build;
}

}  // namespace

RowKey row_key_of(const EntityKey& key) {
  RowKey row{partition_of(key.owner), key.owner, {}};
  row.bytes[0] = static_cast<uint8_t>(key.kinds.first);
  row.bytes[1] = key.kinds.second ? static_cast<uint8_t>(*key.kinds.second) : 0;
  std::ranges::copy(key.id.bytes, row.bytes.begin() + 2);
  return row;
}

int64_t set_id_of(const FeatureSet& set) {
  uint64_t id = 0;
  for (size_t i = 0; i < 8; ++i) id = id << 8 | set.fingerprint()[i];
  return static_cast<int64_t>(id);
}

std::string seal_place(int64_t set_id, const EntityKey& key) {
  return fmt::format("feature_states.state:{:016x}:{}", static_cast<uint64_t>(set_id), to_hex(row_key_of(key).bytes));
}

Result<void> load_states(store::Reader& reader, int64_t set_id, std::span<const EntityKey> keys,
                         const EachState& each) {
  if (keys.empty()) return {};
  Bytes wanted;
  std::string partitions;
  wanted.reserve(keys.size() * kWantedBytes);
  for (const auto& key : keys) {
    const RowKey row = row_key_of(key);
    wanted.insert(wanted.end(), row.owner.bytes.begin(), row.owner.bytes.end());
    wanted.insert(wanted.end(), row.bytes.begin(), row.bytes.end());
    partitions += static_cast<char>('0' + row.partition_id);
  }
  const store::Value parameters[] = {set_id, ByteView(wanted), static_cast<int64_t>(keys.size()),
                                     std::string_view(partitions)};
  return reader.query(kLoad, parameters, [&](const store::Row& row) -> Result<void> {
    return each(static_cast<size_t>(row.integer(0)), row.bytes(1));
  });
}

Result<void> save_state(store::Transaction& transaction, int64_t set_id, const EntityKey& key, ByteView sealed) {
  const RowKey row = row_key_of(key);
  const store::Value parameters[] = {row.partition_id, ByteView(row.owner.bytes), set_id, ByteView(row.bytes), sealed};
  return transaction.post(kSave, parameters);
}

Result<void> save_watermark(store::Transaction& transaction, const FeatureSet& set, int64_t seq) {
  const store::Value parameters[] = {set_id_of(set), ByteView(set.fingerprint()), seq};
  return transaction.post(kSaveWatermark, parameters);
}

Result<int64_t> watermark_of(store::Reader& reader, const FeatureSet& set) {
  const auto build = TRY(build_of(reader, set));
  if (!build.is_retired) return build.seq;
  return fail(Code::kConflict, "the states of this feature set are retired; remove them before it is built again");
}

Result<int64_t> readable_up_to(store::Reader& reader, const FeatureSet& set) { return TRY(build_of(reader, set)).seq; }

Result<void> remove_states(store::Transaction& transaction, const Uuid& owner) {
  const store::Value parameters[] = {partition_of(owner), ByteView(owner.bytes)};
  TRY(transaction.execute(kRemove, parameters));
  return {};
}

}  // namespace amity::features
