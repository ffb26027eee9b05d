// Where "now" comes from: always an argument, never a call to the system from inside a room.
#pragma once

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

// Stands still until told: tests, replay, the simulator.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override { return now_; }
  void set(Timestamp t) { now_ = t; }
  void advance(Duration d) { now_ = now_ + d; }

 private:
  Timestamp now_;
};

}  // namespace amity
