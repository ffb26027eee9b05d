// Values by id in memory, at most so many: the least recently used goes first. Not thread-safe.
#pragma once

#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/id.h"

namespace amity::security {

template <class Value>
class RecentlyUsed {
 public:
  explicit RecentlyUsed(size_t limit) : limit_(limit) {}

  std::optional<Value> find(const Uuid& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) return std::nullopt;
    values_.splice(values_.begin(), values_, found->second);
    return found->second->second;
  }
  void put(const Uuid& id, const Value& value) {
    remove(id);
    values_.emplace_front(id, value);
    places_[id] = values_.begin();
    if (values_.size() <= limit_) return;
    places_.erase(values_.back().first);
    values_.pop_back();
  }
  void remove(const Uuid& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) return;
    values_.erase(found->second);
    places_.erase(found);
  }
  void clear() {
    values_.clear();
    places_.clear();
  }
  size_t size() const { return values_.size(); }

 private:
  using Values = std::list<std::pair<Uuid, Value>>;
  size_t limit_;
  Values values_;  // most recently used first
  std::unordered_map<Uuid, typename Values::iterator> places_;
};

}  // namespace amity::security
