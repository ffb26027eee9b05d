// Back-fill: a new feature set is built from the log beside the serving one, then takes over.
#pragma once

#include <memory>

#include "features/store.h"

namespace amity::features {

// A Scan that reads the log through the reader at hand (events::EventLog::scan).
using StoredScan =
    std::function<Result<void>(store::Reader& reader, int64_t after_seq, int64_t up_to_seq, const EachEvent& each)>;

// Fills feature_states for `features` (of the new set) from the log. Progress is durable: made again after a restart it
// goes on at the watermark. Used on the writer thread, between batches of live traffic.
class BackFill {
 public:
  BackFill(LiveFeatures& features, StoredScan scan);

  // Where it stands: every event up to this seq is in the new set's states. conflict: the set is retired.
  Result<int64_t> watermark(store::Reader& reader);
  // Applies up to `count` events after the watermark, at most up to `up_to_seq`, in this transaction. Returns the new
  // watermark. After the commit call features.publish(), where it failed features.discard().
  Result<int64_t> step(store::Transaction& transaction, int64_t count, int64_t up_to_seq);
  // In a transaction of the writer thread, when the watermark is the log's newest seq: this set serves from here on and
  // every other one is retired, as of `now`.
  // conflict: not caught up with `newest_seq`.
  Result<void> switch_over(store::Transaction& transaction, int64_t newest_seq, Timestamp now);

 private:
  LiveFeatures* features_;
  StoredScan scan_;
};

// The fingerprint of the set that serves, or nothing before the first.
Result<std::optional<Digest>> serving_fingerprint(store::Reader& reader);

// When the set retired that has been so the longest; nothing: there is none.
Result<std::optional<Timestamp>> first_retired(store::Reader& reader);
// How far a removal has come in the order of the table: the last owner it has looked at. A new one begins as {}.
struct RetiredSlice {
  int64_t partition_id = -1;
  Uuid owner;
  bool is_last = false;
};
// Removes what is of sets retired by then from the next `rows` rows (and the rest of the last one's owner), with the
// last slice those sets themselves. Where it was cut short it may begin anew. Nobody writes states of a retired set.
Result<RetiredSlice> remove_retired_states(store::Transaction& transaction, const RetiredSlice& before, int64_t rows,
                                           Timestamp retired_by);

}  // namespace amity::features
