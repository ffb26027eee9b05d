#include "api/server/worker_pool.h"

namespace amity::api {

WorkerPool::WorkerPool(int worker_count, int queue_limit) : queue_limit_(static_cast<size_t>(queue_limit)) {
  for (int i = 0; i < worker_count; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_submit(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(work));
    waiting_.store(queue_.size(), std::memory_order_relaxed);
  }
  something_to_do_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  something_to_do_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    something_to_do_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    waiting_.store(queue_.size(), std::memory_order_relaxed);
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace amity::api
