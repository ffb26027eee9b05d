// Derived state stands behind the log, and is settled into its tables a slice at a time.
//
// What an event is acknowledged by is its row in the log, with its decisions and audit entries. The index of entities,
// records and feature states follow from the log: they are changed in memory at once, read from there, and written many
// events later, when a page of a table takes many changes together. After a crash what lies beyond each watermark is
// made again from the log, before anybody is served. Rounds are begun early enough for that to take a second.
// docs/decisions/0010-derived-state-behind-the-log.md. Writer thread only.
#pragma once

#include "customers/live_records.h"
#include "events/log.h"
#include "features/store.h"

namespace amity::app {

class Settling {
 public:
  struct Parts {
    store::Database& database;
    events::EventLog& log;
    customers::LiveRecords& records;
  };
  // A round begins when `after_events` have been appended since the last one began.
  Settling(Parts parts, int64_t after_events) : parts_(parts), after_events_(after_events) {}

  // Makes in memory what the tables lack; nothing to do but after opening and after forget_all().
  Result<void> take_up(store::Reader& reader, features::LiveFeatures& features);
  // For when it is not known whether a batch was committed: all is made again from the tables and the log.
  void forget_all(features::LiveFeatures& features);
  // Between batches: one slice of a round, where one is due. Whether more is left of it.
  bool step(features::LiveFeatures& features);
  // One whole round, whatever is due: before the program ends.
  Result<void> settle_all(features::LiveFeatures& features);

 private:
  Result<void> apply_again(store::Reader& reader, features::LiveFeatures& features,
                           std::span<const events::Event> events);
  Result<int64_t> last_seq();
  Result<void> begin(features::LiveFeatures& features);
  Result<void> slice(size_t rows);
  Result<void> write_slice(store::Transaction& transaction, size_t rows);

  Parts parts_;
  int64_t after_events_;
  bool is_behind_ = true;
  features::LiveFeatures* round_ = nullptr;  // whose round goes on; null: none does
  bool is_last_slice_ = false;
  int64_t round_seq_ = 0;  // every event up to here is written by the round's end
  int64_t seen_seq_ = 0;
};

}  // namespace amity::app
