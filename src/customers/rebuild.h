// The records built again from the log, beside the ones that serve.
//
// `build` folds the whole log into a second copy in memory, in bounded reads, while everything goes on; `compare`
// brings the copy up to one moment and says which running records (not settled yet, else their rows) and search words
// (as far as the index is built) are not what the log says; `put_right` replaces those in one transaction. Until then
// nothing is written: it may be stopped at any moment and begun again. Asked to stop, each ends with `unavailable`
// after its bounded read. The copy takes about 4 KiB of memory a record.
#pragma once

#include <functional>
#include <set>
#include <stop_token>

#include "customers/live_records.h"
#include "events/log.h"

namespace amity::customers {

struct RebuildReport {
  int64_t customer_count = 0;
  int64_t account_count = 0;
  int64_t difference_count = 0;  // records that were not what the log says, and who is one with whom, as one
  bool is_put_right = false;     // those were replaced
};
json::object to_json(const RebuildReport& report);

// `put_right` on the writer's thread, the rest on any one.
class Rebuild {
 public:
  struct Parts {
    store::Database& database;
    const events::EventLog& log;
    security::KeyStore& keys;
    const events::Pseudonyms& pseudonyms;
    const LiveRecords& live;
    std::stop_token stop = {};
  };
  explicit Rebuild(Parts parts);

  using OnProgress = std::function<void(int64_t seq, int64_t last)>;
  Result<void> build(const OnProgress& on_progress);
  // While no batch walks. conflict: somebody was erased since `build` began; build again.
  Result<RebuildReport> compare(store::Reader& reader);
  // Stages and saves what `compare` found, before another batch walks; publish the live records after the commit.
  Result<void> put_right(store::Transaction& transaction, LiveRecords& live);

 private:
  Result<void> catch_up(store::Reader& reader);
  Result<void> compare_customers(store::Reader& reader);
  Result<void> compare_accounts(store::Reader& reader);
  const LiveCustomer* customer(const Uuid& id) const;  // of the copy; null: the log knows none, or they are erased
  const LiveAccount* account(const Uuid& id) const;

  Parts parts_;
  SearchIndex search_index_;
  LiveRecords copy_;
  int64_t built_seq_ = 0;
  std::set<Uuid> customers_;  // that differ
  std::set<Uuid> accounts_;
  bool are_links_other_ = false;
};

}  // namespace amity::customers
