// The rows a training learns from: features bound to a table, labels and groups.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "models/features.h"

namespace amity::models {

struct Sample {
  const std::vector<Feature>* features;
  Matrix rows;
  std::vector<uint8_t> labels;
  std::vector<uint32_t> groups;  // empty where rows stand alone

  double rate() const;  // share of positive labels
};

Sample part_of(const Sample& sample, std::span<const uint32_t> rows);
// All row numbers, or `most` of them by chance where there are more; groups are never torn apart.
std::vector<uint32_t> some_rows(const Sample& sample, size_t most, Random& random);

}  // namespace amity::models
