// Dividing rows for cross-validation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"

namespace amity::models {

// The fold (0 to count-1) of each row. Every fold gets its share of positives (within one row without groups); rows of
// one group share a fold. `groups` is empty or holds one number a row.
std::vector<int> stratified_folds(std::span<const uint8_t> labels, std::span<const uint32_t> groups, int count,
                                  Random& random);

struct Split {
  std::vector<uint32_t> training;
  std::vector<uint32_t> held_out;
};
Split split_of(std::span<const int> folds, int held_out);

// `values` at `rows`.
template <class T>
std::vector<T> pick(std::span<const T> values, std::span<const uint32_t> rows) {
  std::vector<T> picked;
  picked.reserve(rows.size());
  for (const uint32_t row : rows) picked.push_back(values[row]);
  return picked;
}

void shuffle(std::vector<uint32_t>& items, Random& random);

}  // namespace amity::models
