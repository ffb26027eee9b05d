// Many callers, one way: events that wait together walk together, in one transaction and one commit.
//
// Callers hand in events and wait. One thread takes a bounded batch from all that wait, lets it walk (walk.h), and only
// after the commit publishes the changed state and answers everybody. Where an event, not the database, fails a batch,
// the batch is halved until the one culprit stands alone; it is refused with its reason and its neighbours pass.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/walk.h"

namespace amity::app {

class Pipeline {
 public:
  struct Limits {
    size_t batch_events = 1000;
    size_t waiting_events = 20'000;  // beyond: `limit`
  };

  // Work of the writer's that may wait, such as a back-fill: called between batches, does one bounded step, and says
  // whether more is left.
  using BetweenBatches = std::function<bool(Rooms& rooms)>;

  Pipeline(Rooms rooms, Limits limits, BetweenBatches between_batches = {});
  ~Pipeline();  // finishes what was accepted

  // One answer an event, in order, after the commit that holds it. Any number of threads.
  std::vector<Answer> submit(const security::Caller& caller, std::vector<events::Event> events);
  // What would be decided now about this event; nothing is kept.
  Answer evaluate(const security::Caller& caller, events::Event event);
  // Work that needs the rooms for itself, between two batches: it leaves nothing staged in them.
  using Work = std::function<Answer(Rooms& rooms)>;
  Answer alone(const security::Caller& caller, Work work);

 private:
  struct Waiting {
    security::Caller caller;
    std::vector<events::Event> events;
    Work work;  // instead of events
    std::vector<Answer> answers;
    bool is_done = false;
    size_t size() const { return work ? 1 : events.size(); }
  };
  using Group = std::vector<std::shared_ptr<Waiting>>;

  std::vector<Answer> enter(std::shared_ptr<Waiting> waiting);
  void run();
  bool wait_for_work(bool has_other_work);
  Group next_group();
  void process(const Group& group);
  void finish(const Group& group);
  std::vector<Answer> commit(std::span<const Arrival> arrivals);

  Rooms rooms_;
  Limits limits_;
  BetweenBatches between_batches_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable answered_;
  std::deque<std::shared_ptr<Waiting>> queue_;
  size_t waiting_events_ = 0;
  bool is_stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace amity::app
