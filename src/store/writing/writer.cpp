#include "store/writing/writer.h"

#include <chrono>
#include <exception>

#include "base/check.h"
#include "base/log.h"

namespace amity::store {
namespace {

// Bounds the work that one crash undoes and one caller waits for; far above what a disk needs to be kept busy.
constexpr size_t kMaxBatch = 256;
constexpr auto kRecoveryInterval = std::chrono::milliseconds(250);

Result<void> call(const Writer::Work& work, Transaction& transaction) {
  try {
    return work(transaction);
  } catch (const std::exception& e) {
    log(Level::kError, "a writing function threw", {{"what", std::string_view(e.what())}});
    return fail(Code::kInternal, "a writing function threw an exception; nothing of it was kept");
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<WriteSession> session, int queue_limit)
    : session_(std::move(session)), queue_limit_(static_cast<size_t>(queue_limit)), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_waits_.notify_one();
  thread_.join();
}

Result<void> Writer::write(const Work& work) {
  CHECK(std::this_thread::get_id() != thread_.get_id());
  Task task{.work = &work, .result = {}, .is_done = false, .done = {}};
  return wait_for(task);
}

Result<void> Writer::forget_deleted() {
  CHECK(std::this_thread::get_id() != thread_.get_id());
  Task task{.work = nullptr, .result = {}, .is_done = false, .done = {}};
  return wait_for(task);
}

Result<void> Writer::wait_for(Task& task) {
  std::unique_lock lock(mutex_);
  if (!health_) return health_;
  if (is_stopping_) return fail(Code::kUnavailable, "the database is being closed");
  if (queue_.size() >= queue_limit_) return fail(Code::kLimit, "too many writes are waiting; try again in a moment");
  queue_.push_back(&task);
  work_waits_.notify_one();
  task.done.wait(lock, [&] { return task.is_done; });
  return std::move(task.result);
}

Result<void> Writer::health() const {
  if (session_->is_in_doubt()) {
    return fail(Code::kUnavailable, "the database went away during a commit; whether it happened is being asked");
  }
  const std::lock_guard lock(mutex_);
  return health_;
}

void Writer::run() {
  Batch batch;
  while (wait_for_batch(batch)) {
    if (session_->condition() == Condition::kWaiting) session_->try_to_recover();
    if (!batch.empty()) run_batch(batch);
    forget_deleted_for(batch);
    note_condition();
    answer(batch);
    if (!batch.empty() && session_->condition() == Condition::kServing) {
      session_->tidy();
      note_condition();
    }
  }
}

// False when there is nothing left to do. An empty batch: time to try to recover.
bool Writer::wait_for_batch(Batch& batch) {
  batch.clear();
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return is_stopping_ || !queue_.empty(); };
  if (session_->condition() == Condition::kWaiting) {
    work_waits_.wait_for(lock, kRecoveryInterval, has_work);
  } else {
    work_waits_.wait(lock, has_work);
  }
  if (is_stopping_ && queue_.empty()) return false;
  while (!queue_.empty() && batch.size() < kMaxBatch) {
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  return true;
}

void Writer::run_batch(const Batch& batch) {
  Result<void> outcome = session_->condition() == Condition::kServing
                             ? session_->begin()
                             : Result<void>(std::unexpected(session_->trouble()));
  bool has_success = false;
  for (Task* task : batch) {
    if (!outcome) break;
    run_task(*task, batch.size() == 1);
    has_success |= task->result.has_value();
    if (!session_->is_open()) outcome = std::unexpected(session_->trouble());
  }
  if (outcome && has_success) {
    outcome = session_->commit();
  } else {
    session_->rollback();
  }
  if (outcome) return;
  for (Task* task : batch) {
    if (task->result) task->result = outcome;
  }
}

void Writer::forget_deleted_for(const Batch& batch) {
  for (Task* task : batch) {
    if (task->work == nullptr && task->result) task->result = session_->forget_deleted();
  }
}

// A function alone needs no savepoint: where it fails the transaction is rolled back.
void Writer::run_task(Task& task, bool is_alone) {
  if (task.work == nullptr) return;
  if (!is_alone) task.result = session_->savepoint();
  if (task.result) task.result = call(*task.work, session_->transaction());
  if (const auto flushed = session_->flush(); !flushed && task.result) task.result = flushed;
  if (is_alone || !session_->is_open()) return;
  if (!task.result) {
    if (!session_->undo_to_savepoint()) session_->rollback();
  } else {
    task.result = session_->release_savepoint();
  }
}

void Writer::answer(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (Task* task : batch) {
    task->is_done = true;
    task->done.notify_one();
  }
}

void Writer::note_condition() {
  const bool is_serving = session_->condition() == Condition::kServing;
  const std::lock_guard lock(mutex_);
  if (is_serving && !health_) log(Level::kInfo, "the database takes writes again");
  if (!is_serving && health_) log(Level::kError, session_->trouble().message);
  if (is_serving) {
    health_ = {};
  } else {
    health_ = std::unexpected(session_->trouble());
  }
}

}  // namespace amity::store
