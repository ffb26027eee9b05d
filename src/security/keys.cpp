#include "security/keys.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/log.h"
#include "security/keys/body.h"

namespace amity::security {
namespace {

constexpr int kReaders = 2;
constexpr int64_t kResealedAtOnce = 500;

// The key file is made only together with a new store: beside an old one a missing file is a loss to be told.
Result<MasterKeys> read_or_make_masters(const std::string& key_file, bool is_new_store) {
  auto read = MasterKeys::read(key_file);
  if (read || read.error().code != Code::kNotFound || !is_new_store) return read;
  const MasterKeys made = MasterKeys::make();
  TRY(made.write(key_file));
  return made;
}

Result<std::optional<SealedKey>> institution_key_in(store::Database& database) {
  std::optional<SealedKey> key;
  TRY(database.read([&](store::Reader& reader) -> Result<void> {
    key = TRY(read_institution_key(reader));
    return {};
  }));
  return key;
}

std::unexpected<Error> no_store() {
  return not_found(
      "there is no key store here, and the database was made with one: name it by --keys and its key file "
      "by --key-file",
      "keys");
}

bool is_missing_file(std::string_view url) {
  constexpr std::string_view kFile = "sqlite:";
  return url.starts_with(kFile) && !std::filesystem::exists(url.substr(kFile.size()));
}

Result<SecretKey> open_root(const MasterKeys& masters, const SealedKey& sealed) {
  auto root = open_key(masters, sealed);
  if (root) return root;
  return fail(Code::kConflict, "the key file is not the one of this key store", "key file");
}

}  // namespace

KeyStore::Body::Body(std::unique_ptr<store::Database> database, const KeyStoreOptions& options, const Clock& clock,
                     MasterKeys masters, SecretKey root)
    : database_(std::move(database)),
      key_file_(options.key_file),
      clock_(clock),
      root_(std::move(root)),
      masters_(std::move(masters)),
      cache_(options.cached_key_count) {}

Result<std::unique_ptr<KeyStore::Body>> KeyStore::Body::open(const KeyStoreOptions& options, const Clock& clock,
                                                             const SealedKey* institution_key_to_restore) {
  if (!options.may_make && is_missing_file(options.url)) return no_store();
  store::OpenOptions database_options;
  database_options.url = options.url;
  database_options.migrations = key_migrations();
  database_options.reader_count = kReaders;
  auto database = TRY(store::open_database(database_options));
  auto sealed = TRY(institution_key_in(*database));
  if (!sealed && !options.may_make) return no_store();
  MasterKeys masters = TRY(read_or_make_masters(options.key_file, !sealed));
  if (!sealed) {
    sealed = institution_key_to_restore != nullptr ? *institution_key_to_restore
                                                   : seal_key(masters.newest(), Uuid{}, SecretKey::random());
    TRY(open_root(masters, *sealed));
    TRY(database->write([&](store::Transaction& t) { return write_institution_key(t, *sealed); }));
  }
  SecretKey root = TRY(open_root(masters, *sealed));
  auto body = std::unique_ptr<Body>(new Body(std::move(database), options, clock, std::move(masters), root));
  TRY(body->load_register());
  if (body->masters_.is_rotating()) TRY(body->finish_rotation());
  TRY(body->finish_erasures());
  return body;
}

MasterKeys KeyStore::Body::masters() const {
  const std::lock_guard lock(mutex_);
  return masters_;
}

void KeyStore::Body::set_masters(MasterKeys masters) {
  const std::lock_guard lock(mutex_);
  masters_ = std::move(masters);
}

// One that was erased or frozen meanwhile is not remembered: `erased_` is set before its key is destroyed.
void KeyStore::Body::remember(const std::vector<std::pair<Uuid, SecretKey>>& keys) {
  const std::lock_guard lock(mutex_);
  for (const auto& [owner, key] : keys) {
    if (!is_gone(owner)) cache_.put(owner, key);
  }
}

bool KeyStore::Body::is_erased(const Uuid& owner, KeyAccess access) const {
  const std::lock_guard lock(mutex_);
  return access == KeyAccess::kLegalHold ? erased_.contains(owner) : is_gone(owner);
}

// Until its key is destroyed: the register's row stays a little longer.
bool KeyStore::Body::is_frozen(const Uuid& owner) const {
  const std::lock_guard lock(mutex_);
  return frozen_.contains(owner) && !erased_.contains(owner);
}

// Never remembered: what a legal hold opens is opened again the next time.
Result<SecretKey> KeyStore::Body::frozen_key_of(const Uuid& owner) const {
  std::optional<SecretKey> key;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    return read_owner_keys(reader, std::span(&owner, 1), [&](const SealedKey& sealed) -> Result<void> {
      key = TRY(open_key(masters(), sealed));
      return {};
    });
  }));
  if (!key) return not_found("no key: its owner is unknown or erased");
  return *key;
}

Result<void> KeyStore::Body::load(std::span<const Uuid> owners) {
  std::vector<std::pair<Uuid, SecretKey>> found;
  const auto read_once = [&] {
    found.clear();
    // Taken after the snapshot began at the earliest: a rotation that ends in between makes one more try necessary.
    return database_->read([&](store::Reader& reader) {
      const MasterKeys known = masters();
      return read_owner_keys(reader, owners, [&](const SealedKey& sealed) -> Result<void> {
        found.emplace_back(sealed.owner, TRY(open_key(known, sealed)));
        return {};
      });
    });
  };
  auto done = read_once();
  if (!done && done.error().code == Code::kUnavailable) done = read_once();
  if (!done) return done;
  remember(found);
  return {};
}

Result<SecretKey> KeyStore::Body::key_of(const Uuid& owner, KeyAccess access) {
  if (access == KeyAccess::kLegalHold && is_frozen(owner)) return frozen_key_of(owner);
  const auto cached = [&]() -> std::optional<SecretKey> {
    const std::lock_guard lock(mutex_);
    return cache_.find(owner);
  };
  if (auto key = cached()) return *key;
  if (!is_erased(owner)) {
    TRY(load(std::span(&owner, 1)));
    if (auto key = cached()) return *key;
  }
  return not_found("no key: its owner is unknown or erased");
}

Result<std::vector<Uuid>> KeyStore::Body::find_missing(std::span<const Uuid> owners) {
  const std::lock_guard lock(mutex_);
  std::vector<Uuid> missing;
  for (const Uuid& owner : owners) {
    if (is_gone(owner)) return fail(Code::kConflict, "this customer or account is erased: no new key is made");
    if (!cache_.find(owner)) missing.push_back(owner);
  }
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  return missing;
}

// Sealed inside the writing function, which runs on one thread: none is sealed under an old master key behind the back
// of a rotation, and of two callers with the same owner the second reads back the first's key.
Result<void> KeyStore::Body::make(std::span<const Uuid> owners) {
  std::vector<std::pair<Uuid, SecretKey>> made;
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    made.clear();
    if (TRY(any_erased(transaction, owners))) {
      return fail(Code::kConflict, "this customer or account is erased: no new key is made");
    }
    const MasterKeys known = masters();
    for (const Uuid& owner : owners) {
      TRY(add_owner_key(transaction, seal_key(known.newest(), owner, SecretKey::random())));
    }
    return read_owner_keys(transaction, owners, [&](const SealedKey& sealed) -> Result<void> {
      made.emplace_back(sealed.owner, TRY(open_key(known, sealed)));
      return {};
    });
  }));
  remember(made);
  return {};
}

Result<void> KeyStore::Body::bring_in(std::span<const Uuid> owners) {
  std::vector<Uuid> missing;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::copy_if(owners, std::back_inserter(missing),
                         [this](const Uuid& owner) { return !is_gone(owner) && !cache_.find(owner); });
  }
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  return missing.empty() ? Result<void>() : load(missing);
}

Result<void> KeyStore::Body::ensure(std::span<const Uuid> owners) {
  if (std::ranges::any_of(owners, &Uuid::is_nil)) return invalid("an owner of a key cannot be nil");
  auto missing = TRY(find_missing(owners));
  if (missing.empty()) return {};
  TRY(load(missing));
  missing = TRY(find_missing(missing));
  // More owners than the cache holds are all looked up again by the insert, which keeps what is there.
  if (missing.empty()) return {};
  return make(missing);
}

Result<void> KeyStore::Body::load_register() {
  const auto erasures = TRY(erasures_after(0));
  const auto freezes = TRY(freezes_until(kLatest));
  const std::lock_guard lock(mutex_);
  for (const Erasure& erasure : erasures) erased_.insert(erasure.owner);
  for (const Freeze& freeze : freezes) frozen_.insert(freeze.owner);
  return {};
}

Result<std::vector<Erasure>> KeyStore::Body::erasures_after(int64_t seq) const {
  std::vector<Erasure> erasures;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    erasures = TRY(read_erasures(reader, seq));
    return {};
  }));
  return erasures;
}

Result<void> KeyStore::Body::destroy(std::span<const Uuid> owners, const Uuid& request) {
  if (std::ranges::any_of(owners, &Uuid::is_nil)) return invalid("an owner of a key cannot be nil");
  const std::lock_guard exclusive(rotation_);
  std::vector<Erasure> erasures;
  for (const Uuid& owner : owners) erasures.push_back({0, owner, request, clock_.now(), false});
  TRY(merge_erasures(erasures));
  return finish_erasures();
}

// What was registered and not yet destroyed: the key rows go, then what is left of them in the files.
Result<void> KeyStore::Body::finish_erasures() {
  auto pending = TRY(erasures_after(0));
  std::erase_if(pending, &Erasure::is_destroyed);
  if (pending.empty()) return {};
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const Erasure& erasure : pending) TRY(delete_owner_key(transaction, erasure.owner));
    return {};
  }));
  TRY(database_->forget_deleted());
  return database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const Erasure& erasure : pending) TRY(mark_destroyed(transaction, erasure.owner));
    return {};
  });
}

Result<void> KeyStore::Body::merge_erasures(std::span<const Erasure> erasures) {
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const Erasure& erasure : erasures) TRY(register_erasure(transaction, erasure));
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const Erasure& erasure : erasures) {
    erased_.insert(erasure.owner);
    cache_.remove(erasure.owner);
  }
  return {};
}

Result<void> KeyStore::Body::freeze(std::span<const Freeze> freezes) {
  if (std::ranges::any_of(freezes, [](const Freeze& freeze) { return freeze.owner.is_nil(); }))
    return invalid("an owner of a key cannot be nil");
  const std::lock_guard exclusive(rotation_);
  return merge_freezes(freezes);
}

Result<void> KeyStore::Body::merge_freezes(std::span<const Freeze> freezes) {
  std::vector<Uuid> frozen;
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    frozen.clear();
    for (const Freeze& freeze : freezes) {
      if (TRY(any_erased(transaction, std::span(&freeze.owner, 1)))) continue;
      TRY(register_freeze(transaction, freeze));
      frozen.push_back(freeze.owner);
    }
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const Uuid& owner : frozen) {
    frozen_.insert(owner);
    cache_.remove(owner);
  }
  return {};
}

Result<std::vector<Freeze>> KeyStore::Body::freezes_until(Timestamp until) const {
  std::vector<Freeze> freezes;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    freezes = TRY(read_freezes(reader, until));
    return {};
  }));
  return freezes;
}

Result<std::optional<Freeze>> KeyStore::Body::freeze_of(const Uuid& owner) const {
  std::optional<Freeze> freeze;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    freeze = TRY(read_freeze(reader, owner));
    return {};
  }));
  return freeze;
}

Result<int64_t> KeyStore::Body::announce_ends() {
  const Timestamp now = clock_.now();
  bool is_needed = false;
  TRY(database_->read([&](store::Reader& reader) -> Result<void> {
    is_needed = TRY(any_to_announce(reader, now));
    return {};
  }));
  int64_t count = 0;
  if (!is_needed) return count;
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    count = TRY(announce_freezes(transaction, now));
    return {};
  }));
  return count;
}

Result<void> KeyStore::Body::end_freeze(std::span<const Uuid> owners) {
  const std::lock_guard exclusive(rotation_);
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const Uuid& owner : owners) TRY(delete_freeze(transaction, owner));
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const Uuid& owner : owners) frozen_.erase(owner);
  return {};
}

Result<void> KeyStore::Body::merge_keys(std::span<const SealedKey> keys) {
  return database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const SealedKey& key : keys) {
      if (!is_erased(key.owner) || is_frozen(key.owner)) TRY(add_owner_key(transaction, key));
    }
    return {};
  });
}

Result<void> KeyStore::Body::rotate() {
  const std::lock_guard exclusive(rotation_);
  if (!masters().is_rotating()) {
    const MasterKeys next = masters().with_next();
    TRY(next.write(key_file_));
    set_masters(next);
  }
  return finish_rotation();
}

Result<bool> KeyStore::Body::reseal_some() {
  bool has_more = false;
  TRY(database_->write([&](store::Transaction& transaction) -> Result<void> {
    const MasterKeys known = masters();
    const auto older = TRY(read_older_owner_keys(transaction, known.newest().generation, kResealedAtOnce));
    for (const SealedKey& sealed : older) {
      const SecretKey key = TRY(open_key(known, sealed));
      TRY(reseal_owner_key(transaction, seal_key(known.newest(), sealed.owner, key)));
    }
    has_more = !older.empty();
    return {};
  }));
  return has_more;
}

Result<void> KeyStore::Body::finish_rotation() {
  TRY(database_->write([&](store::Transaction& transaction) {
    return write_institution_key(transaction, seal_key(masters().newest(), Uuid{}, root_));
  }));
  while (TRY(reseal_some())) {
  }
  TRY(database_->forget_deleted());
  const MasterKeys one = masters().only_newest();
  TRY(one.write(key_file_));
  set_masters(one);
  return {};
}

bool is_over(const Freeze& freeze, Timestamp now) {
  return freeze.until <= now && freeze.announced && *freeze.announced + kAnnouncedBefore <= now;
}

KeyStore::KeyStore(std::unique_ptr<Body> body) : body_(std::move(body)) {}
KeyStore::~KeyStore() = default;

Result<std::unique_ptr<KeyStore>> KeyStore::open(const KeyStoreOptions& options, const Clock& clock) {
  auto body = TRY(Body::open(options, clock));  // before the allocation: TRY may leave from here
  return std::unique_ptr<KeyStore>(new KeyStore(std::move(body)));
}

Result<SecretKey> KeyStore::key_of(Uuid owner, KeyAccess access) { return body_->key_of(owner, access); }
Result<void> KeyStore::ensure(std::span<const Uuid> owners) { return body_->ensure(owners); }
Result<void> KeyStore::bring_in(std::span<const Uuid> owners) { return body_->bring_in(owners); }
bool KeyStore::is_erased(Uuid owner, KeyAccess access) const { return body_->is_erased(owner, access); }
bool KeyStore::is_frozen(Uuid owner) const { return body_->is_frozen(owner); }
Result<void> KeyStore::freeze(std::span<const Freeze> freezes) { return body_->freeze(freezes); }
Result<std::vector<Freeze>> KeyStore::freezes_until(Timestamp until) const { return body_->freezes_until(until); }
Result<std::optional<Freeze>> KeyStore::freeze_of(Uuid owner) const { return body_->freeze_of(owner); }
Result<int64_t> KeyStore::announce_ends() { return body_->announce_ends(); }
Result<void> KeyStore::end_freeze(std::span<const Uuid> owners) { return body_->end_freeze(owners); }
Result<void> KeyStore::announce(std::string_view address) { return body_->announce(address); }
SecretKey KeyStore::institution_key(std::string_view use) const { return body_->root().derive(use); }
Result<void> KeyStore::destroy(std::span<const Uuid> owners, Uuid request) { return body_->destroy(owners, request); }
Result<std::vector<Erasure>> KeyStore::erasures_after(int64_t seq) const { return body_->erasures_after(seq); }
Result<void> KeyStore::export_backup(const std::string& path) const { return body_->export_backup(path); }
Result<void> KeyStore::rotate_master_key() { return body_->rotate(); }

}  // namespace amity::security
