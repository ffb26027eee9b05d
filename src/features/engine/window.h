// Aligned buckets: which bucket a time falls into, and which buckets a window covers.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace amity::features {

constexpr int kMaxBuckets = 64;

struct Span {
  int64_t first = 0;  // bucket numbers, both inclusive
  int64_t last = 0;
  bool holds(int64_t bucket) const { return first <= bucket && bucket <= last; }
};

// A window cut into buckets of one width, aligned to 1970-01-01T00:00:00Z. Lifetime is one bucket without end.
struct Window {
  int64_t width_us = 0;  // 0: lifetime
  int64_t bucket_count = 1;
  int64_t delay_us = 0;
  auto operator<=>(const Window&) const = default;

  static Window of(std::optional<Duration> length, Duration delay);

  bool is_lifetime() const { return width_us == 0; }
  int64_t bucket_of(Timestamp t) const;
  // The buckets that count at time t. With a delay only those that ended at t - delay or before.
  Span span_at(Timestamp t) const;
};

}  // namespace amity::features
