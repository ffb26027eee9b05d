// The records of customers and accounts while events arrive: loaded on first use, changed by a batch in the dark,
// shown to the next batch after its commit. Writer thread only; people read through customers/customers.h.
//
// What begins or changes a customer or account itself is saved with its batch. What merely happened on an account (a
// transaction, a payment) stands behind the log: it is settled into the tables many batches later, a slice at a time,
// and until then read from here (unsettled_*, any thread). After a crash the events after the watermark are folded in
// again; a record knows the newest seq in it, so that none counts twice.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "customers/links.h"
#include "customers/record.h"
#include "customers/search_index.h"
#include "events/log.h"
#include "security/caller.h"
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
// stays until its end. What is not settled stays in any case.
template <class T>
class RecordTable {
 public:
  using Kept = std::shared_ptr<const T>;
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
  void put(const Uuid& id, Kept value) { young_[id] = std::move(value); }
  // It is newer than its row.
  void put_unsettled(const Uuid& id, std::shared_ptr<T> value) {
    put(id, value);
    const std::scoped_lock lock(mutex_);
    unsettled_[id] = std::move(value);
  }
  // With this batch it goes.
  void forget(const Uuid& id) { staged_.erase(id), gone_.insert(id); }
  const std::unordered_map<Uuid, std::shared_ptr<T>>& staged() const { return staged_; }
  // Every published one, in no order; with a bound some may be missing.
  template <class Each>
  void each(const Each& visit) const {
    for (const auto& [id, value] : young_) visit(id, *value);
  }
  // `may_wait`: not saved with the batch.
  template <class MayWait>
  void publish(const MayWait& may_wait) {
    const std::scoped_lock lock(mutex_);
    for (const auto& id : gone_) unsettled_.erase(id), young_.erase(id), old_.erase(id);
    for (auto& [id, value] : std::exchange(staged_, {})) {
      if (may_wait(id))
        unsettled_[id] = value;
      else
        unsettled_.erase(id);
      put(id, std::move(value));
    }
  }
  void end_batch() {
    staged_.clear();
    gone_.clear();
    if (young_.size() >= limit_) old_ = std::exchange(young_, {});
  }
  void forget_all() {
    staged_.clear(), gone_.clear(), young_.clear(), old_.clear();
    stock_.clear(), settled_.clear();
    const std::scoped_lock lock(mutex_);
    unsettled_.clear();
  }

  Kept unsettled(const Uuid& id) const {  // any thread
    const std::scoped_lock lock(mutex_);
    const auto found = unsettled_.find(id);
    return found == unsettled_.end() ? nullptr : found->second;
  }
  // What the round before wrote goes only now: a reader's snapshot may have been older than the tables then.
  void begin_settling() {
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [id, value] : std::exchange(settled_, {})) {
        if (const auto found = unsettled_.find(id); found != unsettled_.end() && found->second == value) {
          unsettled_.erase(found);
        }
      }
    }
    stock_.clear();
    for (const auto& [id, value] : unsettled_) stock_.push_back(id);
    std::ranges::sort(stock_, std::greater());
  }
  // Writes up to `count` of the stock by `save(id, record)`; says how many.
  template <class Save>
  Result<size_t> settle(size_t count, const Save& save) {
    for (written_.clear(); !stock_.empty() && written_.size() < count; stock_.pop_back()) {
      const auto found = unsettled_.find(stock_.back());
      if (found == unsettled_.end()) continue;  // saved or erased since
      TRY(save(found->first, *found->second));
      written_.push_back(*found);
    }
    return written_.size();
  }
  void settled() { std::ranges::move(std::exchange(written_, {}), std::back_inserter(settled_)); }

 private:
  const T* find_published(const Uuid& id) const {
    if (gone_.contains(id)) return nullptr;
    for (const auto* table : {&young_, &old_, &unsettled_}) {
      if (const auto found = table->find(id); found != table->end()) return found->second.get();
    }
    return nullptr;
  }

  size_t limit_;
  std::unordered_map<Uuid, Kept> young_;
  std::unordered_map<Uuid, Kept> old_;
  std::unordered_map<Uuid, std::shared_ptr<T>> staged_;
  std::unordered_set<Uuid> gone_;  // in this batch
  mutable std::mutex mutex_;       // of unsettled_, which the writer thread alone changes
  std::unordered_map<Uuid, Kept> unsettled_;
  std::vector<Uuid> stock_;                     // still to be settled, the first last
  std::vector<std::pair<Uuid, Kept>> written_;  // by the slice that is being committed
  std::vector<std::pair<Uuid, Kept>> settled_;  // by this round
};

class LiveRecords {
 public:
  // Rows and what came later of them. `cache_limit` is the number of records of each kind kept in one generation.
  LiveRecords(const events::Pseudonyms& pseudonyms, security::KeyStore& keys, const events::EventLog& log,
              size_t cache_limit);
  // Nothing is read from or written to a database: a copy that begins with the first event.
  explicit LiveRecords(const events::Pseudonyms& pseudonyms);

  // Makes the keys and brings in the records that these events speak of. Keys are durable before their first use.
  Result<void> load(store::Reader& reader, std::span<const events::Event> batch);
  // Fills entities, home and partition. unprocessable: an account or customer nobody registered, or an erased one.
  Result<void> resolve(events::Event& event) const;
  // Who sees only a part of the institution sends events about that part only: their subject and every customer they
  // name are in the caller's unit, and nobody is placed outside it. Whom nobody registered reads like somebody else's.
  // forbidden, with the place.
  Result<void> check_unit(store::Reader& reader, const security::Caller& caller, const events::Event& event);
  // Whether its subject has been erased: nothing more is recorded about it, and nothing of it can be read.
  bool is_erased(const events::Event& event) const;
  void apply(const events::Event& event);
  // After an erasure was applied: what the records of others say of those it names goes with them. `history`: the log
  // and what this batch has appended.
  Result<void> forget_named(store::Reader& reader, const events::Event& erasure, const History& history);
  // Who is one: with this batch's changes, on the writer thread; as published, on any.
  const Links& links() const { return staged_links_ ? *staged_links_ : *links_; }
  std::shared_ptr<const Links> links_now() const;
  // The links the table holds become the published ones: after opening, and after forget_all().
  Result<void> take_up_links(store::Reader& reader);
  // Puts other links in the place of all there are; saved with the batch.
  void replace(Links links);
  // Puts another record in the place of what is known; null: there is none. Saved with the batch.
  void replace(const Uuid& id, const LiveCustomer* customer);
  void replace(const Uuid& id, const LiveAccount* account);
  // What cannot wait.
  Result<void> save(store::Transaction& transaction);
  void publish();
  void discard();
  // Forgets all there is in memory: for when it is not known whether the batch was committed.
  void forget_all();

  // Settling, between batches: begin_settling() takes stock, settle() writes up to `count` records of it and says how
  // many (0: all are written), settled() after its commit; save_watermark() with the last slice: every event up to
  // `seq` is in the tables.
  void begin_settling();
  Result<size_t> settle(store::Transaction& transaction, size_t count);
  void settled();
  Result<void> save_watermark(store::Transaction& transaction, int64_t seq);
  Result<int64_t> watermark(store::Reader& reader) const;
  // What the tables do not hold yet; null where they, or they and what came later, are the newest. Any thread.
  std::shared_ptr<const LiveCustomer> unsettled_customer(const Uuid& id) const { return customers_.unsettled(id); }
  std::shared_ptr<const LiveAccount> unsettled_account(const Uuid& id) const { return accounts_.unsettled(id); }
  // The newest there is, for a reader; null: nobody, or erased. Any thread.
  Result<std::shared_ptr<const LiveCustomer>> customer_now(store::Reader& reader, const Uuid& id) const;
  Result<std::shared_ptr<const LiveAccount>> account_now(store::Reader& reader, const Uuid& id) const;

  const LiveAccount* account(const Uuid& id) const { return accounts_.find(id); }
  const LiveCustomer* customer(const Uuid& id) const { return customers_.find(id); }

  // For a copy of all records in memory.
  void leave_out(const IsErased& is_erased);
  template <class Each>
  void each_customer(const Each& visit) const {
    customers_.each(visit);
  }
  template <class Each>
  void each_account(const Each& visit) const {
    accounts_.each(visit);
  }

  // The customer an event is about; of an account, its home customer.
  Uuid customer_of(const events::Event& event) const;
  // What policies see of the customer an event is about (of an account: its home customer) and of all who are one with
  // them: values by name and `consents` by purpose, as of the event. Reads the customers where this batch has not.
  Result<json::object> view(store::Reader* reader, const events::Event& event, const History& history);

 private:
  template <class T>
  struct Read {
    Uuid id;
    std::shared_ptr<T> live;
    bool is_newer = false;  // than its row
  };
  Result<void> load_customers(store::Reader& reader, std::span<const Uuid> ids);
  Result<void> load_accounts(store::Reader& reader, std::span<const Uuid> ids);
  Result<std::vector<Read<LiveCustomer>>> read_customers(store::Reader& reader, std::span<const Uuid> ids) const;
  Result<std::vector<Read<LiveAccount>>> read_accounts(store::Reader& reader, std::span<const Uuid> ids) const;
  template <class T, class Folds>
  Result<void> bring_up(store::Reader& reader, std::vector<Read<T>>& read, const Folds& folds) const;
  Result<void> resolve_erasure(events::Event& event) const;
  Result<void> resolve_account(events::Event& event) const;
  Result<void> resolve_customer(events::Event& event) const;
  bool is_known(const Uuid& customer) const;
  Result<bool> is_seen(store::Reader& reader, const security::Caller& caller, const Uuid& customer);
  Result<void> check_subject(store::Reader& reader, const security::Caller& caller, const events::Event& event);
  void fold_into(const Uuid& customer, const events::Event& event);
  Result<void> save_customer(store::Transaction& transaction, const Uuid& id, const LiveCustomer& customer);
  Result<void> save_account(store::Transaction& transaction, const Uuid& id, const LiveAccount& account);
  Result<void> save_links(store::Transaction& transaction);
  Links& stage_links();
  Result<const CustomerRecord*> as_of(const Uuid& customer, const events::Event& event, const History& history,
                                      CustomerRecord& earlier) const;
  void erase(const events::Event& event);
  Result<void> forget_named_by(store::Reader& reader, const events::Entity& other, int64_t max_seq,
                               const History& history);

  const events::Pseudonyms& pseudonyms_;
  security::KeyStore* keys_ = nullptr;
  const events::EventLog* log_ = nullptr;
  std::optional<SearchIndex> search_index_;
  RecordTable<LiveCustomer> customers_;
  RecordTable<LiveAccount> accounts_;
  std::unordered_set<Uuid> pressing_;  // of this batch, what is saved with it
  std::vector<Uuid> renamed_;          // customers of this batch whose search words may have changed
  std::vector<Uuid> erased_customers_;
  std::vector<Uuid> erased_accounts_;
  mutable std::mutex links_mutex_;  // of links_, which the writer thread alone changes
  std::shared_ptr<const Links> links_ = std::make_shared<const Links>();
  std::shared_ptr<Links> staged_links_;  // null: as published
  std::vector<Uuid> relinked_;           // customers whose links this batch changed
  bool are_links_replaced_ = false;
};

}  // namespace amity::customers
