#include "models/training/sample.h"

#include <algorithm>
#include <numeric>

#include "models/folds.h"

namespace amity::models {

double Sample::rate() const { return double(std::ranges::count(labels, 1)) / double(labels.size()); }

Sample part_of(const Sample& sample, std::span<const uint32_t> rows) {
  return {
      .features = sample.features,
      .rows = select_rows(sample.rows, rows),
      .labels = pick(std::span<const uint8_t>(sample.labels), rows),
      .groups = sample.groups.empty() ? std::vector<uint32_t>{} : pick(std::span<const uint32_t>(sample.groups), rows)};
}

std::vector<uint32_t> some_rows(const Sample& sample, size_t most, Random& random) {
  std::vector<uint32_t> rows(sample.labels.size());
  std::iota(rows.begin(), rows.end(), 0u);
  if (rows.size() > most && sample.groups.empty()) {
    shuffle(rows, random);
    rows.resize(most);
  }
  return rows;
}

}  // namespace amity::models
