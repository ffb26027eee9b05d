// The records of customers and accounts while events arrive: loaded on first use, changed by a batch in the dark,
// shown to the next batch after its commit. Writer thread only; people read through customers/customers.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "customers/record.h"
#include "security/keys.h"
#include "store/database.h"

namespace amity::customers {

struct LiveAccount {
  AccountRecord record;
  Uuid home_customer;
  int partition = 0;
};

struct LiveCustomer {
  CustomerRecord record;
  int partition = 0;
};

// The events about an entity with seq and time up to the given ones, oldest first: how a record is seen as of an
// earlier moment.
using History = std::function<Result<void>(events::Entity entity, int64_t max_seq, Timestamp max_time,
                                           const std::function<Result<void>(const events::Event&)>& each)>;

int partition_of(const Uuid& customer);
// Whose key seals events that belong to no customer.
Uuid institution_home();

// Records by id, with the changes of the current batch before the published ones. Bounded by two generations: when the
// young one is full it becomes the old one, and the old one goes; between batches only, so that what a batch has loaded
// stays until its end.
template <class T>
class RecordTable {
 public:
  explicit RecordTable(size_t limit) : limit_(limit) {}

  const T* find(const Uuid& id) const {
    if (const auto staged = staged_.find(id); staged != staged_.end()) return staged->second.get();
    return find_published(id);
  }
  T& stage(const Uuid& id) {
    auto& staged = staged_[id];
    if (!staged) {
      const auto* published = find_published(id);
      staged = published != nullptr ? std::make_shared<T>(*published) : std::make_shared<T>();
    }
    return *staged;
  }
  void put(const Uuid& id, std::shared_ptr<const T> value) { young_[id] = std::move(value); }
  void forget(const Uuid& id) { staged_.erase(id), young_.erase(id), old_.erase(id); }
  const std::unordered_map<Uuid, std::shared_ptr<T>>& staged() const { return staged_; }
  void publish() {
    for (auto& [id, value] : std::exchange(staged_, {})) put(id, std::move(value));
  }
  void end_batch() {
    staged_.clear();
    if (young_.size() >= limit_) old_ = std::exchange(young_, {});
  }
  void forget_all() { staged_.clear(), young_.clear(), old_.clear(); }

 private:
  const T* find_published(const Uuid& id) const {
    if (const auto young = young_.find(id); young != young_.end()) return young->second.get();
    if (const auto old = old_.find(id); old != old_.end()) return old->second.get();
    return nullptr;
  }

  size_t limit_;
  std::unordered_map<Uuid, std::shared_ptr<const T>> young_;
  std::unordered_map<Uuid, std::shared_ptr<const T>> old_;
  std::unordered_map<Uuid, std::shared_ptr<T>> staged_;
};

class LiveRecords {
 public:
  // Without `keys` nothing is read from or written to a database: replay begins with the first event.
  // `cache_limit` is the number of records of each kind kept in one generation.
  LiveRecords(const events::Pseudonyms& pseudonyms, security::KeyStore* keys, size_t cache_limit);

  // Makes the keys and brings in the records that these events speak of. Keys are durable before their first use.
  Result<void> load(store::Reader& reader, std::span<const events::Event> batch);
  // Fills entities, home and partition. unprocessable: an account or customer nobody registered, or an erased one.
  Result<void> resolve(events::Event& event) const;
  void apply(const events::Event& event);
  Result<void> save(store::Transaction& transaction);
  void publish();
  void discard();
  // Forgets all there is in memory: for when it is not known whether the batch was committed.
  void forget_all();

  const LiveAccount* account(const Uuid& id) const { return accounts_.find(id); }
  const LiveCustomer* customer(const Uuid& id) const { return customers_.find(id); }

  // The customer an event is about; of an account, its home customer.
  Uuid customer_of(const events::Event& event) const;
  // What policies see of the customer an event is about (of an account: its home customer): values by name and
  // `consents` by purpose, as of the event. Reads the customer where this batch has not.
  Result<json::object> view(store::Reader* reader, const events::Event& event, const History& history);

 private:
  Result<void> load_customers(store::Reader& reader, std::span<const Uuid> ids);
  Result<void> load_accounts(store::Reader& reader, std::span<const Uuid> ids);
  Result<void> resolve_erasure(events::Event& event) const;
  Result<void> resolve_account(events::Event& event) const;
  Result<void> resolve_customer(events::Event& event) const;
  Result<void> save_customer(store::Transaction& transaction, const Uuid& id, const LiveCustomer& customer);
  Result<void> save_account(store::Transaction& transaction, const Uuid& id, const LiveAccount& account);
  void erase(const events::Event& event);

  const events::Pseudonyms& pseudonyms_;
  security::KeyStore* keys_;
  std::optional<SecretKey> token_key_;
  RecordTable<LiveCustomer> customers_;
  RecordTable<LiveAccount> accounts_;
  std::vector<Uuid> renamed_;  // customers of this batch whose search words may have changed
  std::vector<Uuid> erased_customers_;
  std::vector<Uuid> erased_accounts_;
};

}  // namespace amity::customers
