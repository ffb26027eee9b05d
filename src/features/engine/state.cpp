#include "features/engine/state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace amity::features {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

auto place_of(const Bucket& bucket) { return std::pair(bucket.group, bucket.index); }
auto place_of(const Key& key) { return std::pair(key.group, key.digest); }

template <class Item>
auto find_place(std::vector<Item>& items, decltype(place_of(std::declval<Item>())) place) {
  return std::ranges::lower_bound(items, place, {}, [](const Item& item) { return place_of(item); });
}
template <class Item>
auto find_place(const std::vector<Item>& items, decltype(place_of(std::declval<Item>())) place) {
  return std::ranges::lower_bound(items, place, {}, [](const Item& item) { return place_of(item); });
}

// Stronger keys stay where there are more than the group tells apart: those seen in newer buckets (kLatest) or first
// (kEarliest). A total order, so that the same ones stay whatever the order of events.
bool is_weaker(Form form, const Key& a, const Key& b) {
  const auto of = [](const Key& key) { return std::pair(key.mark, key.digest); };
  return form == Form::kLatest ? of(a) < of(b) : of(a) > of(b);
}

}  // namespace

void Totals::add(int64_t value) {
  const Int128 wide = value;
  ++count;
  sum += wide;
  squares += static_cast<UInt128>(wide * wide);
  least = std::min(least, value);
  greatest = std::max(greatest, value);
}

void Totals::add(const Totals& other) {
  count += other.count;
  sum += other.sum;
  squares += other.squares;
  least = std::min(least, other.least);
  greatest = std::max(greatest, other.greatest);
}

double Totals::mean() const { return count == 0 ? kUnknown : static_cast<double>(sum) / static_cast<double>(count); }

// (n * sum of squares - square of the sum) / (n * (n - 1)), the numerator an exact integer. Both of its terms may pass
// 128 bits where their difference does not, so values are first taken as distances from the mean's whole part.
double Totals::standard_deviation() const {
  if (count < 2) return kUnknown;
  const Int128 n = count;
  Int128 middle = sum / n;
  if (sum % n < 0) --middle;
  const UInt128 rest = static_cast<UInt128>(sum - middle * n);  // 0 <= rest < n
  const UInt128 m = static_cast<UInt128>(middle);
  const UInt128 distances = squares - 2 * m * static_cast<UInt128>(sum) + static_cast<UInt128>(n) * m * m;  // mod 2^128
  const double pairs = static_cast<double>(count) * static_cast<double>(count - 1);
  UInt128 scaled = 0;
  if (!__builtin_mul_overflow(distances, static_cast<UInt128>(n), &scaled)) {
    return std::sqrt(static_cast<double>(scaled - rest * rest) / pairs);
  }
  return std::sqrt(static_cast<double>(distances) / static_cast<double>(count - 1));  // rest^2 is below its last digit
}

size_t EntityState::bytes() const {
  return sizeof *this + buckets_.capacity() * sizeof(Bucket) + edges_.capacity() * sizeof(Edges) +
         keys_.capacity() * sizeof(Key);
}

void EntityState::add(int group_index, const Group& group, const Point& point) {
  newest_time_ = std::max(newest_time_, point.time);
  newest_seq_ = std::max(newest_seq_, point.seq);
  if (group.form == Form::kEdges) {
    auto at = std::ranges::lower_bound(edges_, group_index, {}, &Edges::group);
    if (at == edges_.end() || at->group != group_index) {
      edges_.insert(at, {group_index, point.time, point.time, point.seq, point.value});
      return;
    }
    at->first = std::min(at->first, point.time);
    if (std::pair(at->last, at->last_seq) < std::pair(point.time, point.seq)) {
      at->last = point.time, at->last_seq = point.seq, at->last_value = point.value;
    }
    return;
  }
  if (group.form != Form::kTotals) return add_key(group_index, group, point);
  const int64_t index = group.window.bucket_of(point.time);
  const int64_t oldest = group.window.span_at(newest_time_).first;
  if (!group.window.is_lifetime() && index < oldest) return;  // no read from here on can cover it
  auto at = find_place(buckets_, {group_index, index});
  if (at == buckets_.end() || at->group != group_index || at->index != index) {
    // A new bucket is the moment to let the group's outdated ones go.
    const auto begin = find_place(buckets_, {group_index, INT64_MIN});
    const auto live = group.window.is_lifetime() ? begin : find_place(buckets_, {group_index, oldest});
    at = buckets_.erase(begin, live) + (at - live);
    at = buckets_.insert(at, Bucket{group_index, index, {}});
  }
  if (group.has_values)
    at->totals.add(point.value);
  else
    ++at->totals.count;
}

void EntityState::add_key(int group_index, const Group& group, const Point& point) {
  const bool is_latest = group.form == Form::kLatest;
  const int64_t mark = is_latest ? group.window.bucket_of(point.time) : point.time.us;
  if (is_latest && mark < group.window.span_at(newest_time_).first) return;
  const auto key_digest = static_cast<uint64_t>(point.value);
  const auto at = find_place(keys_, {group_index, key_digest});
  if (at != keys_.end() && at->group == group_index && at->digest == key_digest) {
    at->mark = is_latest ? std::max(at->mark, mark) : std::min(at->mark, mark);
    return;
  }
  keys_.insert(at, Key{group_index, key_digest, mark});
  drop_weakest_key(group_index, group);
}

void EntityState::drop_weakest_key(int group_index, const Group& group) {
  const auto begin = find_place(keys_, {group_index, 0});
  const auto end = find_place(keys_, {group_index + 1, 0});
  if (end - begin <= group.at_most) return;
  keys_.erase(std::min_element(begin, end, [&](const Key& a, const Key& b) { return is_weaker(group.form, a, b); }));
}

Totals EntityState::totals(int group_index, Span span) const {
  Totals totals;
  for (auto at = find_place(buckets_, {group_index, span.first});
       at != buckets_.end() && at->group == group_index && at->index <= span.last; ++at) {
    totals.add(at->totals);
  }
  return totals;
}

const Edges* EntityState::edges(int group_index) const {
  const auto at = std::ranges::lower_bound(edges_, group_index, {}, &Edges::group);
  return at != edges_.end() && at->group == group_index ? &*at : nullptr;
}

int64_t EntityState::key_count(int group_index, Span span) const {
  int64_t count = 0;
  for (auto at = find_place(keys_, {group_index, 0}); at != keys_.end() && at->group == group_index; ++at) {
    count += span.holds(at->mark);
  }
  return count;
}

const Key* EntityState::key(int group_index, uint64_t key_digest) const {
  const auto at = find_place(keys_, {group_index, key_digest});
  return at != keys_.end() && at->group == group_index && at->digest == key_digest ? &*at : nullptr;
}

void EntityState::prune(const std::vector<Group>& groups) {
  const auto oldest = [&](int group) { return groups[static_cast<size_t>(group)].window.span_at(newest_time_).first; };
  std::erase_if(buckets_, [&](const Bucket& bucket) { return bucket.index < oldest(bucket.group); });
  std::erase_if(keys_, [&](const Key& key) {
    return groups[static_cast<size_t>(key.group)].form == Form::kLatest && key.mark < oldest(key.group);
  });
}

}  // namespace amity::features
