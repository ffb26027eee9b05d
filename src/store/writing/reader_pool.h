// A bounded number of reading connections, lent one call at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace amity::store {

template <class Connection>
class ReaderPool {
 public:
  explicit ReaderPool(std::vector<std::unique_ptr<Connection>> connections) : free_(std::move(connections)) {}

  // Calls `work(Connection&)` with a connection of its own.
  template <class Work>
  Result<void> with(const Work& work) {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, std::chrono::seconds(10), [&] { return !free_.empty(); })) {
      return fail(Code::kLimit, "too many reads are waiting; try again in a moment");
    }
    std::unique_ptr<Connection> connection = std::move(free_.back());
    free_.pop_back();
    lock.unlock();
    Result<void> result = work(*connection);
    lock.lock();
    free_.push_back(std::move(connection));
    returned_.notify_one();
    return result;
  }

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> free_;
};

}  // namespace amity::store
