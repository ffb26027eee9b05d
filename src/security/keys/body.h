// What a KeyStore is made of, for its sources: the store itself and its backups.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "security/cache/recently_used.h"
#include "security/keys.h"
#include "security/keys/master_keys.h"
#include "security/keys/records.h"

namespace amity::security {

class KeyStore::Body {
 public:
  static Result<std::unique_ptr<Body>> open(const KeyStoreOptions& options, const Clock& clock,
                                            const SealedKey* institution_key_to_restore = nullptr);

  Result<SecretKey> key_of(const Uuid& owner, KeyAccess access);
  Result<void> bring_in(std::span<const Uuid> owners);
  Result<void> ensure(std::span<const Uuid> owners);
  bool is_erased(const Uuid& owner, KeyAccess access = KeyAccess::kUsual) const;
  bool is_frozen(const Uuid& owner) const;
  const SecretKey& root() const { return root_; }
  Result<void> announce(std::string_view address) { return database_->announce(address); }
  Result<void> destroy(std::span<const Uuid> owners, const Uuid& request);
  Result<std::vector<Erasure>> erasures_after(int64_t seq) const;
  Result<void> freeze(std::span<const Freeze> freezes);
  Result<std::vector<Freeze>> freezes_until(Timestamp until) const;
  Result<std::optional<Freeze>> freeze_of(const Uuid& owner) const;
  Result<int64_t> announce_ends();
  Result<void> end_freeze(std::span<const Uuid> owners);
  Result<void> export_backup(const std::string& path) const;
  // What a backup brings; existing keys stay, erased ones never come back.
  Result<void> merge_erasures(std::span<const Erasure> erasures);
  Result<void> merge_freezes(std::span<const Freeze> freezes);
  Result<void> merge_keys(std::span<const SealedKey> keys);
  Result<void> rotate();

 private:
  Body(std::unique_ptr<store::Database> database, const KeyStoreOptions& options, const Clock& clock,
       MasterKeys masters, SecretKey root);

  MasterKeys masters() const;
  void set_masters(MasterKeys masters);
  Result<std::vector<Uuid>> find_missing(std::span<const Uuid> owners);
  Result<void> load(std::span<const Uuid> owners);
  Result<void> make(std::span<const Uuid> owners);
  Result<void> load_register();
  Result<SecretKey> frozen_key_of(const Uuid& owner) const;
  // Erased or frozen; under the mutex.
  bool is_gone(const Uuid& owner) const { return erased_.contains(owner) || frozen_.contains(owner); }
  Result<void> finish_erasures();
  Result<void> finish_rotation();
  Result<bool> reseal_some();
  void remember(const std::vector<std::pair<Uuid, SecretKey>>& keys);

  std::unique_ptr<store::Database> database_;
  const std::string key_file_;
  const Clock& clock_;
  const SecretKey root_;
  mutable std::mutex rotation_;  // held through a rotation, an export or an erasure: they exclude each other
  mutable std::mutex mutex_;     // guards what follows
  MasterKeys masters_;
  RecentlyUsed<SecretKey> cache_;
  std::unordered_set<Uuid> erased_;
  std::unordered_set<Uuid> frozen_;
};

}  // namespace amity::security
