// The writer thread: takes what waits, runs it in one transaction, commits once, answers everybody.
//
// Every function runs in its own savepoint, so that one that fails leaves nothing behind and takes nothing of its
// neighbours with it. While one batch is being made durable the next gathers by itself: the slower the disk, the larger
// the groups, and no timer is needed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/writing/session.h"

namespace amity::store {

class Writer {
 public:
  using Work = std::function<Result<void>(Transaction&)>;

  Writer(std::unique_ptr<WriteSession> session, int queue_limit);
  ~Writer();  // runs what waits, then ends
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Result<void> write(const Work& work);
  Result<void> forget_deleted();  // takes its turn, after the commit of what waits with it
  Result<void> health() const;

 private:
  struct Task {
    const Work* work;  // null: forget_deleted
    Result<void> result;
    bool is_done = false;
    std::condition_variable done;
  };
  using Batch = std::deque<Task*>;

  Result<void> wait_for(Task& task);
  void run();
  bool wait_for_batch(Batch& batch);
  void run_batch(const Batch& batch);
  void forget_deleted_for(const Batch& batch);
  void run_task(Task& task, bool is_alone);
  void answer(const Batch& batch);
  void note_condition();

  const std::unique_ptr<WriteSession> session_;
  const size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable work_waits_;
  std::deque<Task*> queue_;
  Result<void> health_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace amity::store
