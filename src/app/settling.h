// Derived state stands behind the log, and is settled into its tables a slice at a time.
//
// What an event is acknowledged by is its row in the log, with its decisions and audit entries. The index of entities,
// records and feature states follow from the log: they are changed in memory at once, read from there, and written many
// events later, when a page of a table takes many changes together. After a crash only the index is made whole before
// anybody is served: a record or state is its row and what came later of it, brought together when it is first met, and
// for those nobody meets a slice at a time between batches.
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

  // Makes the index whole in memory and takes up who is one; nothing to do but after opening and after forget_all().
  Result<void> take_up(store::Reader& reader, features::LiveFeatures& features);
  // Brings into memory whatever the tables lack: for those who read tables themselves.
  Result<void> catch_up(features::LiveFeatures& features);
  // For when it is not known whether a batch was committed: all is made again from the tables and the log.
  void forget_all(features::LiveFeatures& features);
  // Between batches: one slice of catching up, else of a round, where one is due. Whether more is left of it.
  bool step(features::LiveFeatures& features);
  // One whole round, whatever is due: before the program ends. Not where catching up has not ended: what the tables
  // lack is in the log.
  Result<void> settle_all(features::LiveFeatures& features);

 private:
  Result<void> catch_up_slice(features::LiveFeatures& features);
  bool is_catching_up() const { return caught_up_seq_ < behind_seq_; }
  Result<int64_t> last_seq();
  Result<void> begin(features::LiveFeatures& features);
  Result<void> slice(size_t rows);
  Result<void> write_slice(store::Transaction& transaction, size_t rows);

  Parts parts_;
  int64_t after_events_;
  bool is_behind_ = true;
  int64_t caught_up_seq_ = 0;                // what events up to here changed is in the tables or in memory,
  int64_t behind_seq_ = 0;                   // and what events after here changed
  features::LiveFeatures* round_ = nullptr;  // whose round goes on; null: none does
  bool is_last_slice_ = false;
  int64_t round_seq_ = 0;  // every event up to here is written by the round's end
  int64_t seen_seq_ = 0;
};

}  // namespace amity::app
