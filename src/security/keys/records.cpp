#include "security/keys/records.h"

#include <algorithm>

#include "embedded/key_migrations.h"

namespace amity::security {
namespace {

using store::Row;
using store::Statement;
using store::Value;

constexpr Statement kInstitution{"security.institution_key",
                                 "SELECT master, sealed FROM institution_keys WHERE id = 1"};
constexpr Statement kSetInstitution{
    "security.set_institution_key",
    "INSERT INTO institution_keys (id, master, sealed) VALUES (1, $1, $2) "
    "ON CONFLICT (id) DO UPDATE SET master = excluded.master, sealed = excluded.sealed"};
// $1 holds $2 ids of 16 bytes, one after the other: many point reads in one statement.
constexpr Statement kOwners{
    "security.owner_keys",
    "WITH RECURSIVE place (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM place WHERE i + 1 < $2) "
    "SELECT owner, master, sealed FROM place JOIN owner_keys ON owner = substr($1, i * 16 + 1, 16)",
    "SELECT owner, master, sealed FROM generate_series(0, CAST($2 AS INTEGER) - 1) AS place (i) "
    "JOIN owner_keys ON owner = substring(CAST($1 AS BYTEA) FROM i * 16 + 1 FOR 16)"};
constexpr Statement kErasedAmong{
    "security.erased_among",
    "WITH RECURSIVE place (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM place WHERE i + 1 < $2) "
    "SELECT seq FROM place JOIN erasures ON owner = substr($1, i * 16 + 1, 16) LIMIT 1",
    "SELECT seq FROM generate_series(0, CAST($2 AS INTEGER) - 1) AS place (i) "
    "JOIN erasures ON owner = substring(CAST($1 AS BYTEA) FROM i * 16 + 1 FOR 16) LIMIT 1"};
constexpr Statement kAllOwners{"security.all_owner_keys",
                               "SELECT owner, master, sealed FROM owner_keys ORDER BY owner"};
constexpr Statement kOlderOwners{"security.older_owner_keys",
                                 "SELECT owner, master, sealed FROM owner_keys WHERE master < $1 LIMIT $2"};
constexpr Statement kAddOwner{"security.add_owner_key",
                              "INSERT INTO owner_keys (owner, master, sealed) VALUES ($1, $2, $3) "
                              "ON CONFLICT (owner) DO NOTHING"};
constexpr Statement kResealOwner{"security.reseal_owner_key",
                                 "UPDATE owner_keys SET master = $2, sealed = $3 WHERE owner = $1"};
constexpr Statement kDeleteOwner{"security.delete_owner_key", "DELETE FROM owner_keys WHERE owner = $1"};
constexpr Statement kErasures{
    "security.erasures", "SELECT seq, owner, request, registered, destroyed FROM erasures WHERE seq > $1 ORDER BY seq"};
constexpr Statement kLastErasure{"security.last_erasure", "SELECT seq FROM erasures ORDER BY seq DESC LIMIT 1"};
constexpr Statement kRegister{"security.register_erasure",
                              "INSERT INTO erasures (seq, owner, request, registered, destroyed) "
                              "VALUES ($1, $2, $3, $4, 0) ON CONFLICT (owner) DO NOTHING"};
constexpr Statement kDestroyed{"security.mark_destroyed", "UPDATE erasures SET destroyed = 1 WHERE owner = $1"};

constexpr Statement kFreezes{"security.freezes",
                             "SELECT owner, person, request, registered, kept_until, duties, announced FROM freezes "
                             "WHERE kept_until <= $1 ORDER BY person, owner"};
constexpr Statement kFreezeOf{"security.freeze_of",
                              "SELECT owner, person, request, registered, kept_until, duties, announced FROM freezes "
                              "WHERE owner = $1"};
constexpr Statement kFreeze{"security.register_freeze",
                            "INSERT INTO freezes (owner, person, request, registered, kept_until, duties) "
                            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (owner) DO UPDATE SET "
                            "kept_until = excluded.kept_until, duties = excluded.duties, announced = NULL "
                            "WHERE excluded.kept_until > freezes.kept_until"};
constexpr Statement kToAnnounce{"security.freezes_to_announce",
                                "SELECT owner FROM freezes WHERE announced > $1 "
                                "OR (announced IS NULL AND kept_until <= $2) LIMIT 1"};
constexpr Statement kTakeBack{"security.take_back_announcements",
                              "UPDATE freezes SET announced = NULL WHERE announced > $1"};
constexpr Statement kAnnounce{"security.announce_ends",
                              "UPDATE freezes SET announced = $1 WHERE announced IS NULL AND kept_until <= $2"};
constexpr Statement kDeleteFreeze{"security.delete_freeze", "DELETE FROM freezes WHERE owner = $1"};

constexpr size_t kOwnersInOneRead = 1024;

std::string place_of(const Uuid& owner) {
  return owner.is_nil() ? "institution_keys.sealed:1" : "owner_keys.sealed:" + format(owner);
}

Result<Uuid> uuid_of(ByteView bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return fail(Code::kConflict, "an id of the key store is damaged");
  std::ranges::copy(bytes, id.bytes.begin());
  return id;
}

Result<SealedKey> sealed_of(const Row& row) {
  const ByteView sealed = row.bytes(2);
  return SealedKey{TRY(uuid_of(row.bytes(0))), row.integer(1), Bytes(sealed.begin(), sealed.end())};
}

// Calls `each_part` with parameters {ids, count} for at most kOwnersInOneRead owners at a time.
template <class EachPart>
Result<void> in_parts(std::span<const Uuid> owners, const EachPart& each_part) {
  while (!owners.empty()) {
    const auto part = owners.first(std::min(owners.size(), kOwnersInOneRead));
    owners = owners.subspan(part.size());
    Bytes ids;
    for (const Uuid& owner : part) ids.insert(ids.end(), owner.bytes.begin(), owner.bytes.end());
    const Value parameters[] = {ByteView(ids), static_cast<int64_t>(part.size())};
    TRY(each_part(parameters));
  }
  return {};
}

Result<void> read_keys(store::Reader& reader, const Statement& statement, store::Values parameters,
                       const EachSealedKey& each) {
  return reader.query(statement, parameters, [&](const Row& row) -> Result<void> { return each(TRY(sealed_of(row))); });
}

Result<Freeze> freeze_in(const Row& row) {
  Freeze freeze{TRY(uuid_of(row.bytes(0))), TRY(uuid_of(row.bytes(1))), TRY(uuid_of(row.bytes(2))),
                Timestamp{row.integer(3)},  Timestamp{row.integer(4)},  std::string(row.text(5))};
  if (!row.is_null(6)) freeze.announced = Timestamp{row.integer(6)};
  return freeze;
}

}  // namespace

std::span<const EmbeddedFile> key_migrations() { return embedded_key_migrations(); }

SealedKey seal_key(const MasterKey& master, const Uuid& owner, const SecretKey& key) {
  return {owner, master.generation, seal(master.key, key.bytes(), place_of(owner))};
}

Result<SecretKey> open_key(const MasterKeys& masters, const SealedKey& sealed) {
  const MasterKey* master = masters.find(sealed.generation);
  if (master == nullptr) return fail(Code::kUnavailable, "the key file does not hold the master key of this key");
  Bytes plain = TRY(open(master->key, sealed.sealed, place_of(sealed.owner)));
  auto key = SecretKey::from_bytes(plain);
  std::ranges::fill(plain, uint8_t{0});
  return key;
}

Result<std::optional<SealedKey>> read_institution_key(store::Reader& reader) {
  return reader.first<SealedKey>(kInstitution, {}, [](const Row& row) -> Result<SealedKey> {
    const ByteView sealed = row.bytes(1);
    return SealedKey{Uuid{}, row.integer(0), Bytes(sealed.begin(), sealed.end())};
  });
}

Result<void> write_institution_key(store::Transaction& transaction, const SealedKey& key) {
  const Value parameters[] = {key.generation, ByteView(key.sealed)};
  return transaction.post(kSetInstitution, parameters);
}

Result<void> read_owner_keys(store::Reader& reader, std::span<const Uuid> owners, const EachSealedKey& each) {
  return in_parts(owners, [&](store::Values parameters) { return read_keys(reader, kOwners, parameters, each); });
}

Result<void> read_all_owner_keys(store::Reader& reader, const EachSealedKey& each) {
  return read_keys(reader, kAllOwners, {}, each);
}

Result<std::vector<SealedKey>> read_older_owner_keys(store::Reader& reader, int64_t generation, int64_t limit) {
  std::vector<SealedKey> keys;
  const Value parameters[] = {generation, limit};
  TRY(read_keys(reader, kOlderOwners, parameters, [&](const SealedKey& key) -> Result<void> {
    keys.push_back(key);
    return {};
  }));
  return keys;
}

Result<void> add_owner_key(store::Transaction& transaction, const SealedKey& key) {
  const Value parameters[] = {ByteView(key.owner.bytes), key.generation, ByteView(key.sealed)};
  return transaction.post(kAddOwner, parameters);
}

Result<void> reseal_owner_key(store::Transaction& transaction, const SealedKey& key) {
  const Value parameters[] = {ByteView(key.owner.bytes), key.generation, ByteView(key.sealed)};
  return transaction.post(kResealOwner, parameters);
}

Result<void> delete_owner_key(store::Transaction& transaction, const Uuid& owner) {
  const Value parameters[] = {ByteView(owner.bytes)};
  return transaction.post(kDeleteOwner, parameters);
}

Result<std::vector<Erasure>> read_erasures(store::Reader& reader, int64_t after_seq) {
  std::vector<Erasure> erasures;
  const Value parameters[] = {after_seq};
  TRY(reader.query(kErasures, parameters, [&](const Row& row) -> Result<void> {
    erasures.push_back({row.integer(0), TRY(uuid_of(row.bytes(1))), TRY(uuid_of(row.bytes(2))),
                        Timestamp{row.integer(3)}, row.integer(4) != 0});
    return {};
  }));
  return erasures;
}

Result<bool> any_erased(store::Reader& reader, std::span<const Uuid> owners) {
  bool found = false;
  TRY(in_parts(owners, [&](store::Values parameters) {
    return reader.query(kErasedAmong, parameters, [&](const Row&) -> Result<void> {
      found = true;
      return {};
    });
  }));
  return found;
}

Result<void> register_erasure(store::Transaction& transaction, const Erasure& erasure) {
  const auto last = TRY(
      transaction.first<int64_t>(kLastErasure, {}, [](const Row& row) -> Result<int64_t> { return row.integer(0); }));
  const Value parameters[] = {last.value_or(0) + 1, ByteView(erasure.owner.bytes), ByteView(erasure.request.bytes),
                              erasure.registered.us};
  return transaction.post(kRegister, parameters);
}

Result<void> mark_destroyed(store::Transaction& transaction, const Uuid& owner) {
  const Value parameters[] = {ByteView(owner.bytes)};
  return transaction.post(kDestroyed, parameters);
}

Result<std::vector<Freeze>> read_freezes(store::Reader& reader, Timestamp until) {
  std::vector<Freeze> freezes;
  const Value parameters[] = {until.us};
  TRY(reader.query(kFreezes, parameters, [&](const Row& row) -> Result<void> {
    freezes.push_back(TRY(freeze_in(row)));
    return {};
  }));
  return freezes;
}

Result<std::optional<Freeze>> read_freeze(store::Reader& reader, const Uuid& owner) {
  const Value parameters[] = {ByteView(owner.bytes)};
  return reader.first<Freeze>(kFreezeOf, parameters, freeze_in);
}

Result<bool> any_to_announce(store::Reader& reader, Timestamp now) {
  bool is_any = false;
  const Value parameters[] = {now.us, (now + kAnnouncedBefore).us};
  TRY(reader.query(kToAnnounce, parameters, [&](const Row&) -> Result<void> { return is_any = true, Result<void>(); }));
  return is_any;
}

Result<int64_t> announce_freezes(store::Transaction& transaction, Timestamp now) {
  const Value before[] = {now.us};
  TRY(transaction.execute(kTakeBack, before));
  const Value parameters[] = {now.us, (now + kAnnouncedBefore).us};
  return transaction.execute(kAnnounce, parameters);
}

Result<void> register_freeze(store::Transaction& transaction, const Freeze& freeze) {
  const Value parameters[] = {ByteView(freeze.owner.bytes),
                              ByteView(freeze.person.bytes),
                              ByteView(freeze.request.bytes),
                              freeze.registered.us,
                              freeze.until.us,
                              std::string_view(freeze.duties)};
  return transaction.post(kFreeze, parameters);
}

Result<void> delete_freeze(store::Transaction& transaction, const Uuid& owner) {
  const Value parameters[] = {ByteView(owner.bytes)};
  return transaction.post(kDeleteFreeze, parameters);
}

}  // namespace amity::security
