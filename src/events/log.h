// The append-only log: everything that happened, in the order it was committed. All other tables are derived from it.
//
// An event is written once with a `seq` (commit order over all, dense from 1) and a `partition_seq` (the same within
// its partition; unique in the database, so two appending processes can never both win). What came in (source, id,
// subject, data) is sealed with the key of the event's home: destroying that key erases it here and in every backup. A
// customer it names besides is sealed with that customer's key inside, and left out where they have been erased. In
// clear stand only pseudonyms, times, type and keyed digests. Late and out-of-order events simply get the next seq;
// readers of one entity get them in order of (time, seq).
//
// The index of entities stands behind the log: its newest part is in memory (made again from the log by `take_up`) and
// is settled into its table many events at a time. Readers see one index, whole up to the last event of their snapshot.
//
// Tables: events, event_identity, event_entities, event_heads, settled (docs/formats/event-log.md). Any thread; one
// process.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "events/event.h"
#include "security/keys.h"
#include "store/database.h"

namespace amity::events {

// An event's identity (source, id) is already in the log.
struct Known {
  int64_t seq = 0;
  bool is_same = false;  // the same body: a repeat, answered as the first time; otherwise a contradiction (conflict)
};

// Of one entity, up to a moment in both times: what an as-of reader may see.
struct EntityRange {
  Uuid entity;
  int64_t max_seq = INT64_MAX;
  Timestamp min_time = kEarliest;
  Timestamp max_time = kLatest;
};

using EachEvent = std::function<Result<void>(const Event&)>;

// One entity's events with a greater seq.
struct Since {
  Uuid entity;
  int64_t after_seq = 0;
};
using EachSince = std::function<Result<void>(size_t index, const Event&)>;

class IndexTail;
struct IndexEntry;

class EventLog {
 public:
  // `access`: with what keys its events are opened. For a legal hold what is frozen reads like everything else.
  EventLog(security::KeyStore& keys, Pseudonyms pseudonyms, security::KeyAccess access = security::KeyAccess::kUsual);
  ~EventLog();

  // Brings the unsettled part of the index into memory. Without it readers find the same, slowly.
  Result<void> take_up(store::Reader& reader);

  // For each event, in order, what the log already holds under its identity. An event that stands twice among `events`
  // is not found by this: see repeats_within.
  Result<std::vector<std::optional<Known>>> find_known(store::Reader& reader, std::span<const Event> events) const;

  // For each event the index of an earlier one among `events` with the same identity.
  std::vector<std::optional<size_t>> repeats_within(std::span<const Event> events) const;

  // Appends in the given order; sets seq, partition_seq and recorded of each event. They must have entities, home and
  // partition, and be new (a known identity is `conflict` and fails the transaction's function). Makes missing keys of
  // homes first; `conflict` where a home has been erased.
  Result<void> append(store::Transaction& transaction, std::span<Event> events, Timestamp recorded);

  // Settling the index, between appends: begin_settling() takes stock up to the snapshot's last event, settle() writes
  // up to `count` entries of that and says how many (0: all are written), finish_settling() goes with the last slice,
  // settled() after its commit.
  Result<void> begin_settling(store::Reader& reader);
  Result<size_t> settle(store::Transaction& transaction, size_t count);
  Result<void> finish_settling(store::Transaction& transaction);
  void settled();

  // Events with from_seq <= seq <= to_seq in order of seq.
  Result<void> scan(store::Reader& reader, int64_t from_seq, int64_t to_seq, const EachEvent& each) const;
  // Events of one entity in order of (time, seq).
  Result<void> of_entity(store::Reader& reader, const EntityRange& range, const EachEvent& each) const;
  // What came later of each of these, in order of seq; `index` says of which. An event is opened once for all of them.
  Result<void> since(store::Reader& reader, std::span<const Since> wanted, const EachSince& each) const;
  // One event; not_found where the log does not hold it.
  Result<Event> at(store::Reader& reader, int64_t seq) const;
  // 0 while the log is empty.
  Result<int64_t> last_seq(store::Reader& reader) const;

 private:
  Result<void> insert_events(store::Transaction& transaction, std::span<const Event> events) const;
  Result<void> insert_identity(store::Transaction& transaction, std::span<const Event> events) const;
  Result<Event> read(const store::Row& row) const;
  Result<std::vector<IndexEntry>> unsettled(store::Reader& reader, const EntityRange& range, int64_t index_seq) const;

  std::unique_ptr<IndexTail> tail_;
  std::vector<IndexEntry> stock_;  // being settled, the first last
  size_t written_ = 0;             // of the stock, by the slice that is being committed
  int64_t stock_seq_ = 0;
  bool is_finishing_ = false;
  security::KeyStore* keys_;
  security::KeyAccess access_;
  Pseudonyms pseudonyms_;
};

// The partition of a home: fixed for ever by its id.
int partition_of(const Uuid& home);

}  // namespace amity::events
