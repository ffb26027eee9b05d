// What is known of a part of an expression before it runs: what it costs and how large its value may be.
#pragma once

#include <cstdint>
#include <vector>

#include "expressions/value.h"

namespace amity::expressions {

constexpr uint64_t kPartOfInput = 64;

// What is known of a part before it runs.
struct Estimate {
  uint32_t code = 0;
  uint64_t cost = 0;
  uint64_t size = 64;   // items or bytes, at most
  uint64_t below = 64;  // the same of anything inside it
  // Everything in it, however deep: a value that holds another twice counts it twice, as copying and comparing do.
  // Without this, names bound to lists of each other would grow without bound.
  uint64_t total = 1;
  uint64_t part_total = 1;  // the same of the largest of its parts
};

// Sums and products that stay at the largest number instead of overflowing.
uint64_t plus(uint64_t a, uint64_t b);
uint64_t times(uint64_t a, uint64_t b);

uint64_t sum_of_costs(const std::vector<Estimate>& parts);  // and one for the step itself
Estimate part_of(const Estimate& whole);                    // of an element, before it is known which
uint64_t deepest(const Value& constant);                    // the largest size of anything inside it
uint64_t total_of(const Value& constant);                   // everything in it

}  // namespace amity::expressions
