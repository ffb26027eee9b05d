#include "features/engine/window.h"

#include <array>

#include "base/check.h"

namespace amity::features {
namespace {

constexpr std::array kWidths = {seconds(1), seconds(2), seconds(5), seconds(10), seconds(15), seconds(30),
                                minutes(1), minutes(2), minutes(5), minutes(10), minutes(15), minutes(30),
                                hours(1),   hours(2),   hours(3),   hours(6),    hours(12),   days(1),
                                days(2),    days(3),    days(7),    days(14)};

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

Window Window::of(std::optional<Duration> length, Duration delay) {
  if (!length) return {};
  for (const Duration width : kWidths) {
    const int64_t count = (length->us + width.us - 1) / width.us;
    if (count <= kMaxBuckets) return {width.us, count, delay.us};
  }
  CHECK(false && "windows are at most 365 days");
  return {};
}

int64_t Window::bucket_of(Timestamp t) const { return is_lifetime() ? 0 : floor_divide(t.us, width_us); }

Span Window::span_at(Timestamp t) const {
  if (is_lifetime()) return {0, 0};
  const int64_t last = floor_divide(t.us - delay_us, width_us) - (delay_us > 0 ? 1 : 0);
  return {last - bucket_count + 1, last};
}

}  // namespace amity::features
