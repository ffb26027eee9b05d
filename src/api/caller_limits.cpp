#include "api/caller_limits.h"

#include <algorithm>

namespace amity::api {

Result<void> CallerLimits::take(std::string_view who, Timestamp now) {
  const std::scoped_lock lock(mutex_);
  auto& bucket = bucket_of(who, now);
  const double elapsed_seconds = static_cast<double>(std::max<int64_t>(0, (now - bucket.filled).us)) / 1e6;
  bucket.tokens = std::min(options_.burst, bucket.tokens + elapsed_seconds * options_.requests_per_second);
  bucket.filled = now;
  if (bucket.tokens < 1) return fail(Code::kLimit, "too many requests; wait, then send fewer at a time");
  bucket.tokens -= 1;
  return {};
}

CallerLimits::Bucket& CallerLimits::bucket_of(std::string_view who, Timestamp now) {
  const auto found = by_who_.find(who);
  if (found != by_who_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front();
  }
  if (recent_.size() >= options_.tracked_max) {
    by_who_.erase(recent_.back().who);
    recent_.pop_back();
  }
  recent_.push_front({std::string(who), options_.burst, now});
  by_who_.emplace(recent_.front().who, recent_.begin());
  return recent_.front();
}

}  // namespace amity::api
