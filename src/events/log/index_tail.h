// The newest part of the index of entities, kept in memory until it is settled into table event_entities.
//
// It holds what was appended, committed or not: a reader takes from it only what lies within the log as its own
// snapshot sees it, and the next append drops what did not come to be. What a round of settling wrote stays for one
// more round, for readers whose snapshot is older. Any thread.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "events/event.h"

namespace amity::events {

struct IndexEntry {
  Uuid entity;
  Timestamp time;
  int64_t seq = 0;
  int64_t partition = 0;
};

class IndexTail {
 public:
  // Events in order of seq; `last_seq` is the log's last before them.
  void append(int64_t last_seq, std::span<const Event> events);
  // The entries of an entity with after_seq < seq <= up_to_seq in order of (time, seq); nothing where this tail does
  // not reach back so far or is not known to be whole.
  std::optional<std::vector<IndexEntry>> of(const Uuid& entity, int64_t after_seq, int64_t up_to_seq) const;
  // All of them in the order of the table.
  std::optional<std::vector<IndexEntry>> all(int64_t after_seq, int64_t up_to_seq) const;
  // The table holds every entry up to this seq.
  void settled(int64_t seq);

 private:
  struct Link {
    IndexEntry entry;
    int64_t before = -1;  // number of the entity's entry before this one
  };
  bool covers(int64_t after_seq, int64_t up_to_seq) const { return after_seq >= from_seq_ && up_to_seq <= to_seq_; }
  Link& link(int64_t number) { return links_[static_cast<size_t>(number - first_)]; }
  const Link& link(int64_t number) const { return links_[static_cast<size_t>(number - first_)]; }
  void drop_after(int64_t seq);
  void drop_up_to(int64_t seq);

  mutable std::mutex mutex_;
  std::vector<Link> links_;
  int64_t first_ = 0;                         // number of links_[0]; numbers are never used again
  std::unordered_map<Uuid, int64_t> newest_;  // number of an entity's newest entry
  int64_t from_seq_ = 0;                      // entries with from_seq_ < seq <= to_seq_ are whole
  int64_t to_seq_ = 0;
  int64_t settled_seq_ = 0;
};

}  // namespace amity::events
