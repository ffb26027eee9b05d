// How many requests one caller may send: a token bucket each (steady rate, bounded burst), bounded in number.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"

namespace amity::api {

struct CallerLimitOptions {
  double requests_per_second = 200;
  double burst = 400;
  size_t tracked_max = 10'000;  // the least recently seen is forgotten beyond
};

class CallerLimits {
 public:
  explicit CallerLimits(CallerLimitOptions options) : options_(options) {}
  // limit where the bucket of `who` is empty. Time that steps backwards gives no tokens. Any thread.
  Result<void> take(std::string_view who, Timestamp now);

 private:
  struct Bucket {
    std::string who;
    double tokens;
    Timestamp filled;
  };
  Bucket& bucket_of(std::string_view who, Timestamp now);

  CallerLimitOptions options_;
  std::mutex mutex_;
  std::list<Bucket> recent_;  // most recent first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_who_;
};

}  // namespace amity::api
