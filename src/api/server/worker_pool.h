// Threads that run handlers, with a bounded queue before them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace amity::api {

class WorkerPool {
 public:
  WorkerPool(int worker_count, int queue_limit);
  ~WorkerPool();  // stops

  // False where the queue is full or the pool stops; the work was not taken then.
  bool try_submit(std::function<void()> work);
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  void stop();  // finishes what was taken

 private:
  void run();

  const size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable something_to_do_;
  std::deque<std::function<void()>> queue_;
  std::atomic<size_t> waiting_{0};
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace amity::api
