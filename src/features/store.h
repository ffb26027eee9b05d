// The features of live traffic: every entity's state in memory in front of table feature_states.
//
// Batch life, all on the writer thread, inside one store transaction (src/app/pipeline.cpp):
//   prepare(reader, events)  one batched load of every state the events touch
//   read(reader, event, ..)  for each deciding event, before it is applied: the past strictly before it
//   apply(event)             in seq order
//   publish() after the commit, discard() where it failed
// `now` may be called from any thread and sees published states only.
//
// The table stands behind the log: what was published is settled many batches later, a slice at a time. Until then it
// is in memory alone. A state that is met for the first time is its row and what came later of its entity
// (events::Since), applied again: after a crash nothing else is needed. A state knows the newest seq that counted, so
// that an event it holds already is not counted twice, and slices may be written in any order.
//
// A read takes the entity's live state where nothing applied is newer than the read's time; for shared things
// (merchant, device, counterparty) else an older state and the recent events kept beside it; else it rebuilds the state
// from History. All three go through the same code and give the same bits.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "base/crypto.h"
#include "base/result.h"
#include "events/log.h"
#include "features/definition.h"
#include "store/database.h"

namespace amity::features {

// The key a state is sealed with: the account's or customer's own, the institution's state key for what is shared.
// not_found: the key was destroyed (or never made); such an entity has no state and nothing of it is kept.
using KeyFor = std::function<Result<SecretKey>(const events::Entity&)>;

// A History that reads the log through the reader at hand (events::EventLog::of_entity): inside a batch that is the
// batch's own transaction.
using StoredHistory = std::function<Result<void>(store::Reader& reader, const events::Entity& entity, int64_t max_seq,
                                                 Timestamp max_time, const EachEvent& each)>;

// Reads what came later from the log through the reader at hand (events::EventLog::since).
using StoredSince = std::function<Result<void>(store::Reader& reader, std::span<const events::Since> wanted,
                                               const events::EachSince& each)>;

struct LiveOptions {
  size_t cache_bytes = 256 * 1024 * 1024;  // of published states; least recently used ones leave first
};

struct LiveFigures {
  uint64_t live_reads = 0;     // answered from the live state
  uint64_t recent_reads = 0;   // answered from an older state and the recent events kept beside it
  uint64_t rebuilt_reads = 0;  // answered from History
  size_t cached_states = 0;
  size_t cached_bytes = 0;
  size_t unsettled_states = 0;
};

class LiveFeatures {
 public:
  LiveFeatures(FeatureSet set, KeyFor key_for, StoredHistory history, LiveOptions options = {});
  ~LiveFeatures();
  LiveFeatures(LiveFeatures&&) noexcept;
  LiveFeatures& operator=(LiveFeatures&&) noexcept;

  const FeatureSet& set() const;
  // From now on it serves: a row and what came later is one state. Before, its rows stand for themselves (backfill.h).
  void follow(StoredSince since);

  // May be called again in the same batch for derived events; what was applied stays.
  Result<void> prepare(store::Reader& reader, std::span<const events::Event> events);
  // An event with its seq, after it was appended. Events come in seq order.
  Result<void> apply(const events::Event& event);
  // For an event that was prepared and not yet applied. History is asked only for events before this batch.
  // `merged`: as in Moment.
  Result<FeatureRow> read(store::Reader& reader, const events::Event& event, const Selection& which,
                          std::span<const events::Entity> merged = {});
  // The states this batch touched, sealed, at once: for who keeps its own watermark (backfill.h).
  Result<void> save(store::Transaction& transaction);
  void publish();
  void discard();
  // Drops every state in memory too, for when it is not known whether the batch was committed: what was not settled is
  // then to be made again from the log.
  void forget_all();

  // Settling, all between batches: begin_settling() takes stock of the published states that are not in the table;
  // settle() writes up to `count` of those and says how many (0: all are written), settled() after its commit.
  void begin_settling();
  Result<size_t> settle(store::Transaction& transaction, size_t count);
  void settled();
  // With the last slice: every event up to `seq` is in the table.
  Result<void> save_watermark(store::Transaction& transaction, int64_t seq);
  // Where a new process goes on. conflict: another set stands under the first 8 bytes of this one's fingerprint.
  Result<int64_t> watermark(store::Reader& reader) const;

  // At any moment, for any entities (any thread), from published states where they are not newer than the moment, else
  // rebuilt from History.
  Result<FeatureRow> now(store::Reader& reader, const Moment& moment, const Selection& which);

  // Removes the states of these entities, and of pairs they own, from the table (every feature set) and from this
  // memory: to be called on every LiveFeatures there is.
  Result<void> erase(store::Transaction& transaction, std::span<const events::Entity> entities);

  LiveFigures figures() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace amity::features
