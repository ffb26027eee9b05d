// What is kept of one entity: for each group of features that need the same thing, buckets, edges or keys.
//
// Everything in it is a maximum, a minimum or an integer sum over the applied events, so the order in which they come
// does not matter. Flat sorted vectors: an entity with three transactions has a few hundred bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "base/time.h"
#include "features/engine/window.h"

namespace amity::features {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

// What a group keeps.
enum class Form : uint8_t {
  kTotals,    // per bucket: count, sum, sum of squares, least, greatest
  kEdges,     // the first time; the newest (time, seq) and its value
  kLatest,    // per key: the newest bucket it was seen in
  kEarliest,  // per key: the first time it was seen
};

// State shared by the features with the same entity, events, condition, value and window.
struct Group {
  int layout = 0;  // which kind of entity
  int source = 0;  // where its values come from
  Form form = Form::kTotals;
  Window window;
  int at_most = 0;          // keys
  bool has_values = false;  // totals of a plain count keep the count only
  bool operator==(const Group&) const = default;
};

struct Totals {
  int64_t count = 0;
  Int128 sum = 0;
  UInt128 squares = 0;
  int64_t least = INT64_MAX;
  int64_t greatest = INT64_MIN;

  void add(int64_t value);
  void add(const Totals& other);
  double mean() const;                // NaN without values
  double standard_deviation() const;  // NaN below two values
  bool operator==(const Totals&) const = default;
};

struct Bucket {
  int32_t group = 0;
  int64_t index = 0;
  Totals totals;
};

struct Edges {
  int32_t group = 0;
  Timestamp first;
  Timestamp last;
  int64_t last_seq = 0;
  int64_t last_value = 0;
};

struct Key {
  int32_t group = 0;
  uint64_t digest = 0;
  int64_t mark = 0;  // newest bucket (kLatest) or first time in microseconds (kEarliest)
};

class EntityState {
 public:
  Timestamp newest_time() const { return newest_time_; }
  int64_t newest_seq() const { return newest_seq_; }
  bool is_empty() const { return newest_seq_ == 0; }
  size_t bytes() const;

  // One event's contribution to one group. `value` is a number or a key's digest.
  struct Point {
    Timestamp time;
    int64_t seq = 0;
    int64_t value = 0;
  };
  void add(int group_index, const Group& group, const Point& point);

  Totals totals(int group_index, Span span) const;
  const Edges* edges(int group_index) const;
  int64_t key_count(int group_index, Span span) const;
  const Key* key(int group_index, uint64_t digest) const;

  // Drops what no read at or after the newest event can need; the rest is the same whatever the order of events was.
  void prune(const std::vector<Group>& groups);

  // docs/formats/feature-state.md. `write` prunes first. `read` accepts nothing that `write` would not have written for
  // an entity of this layout: conflict names what is wrong.
  Bytes write(const std::vector<Group>& groups) const;
  static Result<EntityState> read(ByteView bytes, const std::vector<Group>& groups, int layout);

 private:
  friend class StateReader;
  void add_key(int group_index, const Group& group, const Point& point);
  void drop_weakest_key(int group_index, const Group& group);

  Timestamp newest_time_ = kEarliest;
  int64_t newest_seq_ = 0;
  std::vector<Bucket> buckets_;  // by (group, index)
  std::vector<Edges> edges_;     // by group
  std::vector<Key> keys_;        // by (group, digest)
};

}  // namespace amity::features
