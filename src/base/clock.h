// Where "now" comes from: always an argument, never a call to the system from inside a room.
#pragma once

#include <atomic>

#include "base/time.h"

namespace amity {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;  // wall time, may step backwards: for stamps, never for deadlines
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

// Stands still until told: tests, replay, the simulator. Any thread may ask while another one tells it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override { return now_.load(); }
  void set(Timestamp t) { now_.store(t); }
  void advance(Duration d) { now_.store(now_.load() + d); }

 private:
  std::atomic<Timestamp> now_;
};

}  // namespace amity
