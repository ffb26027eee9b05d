#include "events/log/index_tail.h"

#include <algorithm>
#include <tuple>

namespace amity::events {

void IndexTail::append(int64_t last_seq, std::span<const Event> events) {
  const std::scoped_lock lock(mutex_);
  if (to_seq_ > last_seq) drop_after(last_seq);
  if (to_seq_ != last_seq) {  // others appended in between: what is here no longer joins on
    links_.clear();
    newest_.clear();
    from_seq_ = last_seq;
  }
  for (const auto& event : events) {
    for (const auto& entity : event.entities) {
      const int64_t number = first_ + static_cast<int64_t>(links_.size());
      const auto [at, is_new] = newest_.try_emplace(entity.id, number);
      const int64_t before = is_new ? -1 : std::exchange(at->second, number);
      links_.push_back({{entity.id, event.time, event.seq, event.partition}, before});
    }
  }
  to_seq_ = last_seq + static_cast<int64_t>(events.size());
}

std::optional<std::vector<IndexEntry>> IndexTail::of(const Uuid& entity, int64_t after_seq, int64_t up_to_seq) const {
  std::vector<IndexEntry> entries;
  const std::scoped_lock lock(mutex_);
  if (!covers(after_seq, up_to_seq)) return std::nullopt;
  const auto newest = newest_.find(entity);
  if (newest == newest_.end()) return entries;
  for (int64_t number = newest->second; number >= first_; number = link(number).before) {
    const auto& entry = link(number).entry;
    if (entry.seq <= after_seq) break;
    if (entry.seq <= up_to_seq) entries.push_back(entry);
  }
  std::ranges::sort(entries, {}, [](const IndexEntry& entry) { return std::pair(entry.time, entry.seq); });
  return entries;
}

std::optional<std::vector<IndexEntry>> IndexTail::all(int64_t after_seq, int64_t up_to_seq) const {
  std::vector<IndexEntry> entries;
  {
    const std::scoped_lock lock(mutex_);
    if (!covers(after_seq, up_to_seq)) return std::nullopt;
    for (const auto& [entry, before] : links_) {
      if (entry.seq > after_seq && entry.seq <= up_to_seq) entries.push_back(entry);
    }
  }
  std::ranges::sort(entries, {},
                    [](const IndexEntry& entry) { return std::tuple(entry.entity, entry.time, entry.seq); });
  return entries;
}

void IndexTail::settled(int64_t seq) {
  const std::scoped_lock lock(mutex_);
  drop_up_to(settled_seq_);
  settled_seq_ = seq;
}

// What an append that failed left behind.
void IndexTail::drop_after(int64_t seq) {
  for (; !links_.empty() && links_.back().entry.seq > seq; links_.pop_back()) {
    const auto& [entry, before] = links_.back();
    if (before >= first_)
      newest_.at(entry.entity) = before;
    else
      newest_.erase(entry.entity);
  }
  to_seq_ = std::max(seq, from_seq_);
}

void IndexTail::drop_up_to(int64_t seq) {
  if (seq <= from_seq_) return;
  const auto kept = std::ranges::find_if(links_, [&](const Link& link) { return link.entry.seq > seq; });
  first_ += kept - links_.begin();
  links_.erase(links_.begin(), kept);
  std::erase_if(newest_, [&](const auto& item) { return item.second < first_; });
  from_seq_ = seq;
  to_seq_ = std::max(to_seq_, seq);
}

}  // namespace amity::events
