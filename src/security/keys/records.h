// The tables of the key store.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/crypto.h"
#include "base/id.h"
#include "base/result.h"
#include "security/keys.h"
#include "security/keys/master_keys.h"
#include "store/database.h"

namespace amity::security {

// A key as it is kept: sealed under the master key of that generation, with its place as associated data.
struct SealedKey {
  Uuid owner;  // nil: the institution's own key
  int64_t generation = 0;
  Bytes sealed;
};
constexpr size_t kSealedKeyBytes = 32 + kSealOverheadBytes;

SealedKey seal_key(const MasterKey& master, const Uuid& owner, const SecretKey& key);
// conflict: of another master key, or damaged. unavailable: of a generation the key file does not hold (any more).
Result<SecretKey> open_key(const MasterKeys& masters, const SealedKey& sealed);

std::span<const EmbeddedFile> key_migrations();

Result<std::optional<SealedKey>> read_institution_key(store::Reader& reader);
Result<void> write_institution_key(store::Transaction& transaction, const SealedKey& key);

using EachSealedKey = std::function<Result<void>(const SealedKey&)>;
// Those of `owners` that exist, in no order.
Result<void> read_owner_keys(store::Reader& reader, std::span<const Uuid> owners, const EachSealedKey& each);
Result<void> read_all_owner_keys(store::Reader& reader, const EachSealedKey& each);
// At most `limit` sealed under a master key older than `generation`.
Result<std::vector<SealedKey>> read_older_owner_keys(store::Reader& reader, int64_t generation, int64_t limit);
Result<void> add_owner_key(store::Transaction& transaction, const SealedKey& key);  // keeps one that is there
Result<void> reseal_owner_key(store::Transaction& transaction, const SealedKey& key);
Result<void> delete_owner_key(store::Transaction& transaction, const Uuid& owner);

Result<std::vector<Erasure>> read_erasures(store::Reader& reader, int64_t after_seq);
Result<bool> any_erased(store::Reader& reader, std::span<const Uuid> owners);
// Gives it the next seq. One that is registered already stays as it is.
Result<void> register_erasure(store::Transaction& transaction, const Erasure& erasure);
Result<void> mark_destroyed(store::Transaction& transaction, const Uuid& owner);

// Those that end no later than `until`, by person.
Result<std::vector<Freeze>> read_freezes(store::Reader& reader, Timestamp until);
Result<std::optional<Freeze>> read_freeze(store::Reader& reader, const Uuid& owner);
// Whether announce_freezes would change anything.
Result<bool> any_to_announce(store::Reader& reader, Timestamp now);
// Announcements after `now` are taken back, and then the ends within kAnnouncedBefore announced; returns how many.
Result<int64_t> announce_freezes(store::Transaction& transaction, Timestamp now);
// One that is registered already keeps when it began; where this one ends later, its end and duties hold.
Result<void> register_freeze(store::Transaction& transaction, const Freeze& freeze);
Result<void> delete_freeze(store::Transaction& transaction, const Uuid& owner);

}  // namespace amity::security
