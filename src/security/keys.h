// The keys that make a person's data readable, in a database of their own: destroying one erases the person everywhere.
//
// Every customer and every account ("owner", a pseudonym) has its own random key. It is kept sealed under the master
// key, which lives in a key file outside every database. Log data, profile values and states are sealed with the
// owner's key, so that destroying the key erases them in the database, its WAL and every backup at once. This store is
// never part of a data backup: it has its own backup of the newest state only, and it holds the erasure register, which
// is applied to a restored data backup before anybody is served. It knows UUIDs, never an institution's references.
// Erasing is: register, destroy, event; a crash in between is resumed at the next open. Format: docs/formats/keys.md.
//
// Where a law demands that data be kept, the key is locked instead: the owner is frozen. This is the one place where a
// frozen person turns into nobody: they count as erased for everything that asks, and their key is given to a legal
// hold alone. The freezes are a register, too, and outlive a restored data backup like the erasures.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/id.h"
#include "base/result.h"
#include "base/time.h"

namespace amity::security {

struct KeyStoreOptions {
  // Database URL (store/database.h). For SQLite by convention the data's path with ".keys" behind it.
  std::string url;
  // The master key's file; made where both it and the key store are missing. Refused (forbidden) where others than its
  // owner may read it. Losing it loses everything: keep a copy apart from the data and from the key backups.
  std::string key_file;
  size_t cached_key_count = 200'000;  // 48 bytes of key and id each, with its index about 150
  // Whether a store may be made where there is none: not beside data that was written with the keys of another.
  bool may_make = true;
};

// An entry of the erasure register.
struct Erasure {
  int64_t seq = 0;  // from 1, the order of registration
  Uuid owner;
  Uuid request;  // of the erasure request, never a customer's reference
  Timestamp registered;
  bool is_destroyed = false;  // false: registered, its key not yet destroyed
};

// What is kept and for how long: an entry of the register of freezes.
struct Freeze {
  Uuid owner;
  Uuid person;   // the customer whose request it was; the owner itself, or whose account the owner is
  Uuid request;  // as in Erasure
  Timestamp registered;
  Timestamp until;     // from here on its key is to be destroyed
  std::string duties;  // names of the duties that demand it, separated by commas
  // When the clock first said that the end is less than kAnnouncedBefore away.
  std::optional<Timestamp> announced = {};
};

// What a wrong clock has to last, seen again and again, before it ends a freeze: docs/decisions/0013.
constexpr Duration kAnnouncedBefore = days(1);
// Its end has come and was announced before, by a clock that has not gone back since.
bool is_over(const Freeze& freeze, Timestamp now);

// Who asks for a key: everybody, or a legal hold, to which frozen owners are there.
enum class KeyAccess { kUsual, kLegalHold };

// Thread-safe. One process at a time (the writer's lease of its database).
class KeyStore {
 public:
  // Opens or makes the store, resumes erasures and a rotation that were interrupted. conflict: the key file is not this
  // store's. not_found: the store exists and its key file does not; or there is none and `may_make` is false, and
  // nothing is then made.
  static Result<std::unique_ptr<KeyStore>> open(const KeyStoreOptions& options, const Clock& clock);
  ~KeyStore();

  // not_found: never made, erased, or frozen (but for a legal hold).
  Result<SecretKey> key_of(Uuid owner, KeyAccess access = KeyAccess::kUsual);
  // Makes the missing keys; returns when they are durable. conflict: one is erased (and none was made). A new person of
  // the same reference after an erasure is a matter for people, not for a retry.
  Result<void> ensure(std::span<const Uuid> owners);
  // Brings those that exist into memory with one question, for who will soon ask for each.
  Result<void> bring_in(std::span<const Uuid> owners);
  // Erased or frozen: nothing can be read of it, and nothing more is recorded about it. For a legal hold: erased.
  bool is_erased(Uuid owner, KeyAccess access = KeyAccess::kUsual) const;
  bool is_frozen(Uuid owner) const;
  // An independent key for each use ("pseudonyms", "search_tokens", "states", "audit_signing", "pages"): the same for
  // the institution's life, also after a rotation of the master key.
  SecretKey institution_key(std::string_view use) const;
  // As Database::announce: who finds this store taken is told where its holder is reached.
  Result<void> announce(std::string_view address);

  // Registers the erasure of all owners durably and at once (after a crash it is all of them or none), then destroys
  // the keys and their traces in the store's files. Repeating is harmless. An owner without a key is registered all the
  // same. Make a key backup afterwards: older ones still hold the keys.
  Result<void> destroy(std::span<const Uuid> owners, Uuid request);
  Result<void> destroy(Uuid owner, Uuid request) { return destroy(std::span(&owner, 1), request); }
  // The register after `seq`, in order: what a restored data backup must forget before it serves (customer.erased for
  // each, again), and what another copy has not seen yet.
  Result<std::vector<Erasure>> erasures_after(int64_t seq) const;

  // Locks the keys of these owners durably and at once (after a crash it is all of them or none). Of one that is
  // frozen already the later end holds; one that is erased stays erased.
  Result<void> freeze(std::span<const Freeze> freezes);
  // The register of those whose end is not after `until`, by person; kLatest: all.
  Result<std::vector<Freeze>> freezes_until(Timestamp until) const;
  // Of one owner; nothing where it is not frozen.
  Result<std::optional<Freeze>> freeze_of(Uuid owner) const;
  // Announces the ends that are near now, and takes back what a clock announced that has gone back since. Returns how
  // many it announced.
  Result<int64_t> announce_ends();
  // After their keys were destroyed and every room was told: the last step of ending a freeze.
  Result<void> end_freeze(std::span<const Uuid> owners);

  // Replaces `path` with the newest state (keys as sealed, registers, institution key) and wipes what it replaced.
  Result<void> export_backup(const std::string& path) const;
  // Brings a backup into the store at options.url, which may be new. What is erased in either stays erased, what is
  // frozen in either and erased in none stays frozen, to the later end. conflict:
  // another institution's store, another master key, or a backup that is damaged; nothing is then changed.
  static Result<void> restore_backup(const KeyStoreOptions& options, const std::string& path, const Clock& clock);

  // Makes a new master key, seals every key again while the store goes on serving, then forgets the old one: what
  // sealed bytes a disk may still hold are then worthless. Resumed at the next open where interrupted.
  Result<void> rotate_master_key();

 private:
  class Body;
  explicit KeyStore(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace amity::security
