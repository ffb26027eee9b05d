// Deterministic random numbers for simulation, sampling and tests: the same seed gives the same numbers on every
// machine. Never for secrets: those come from base/crypto.h.
//
// Generator: xoshiro256++ 1.0 (Blackman and Vigna, 2019), seeded by splitmix64. `fork(stream)` gives an independent
// generator for one subject, so that results do not depend on the order or thread in which subjects are made.
#pragma once

#include <cstdint>

namespace amity {

class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t next();
  uint64_t below(uint64_t bound);  // uniform in [0, bound), unbiased; bound > 0
  double uniform();                // [0, 1), 53 bits
  bool chance(double probability) { return uniform() < probability; }
  double normal();  // mean 0, deviation 1: Irwin-Hall sum of 12 uniforms, exact in binary64 everywhere
  Random fork(uint64_t stream) const;

 private:
  uint64_t state_[4];
};

}  // namespace amity
