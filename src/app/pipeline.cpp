#include "app/pipeline.h"

#include <iterator>

namespace amity::app {
namespace {

std::vector<Answer> all_refused(size_t count, const Error& error) {
  return std::vector<Answer>(count, std::unexpected(error));
}

// The database could not take the batch: it is nobody's event that is wrong, and trying in halves would not help.
bool is_the_databases(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout || code == Code::kLimit;
}

// Memory may then be older than the database and is loaded anew. `unavailable` says that nothing was done; reading
// again costs little beside what led to it.
bool may_be_committed(Code code) { return code == Code::kTimeout || code == Code::kUnavailable; }

}  // namespace

Pipeline::Pipeline(Rooms rooms, Limits limits, BetweenBatches between_batches)
    : rooms_(std::move(rooms)),
      limits_(limits),
      between_batches_(std::move(between_batches)),
      thread_([this] { run(); }) {}

Pipeline::~Pipeline() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

std::vector<Answer> Pipeline::submit(const security::Caller& caller, std::vector<events::Event> events) {
  return enter(std::make_shared<Waiting>(Waiting{caller, std::move(events), {}, {}, false}));
}

Answer Pipeline::evaluate(const security::Caller& caller, events::Event event) {
  return alone(caller, [&event](Rooms& rooms) -> Answer {
    Answer answer;
    const auto read = rooms.database.read([&](store::Reader& reader) -> Result<void> {
      answer = app::evaluate(rooms, reader, std::move(event));
      return {};
    });
    rooms.records.discard();
    rooms.features->discard();
    if (!read) return std::unexpected(read.error());
    return answer;
  });
}

Answer Pipeline::alone(const security::Caller& caller, Work work) {
  return enter(std::make_shared<Waiting>(Waiting{caller, {}, std::move(work), {}, false})).front();
}

std::vector<Answer> Pipeline::enter(std::shared_ptr<Waiting> waiting) {
  std::unique_lock lock(mutex_);
  const size_t count = waiting->size();
  if (is_stopping_) return all_refused(count, {Code::kUnavailable, "the server is stopping: send it again later", ""});
  if (waiting_events_ + count > limits_.waiting_events) {
    return all_refused(count, {Code::kLimit, "too many events are waiting: send them again in a moment", ""});
  }
  waiting_events_ += count;
  queue_.push_back(waiting);
  arrived_.notify_one();
  answered_.wait(lock, [&] { return waiting->is_done; });
  return std::move(waiting->answers);
}

void Pipeline::run() {
  for (;;) {
    const bool has_other_work = between_batches_ && between_batches_(rooms_);
    if (!wait_for_work(has_other_work)) return;
    const auto group = next_group();
    if (group.empty()) continue;
    process(group);
    finish(group);
  }
}

// False: stopped, and nothing is left.
bool Pipeline::wait_for_work(bool has_other_work) {
  std::unique_lock lock(mutex_);
  if (!has_other_work) arrived_.wait(lock, [&] { return is_stopping_ || !queue_.empty(); });
  return !is_stopping_ || !queue_.empty();
}

// Whole submissions up to the size of a batch; work goes alone.
Pipeline::Group Pipeline::next_group() {
  const std::lock_guard lock(mutex_);
  Group group;
  size_t events = 0;
  while (!queue_.empty()) {
    const auto& next = queue_.front();
    const bool fits = group.empty() || (!next->work && events + next->size() <= limits_.batch_events);
    if (!fits) break;
    events += next->size();
    const bool goes_alone = next->work != nullptr;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (goes_alone) break;
  }
  return group;
}

void Pipeline::process(const Group& group) {
  if (auto& only = *group.front(); only.work) {
    only.answers.push_back(only.work(rooms_));
    return;
  }
  std::vector<Arrival> arrivals;
  for (const auto& waiting : group) {
    for (auto& event : waiting->events) arrivals.push_back({&waiting->caller, std::move(event)});
  }
  auto answers = commit(arrivals);
  auto next = std::make_move_iterator(answers.begin());
  for (const auto& waiting : group) {
    const auto count = static_cast<std::ptrdiff_t>(waiting->events.size());
    waiting->answers.assign(next, next + count);
    next += count;
  }
}

void Pipeline::finish(const Group& group) {
  const std::lock_guard lock(mutex_);
  for (const auto& waiting : group) {
    waiting_events_ -= waiting->size();
    waiting->is_done = true;
  }
  answered_.notify_all();
}

// Walks and commits; halves what fails until the event that fails stands alone.
std::vector<Answer> Pipeline::commit(std::span<const Arrival> arrivals) {
  std::vector<Answer> answers;
  const auto written = rooms_.database.write([&](store::Transaction& transaction) -> Result<void> {
    answers = TRY(Walk(rooms_, transaction).run(arrivals));
    return {};
  });
  if (written) {
    rooms_.records.publish();
    rooms_.features->publish();
    rooms_.desk.discard();
    return answers;
  }
  if (may_be_committed(written.error().code)) {
    rooms_.settling.forget_all(*rooms_.features);
  } else {
    rooms_.records.discard();
    rooms_.features->discard();
  }
  rooms_.desk.discard();
  if (arrivals.size() == 1 || is_the_databases(written.error().code))
    return all_refused(arrivals.size(), written.error());
  const size_t half = arrivals.size() / 2;
  answers = commit(arrivals.first(half));
  auto rest = commit(arrivals.subspan(half));
  std::move(rest.begin(), rest.end(), std::back_inserter(answers));
  return answers;
}

}  // namespace amity::app
